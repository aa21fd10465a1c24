"""Reference values, gradients and Hessian-vector products, in float64 with PyTorch.

    pip install torch
    python tests/references/references.py

writes mlp.json, conv.json and physics.json beside this file. Nothing here shares code with the library.

Conventions
- Tensors have the layouts of TensorFlow.js: dense kernels [in, out], convolution kernels
  [height, width, in, out], images [samples, height, width, channels].
- θ holds the trainable tensors in the order of the layers, then the moving means and variances, as
  `model.weights` of a layers model does. The first `trainable` numbers of θ move; gradients, directions
  and products are zero on the rest.
- Inputs, weights and directions are multiples of 1/1024, so that they are exact in float32.
- A loss is the mean over samples of the per-sample losses. Cross-entropies take logits. The squared error
  of a sample is the mean over its outputs (as in Keras), not their sum.
"""

import json
import math
import platform
from pathlib import Path

import torch
import torch.nn.functional as F
from torch.func import hessian, jacrev, vmap

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
HERE = Path(__file__).parent

ACTIVATIONS = {
    "linear": lambda x: x,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "gelu": F.gelu,
    "elu": F.elu,
    "selu": F.selu,
    "softplus": F.softplus,
    "swish": F.silu,
    "mish": F.mish,
    "softsign": F.softsign,
}


class Source:
    """Seeded numbers that are exact in float32."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape, scale=1.0, center=0.0):
        x = center + scale * torch.randn(*shape, generator=self.generator)
        return torch.round(x * 1024) / 1024

    def uniform(self, *shape, low=0.0, high=1.0):
        x = low + (high - low) * torch.rand(*shape, generator=self.generator)
        return torch.round(x * 1024) / 1024

    def integers(self, n, count):
        return torch.randint(n, (count,), generator=self.generator)


# ---------------------------------------------------------------- layers


def tensors_of(layers, shape, source):
    """The tensors of each layer: (trainable, state), and the shape behind every layer."""
    shapes, trainable, state = [], [], []
    for layer in layers:
        kind = layer["kind"]
        own, kept = [], []
        if kind == "dense":
            fan = shape[-1]
            own = [((fan, layer["units"]), 1 / math.sqrt(fan)), ((layer["units"],), 0.25)]
        elif kind == "conv2d":
            k, c, f = layer["kernelSize"], shape[-1], layer["filters"]
            own = [((k, k, c, f), 1.4 / math.sqrt(k * k * c)), ((f,), 0.25)]
        elif kind == "depthwiseConv2d":
            k, c, m = layer["kernelSize"], shape[-1], layer.get("depthMultiplier", 1)
            own = [((k, k, c, m), 1.4 / k), ((c * m,), 0.25)]
        elif kind in ("batchNormalization", "layerNormalization"):
            c = shape[-1]
            own = [((c,), "scale"), ((c,), 0.25)]
            if kind == "batchNormalization":
                kept = [((c,), 0.5), ((c,), "scale")]
        if own and not layer.get("useBias", True):
            own = own[:1]
        trainable.append([draw(source, *t) for t in own])
        state.append([draw(source, *t) for t in kept])
        shape = shape_after(layer, shape)
        shapes.append(shape)
    return trainable, state


def draw(source, shape, scale):
    if scale == "scale":
        return source.uniform(*shape, low=0.5, high=1.5)
    return source.normal(*shape, scale=scale)


def shape_after(layer, shape):
    kind = layer["kind"]
    if kind == "dense":
        return (*shape[:-1], layer["units"])
    if kind == "flatten":
        return (math.prod(shape),)
    if kind == "globalAveragePooling2d":
        return (shape[-1],)
    if kind in ("conv2d", "depthwiseConv2d"):
        stride, k = layer.get("strides", 1), layer["kernelSize"]
        channels = layer["filters"] if kind == "conv2d" else shape[-1] * layer.get("depthMultiplier", 1)
        size = [math.ceil((n if layer["padding"] == "same" else n - k + 1) / stride) for n in shape[:2]]
        return (*size, channels)
    if kind in ("averagePooling2d", "maxPooling2d"):
        return (*[n // layer["poolSize"] for n in shape[:2]], shape[2])
    return shape


class Kinks:
    """The least distance to a kink (a ReLU at 0, two equal maxima): float32 must not fall on its other side."""

    def __init__(self):
        self.least = math.inf

    def note(self, distance):
        self.least = min(self.least, distance.detach().abs().min().item())


def forward(layers, trainable, state, x, mode="eval", kinks=None):
    """Applies the layers to images [n, h, w, c] or rows [n, features]."""
    behind = []
    for layer, own, kept in zip(layers, trainable, state):
        kind = layer["kind"]
        if kind == "dense":
            x = x @ own[0]
            x = x + own[1] if len(own) > 1 else x
        elif kind in ("conv2d", "depthwiseConv2d"):
            x = convolution(layer, own, x)
        elif kind == "batchNormalization":
            axes = tuple(range(x.dim() - 1))
            mean, variance = kept
            if mode == "train":
                mean, variance = x.mean(axes), x.var(axes, unbiased=False)
            x = (x - mean) / torch.sqrt(variance + 1e-3) * own[0] + own[1]
        elif kind == "layerNormalization":
            mean, variance = x.mean(-1, True), x.var(-1, unbiased=False, keepdim=True)
            x = (x - mean) / torch.sqrt(variance + 1e-3) * own[0] + own[1]
        elif kind == "averagePooling2d":
            x = F.avg_pool2d(x.permute(0, 3, 1, 2), layer["poolSize"]).permute(0, 2, 3, 1)
        elif kind == "maxPooling2d":
            k = layer["poolSize"]
            n, h, w, c = x.shape
            tiles = x.reshape(n, h // k, k, w // k, k, c).permute(0, 1, 3, 5, 2, 4).reshape(n, h // k, w // k, c, k * k)
            if kinks:
                top = tiles.topk(2, dim=-1).values
                # where a ReLU made both 0 neither has a derivative, and it does not matter which one is taken
                gap = top[..., 0] - top[..., 1]
                kinks.note(gap[top[..., 0] > 0])
            x = tiles.amax(-1)
        elif kind == "globalAveragePooling2d":
            x = x.mean((1, 2))
        elif kind == "flatten":
            x = x.reshape(x.shape[0], -1)
        elif kind == "add":
            x = x + behind[layer["to"]]
        elif kind not in ("activation", "dropout"):
            raise ValueError(kind)
        name = layer.get("activation", "linear")
        if kinks and name in ("relu", "elu", "selu"):
            kinks.note(x)
        if name not in ("softmax", "sigmoid") or layer is not layers[-1]:
            x = ACTIVATIONS[name](x)  # a softmax or sigmoid at the end: the loss takes the logits before it
        behind.append(x)
    return x


def convolution(layer, own, x):
    k, stride = layer["kernelSize"], layer.get("strides", 1)
    x = x.permute(0, 3, 1, 2)
    if layer["padding"] == "same":  # TensorFlow pads more at the end, and depending on the stride
        pads = [max((math.ceil(n / stride) - 1) * stride + k - n, 0) for n in x.shape[2:]]
        (h, w) = pads
        x = F.pad(x, (w // 2, w - w // 2, h // 2, h - h // 2))
    if layer["kind"] == "conv2d":
        kernel, groups = own[0].permute(3, 2, 0, 1), 1
    else:
        h, w, c, m = own[0].shape
        kernel, groups = own[0].permute(2, 3, 0, 1).reshape(c * m, 1, h, w), c
    bias = own[1] if len(own) > 1 else None
    return F.conv2d(x, kernel, bias, stride=stride, groups=groups).permute(0, 2, 3, 1)


# ---------------------------------------------------------------- losses

CRITERIA = {
    "crossEntropy": lambda z, y: F.cross_entropy(z, y, reduction="none"),
    "binaryCrossEntropy": lambda z, y: F.binary_cross_entropy_with_logits(z[:, 0], y, reduction="none"),
    "meanSquaredError": lambda z, y: ((z - y) ** 2).mean(-1),
}


def network_case(name, layers, shape, n, criterion, seed, mode="eval", curvature=True):
    source = Source(seed)
    trainable, state = tensors_of(layers, shape, source)
    x = source.normal(n, *shape)
    if criterion == "crossEntropy":
        y = source.integers(3, n)
    elif criterion == "binaryCrossEntropy":
        y = source.integers(2, n).to(torch.get_default_dtype())
    else:
        y = source.normal(n, [l for l in layers if "units" in l][-1]["units"])

    shapes = [t.shape for own in trainable for t in own]
    theta = torch.cat([t.flatten() for own in trainable for t in own])
    kept = torch.cat([t.flatten() for k in state for t in k] + [torch.zeros(0)])

    def unpack(p):
        parts = iter(torch.split(p, [s.numel() for s in shapes]))
        return [[next(parts).reshape(t.shape) for t in own] for own in trainable]

    outputs = lambda p, inputs=x: forward(layers, unpack(p), state, inputs, mode)
    losses = lambda p: CRITERIA[criterion](outputs(p), y)

    kinks = Kinks()
    z = forward(layers, trainable, state, x, mode, kinks)
    assert kinks.least > 2e-4, f"{name}: too near to a kink ({kinks.least}), take another seed"

    accuracy = {}
    if criterion == "crossEntropy":
        margin = z.topk(2, -1).values
        assert (margin[:, 0] - margin[:, 1]).min() > 1e-3, f"{name}: a tie between classes, take another seed"
        accuracy = {"accuracy": (z.argmax(-1) == y).double().mean().item()}
    elif criterion == "binaryCrossEntropy":
        accuracy = {"accuracy": ((z[:, 0] > 0) == (y > 0)).double().mean().item()}

    v = source.normal(theta.numel())
    result = derivatives(lambda p: losses(p).mean(), theta, v, kept.numel())
    if curvature:
        J = jacrev(outputs)(theta).detach().flatten(0, -2).reshape(n, -1, theta.numel())
        inner = output_curvature(criterion, z.detach(), n)
        G = torch.einsum("nci,nck,nkj->ij", J, inner, J)
        g = jacrev(losses)(theta).detach()
        fisher = g.T @ g / n
        result |= {"gaussNewton": summary(G, v, kept.numel()), "empiricalFisher": summary(fisher, v, kept.numel())}
    per_sample = losses(theta).detach()
    return {
        "name": name,
        "inputShape": list(shape),
        "layers": layers,
        "criterion": criterion,
        "mode": mode,
        "seed": seed,
        "trainable": theta.numel(),
        "inputs": packed(x),
        "targets": packed(y),
        "theta": exact(torch.cat([theta, kept])),
        "v": exact(torch.cat([v, torch.zeros_like(kept)])),
        "outputs": rounded(z),
        "perSample": rounded(per_sample),
        "standardError": short((per_sample.std() / math.sqrt(n)).item()),
        **{k: short(a) for k, a in accuracy.items()},
        **result,
    }


def output_curvature(criterion, z, n):
    """The Hessian of each sample's loss with respect to the outputs, over n."""
    if criterion == "crossEntropy":
        p = z.softmax(-1)
        return (torch.diag_embed(p) - p[:, :, None] * p[:, None, :]) / n
    if criterion == "binaryCrossEntropy":
        p = z.sigmoid()
        return (p * (1 - p))[:, :, None] / n
    return 2 / z.shape[1] * torch.eye(z.shape[1]).expand(n, -1, -1) / n


def derivatives(loss, theta, v, state=0):
    """Value, gradient, H v by double backward; H itself, for its ends and trace, by forward over reverse."""
    p = theta.clone().requires_grad_()
    value = loss(p)
    (gradient,) = torch.autograd.grad(value, p, create_graph=True)
    (product,) = torch.autograd.grad(gradient @ v, p)
    H = hessian(loss)(theta).detach()
    assert torch.allclose(H, H.T, atol=1e-12)
    assert torch.linalg.norm(H @ v - product) < 1e-10 * torch.linalg.norm(product)
    zeros = torch.zeros(state)
    eigenvalues = torch.linalg.eigvalsh(H)
    return {
        "value": short(value.item()),
        "gradient": rounded(torch.cat([gradient.detach(), zeros])),
        "product": rounded(torch.cat([product, zeros])),
        "hessian": {
            "top": rounded(eigenvalues.flip(0)[:5]),
            "bottom": rounded(eigenvalues[:3]),
            "trace": short(torch.trace(H).item()),
        },
    }


def summary(A, v, state):
    eigenvalues = torch.linalg.eigvalsh(A)
    return {
        "product": rounded(torch.cat([A @ v, torch.zeros(state)])),
        "top": rounded(eigenvalues.flip(0)[:5]),
        "trace": short(torch.trace(A).item()),
    }


# ---------------------------------------------------------------- a physics-informed loss


def physics_case():
    """u″ = −π² sin πx on [0, 1] with u(0) = u(1) = 0, for u a 1-10-10-1 tanh network."""
    source = Source(11)
    sizes = [1, 10, 10, 1]
    tensors = {}
    for i, (a, b) in enumerate(zip(sizes, sizes[1:]), 1):
        tensors[f"w{i}"] = source.normal(a, b, scale=math.sqrt(2 / (a + b)) if i > 1 else 1.5)
        tensors[f"b{i}"] = source.normal(b, scale=0.3)
    shapes = {k: list(t.shape) for k, t in tensors.items()}
    theta = torch.cat([t.flatten() for t in tensors.values()])
    x = (torch.arange(16) + 0.5) / 16

    def network(p, x):
        parts = torch.split(p, [math.prod(s) for s in shapes.values()])
        w = {k: part.reshape(s) for (k, s), part in zip(shapes.items(), parts)}
        h = torch.tanh(x.reshape(1) @ w["w1"] + w["b1"])
        h = torch.tanh(h @ w["w2"] + w["b2"])
        return (h @ w["w3"] + w["b3"])[0]

    second = torch.func.grad(torch.func.grad(network, 1), 1)

    def loss(p):
        residual = vmap(second, (None, 0))(p, x) + math.pi**2 * torch.sin(math.pi * x)
        return (residual**2).mean() + network(p, torch.tensor(0.0)) ** 2 + network(p, torch.tensor(1.0)) ** 2

    v = source.normal(theta.numel())
    return {
        "name": "physics-informed: u″ = −π² sin πx, u(0) = u(1) = 0",
        "loss": "mean over x of (u″(x) + π² sin πx)² + u(0)² + u(1)²",
        "tensors": shapes,
        "seed": 11,
        "points": rounded(x),
        "theta": exact(theta),
        "v": exact(v),
        "u": rounded(vmap(network, (None, 0))(theta, x)),
        "secondDerivative": rounded(vmap(second, (None, 0))(theta, x)),
        **derivatives(loss, theta, v),
    }


# ---------------------------------------------------------------- writing


def short(x):
    return float(f"{x:.13g}")


def rounded(tensor):
    return [short(x) for x in tensor.detach().flatten().tolist()]


def exact(tensor):
    assert torch.equal(tensor, tensor.float().double())
    return tensor.flatten().tolist()


def packed(tensor):
    if tensor.is_floating_point():
        return {"shape": list(tensor.shape), "data": exact(tensor)}
    return {"shape": list(tensor.shape), "data": tensor.tolist(), "integers": True}


def write(name, cases):
    header = {
        "about": "Reference values in float64. Made by references.py, which states the conventions; do not edit.",
        "python": platform.python_version(),
        "torch": torch.__version__.split("+")[0],
    }
    body = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
    text = json.dumps(header, ensure_ascii=False)[:-1] + ', "cases": [\n' + body + "\n]}\n"
    (HERE / name).write_text(text, encoding="utf-8")
    print(f"{name}: {len(cases)} cases, {len(text.encode()) / 1000:.0f} kB")


def dense(units, activation="linear"):
    return {"kind": "dense", "units": units, "activation": activation}


def conv(filters, **more):
    return {"kind": "conv2d", "filters": filters, "kernelSize": 3, "padding": "same", **more}


def layer(kind, **more):
    return {"kind": kind, **more}


def mlp_cases():
    wide = lambda a, out=3: [dense(8, a), dense(8, a), dense(out)]
    for i, a in enumerate(["tanh", "gelu", "relu"]):
        yield network_case(f"{a} MLP, cross-entropy", wide(a), (4,), 24, "crossEntropy", 100 + i)
    for i, a in enumerate(["tanh", "gelu", "relu"]):
        yield network_case(f"{a} MLP, mean squared error", wide(a), (4,), 24, "meanSquaredError", 110 + i)
    yield network_case(
        "tanh MLP, mean squared error, one output", wide("tanh", 1), (4,), 24, "meanSquaredError", 120
    )
    yield network_case("gelu MLP, binary cross-entropy", wide("gelu", 1), (4,), 24, "binaryCrossEntropy", 121)
    yield network_case(
        "tanh MLP that ends in softmax, cross-entropy",
        [dense(8, "tanh"), dense(3, "softmax")], (4,), 24, "crossEntropy", 122,
    )
    yield network_case(
        "tanh MLP that ends in sigmoid, binary cross-entropy",
        [dense(8, "tanh"), dense(1, "sigmoid")], (4,), 24, "binaryCrossEntropy", 123,
    )
    yield network_case(
        "tanh MLP with layer norm and dropout, cross-entropy",
        [dense(8), layer("layerNormalization"), layer("activation", activation="tanh"),
         layer("dropout", rate=0.5), dense(3)],
        (4,), 24, "crossEntropy", 124,
    )
    yield network_case(
        "tanh MLP with batch norm in train mode, cross-entropy",
        [dense(8), layer("batchNormalization"), layer("activation", activation="tanh"), dense(3)],
        (4,), 24, "crossEntropy", 125, mode="train", curvature=False,
    )
    for i, a in enumerate(["sigmoid", "elu", "selu", "softplus", "swish", "mish", "softsign"]):
        yield network_case(f"{a} MLP, cross-entropy", [dense(6, a), dense(5, a), dense(3)], (4,), 16,
                           "crossEntropy", 140 + i, curvature=False)


def conv_cases():
    tail = [layer("flatten"), dense(3)]
    tanh, relu = layer("activation", activation="tanh"), layer("activation", activation="relu")
    norm = layer("batchNormalization")
    shape, n = (6, 6, 2), 8
    case = lambda name, layers, seed: network_case(f"{name}, cross-entropy", layers, shape, n, "crossEntropy", seed)
    yield case("conv, batch norm (eval), tanh, average pool",
               [conv(3), norm, tanh, layer("averagePooling2d", poolSize=2), *tail], 200)
    yield case("conv, batch norm (eval), relu, max pool",
               [conv(3), norm, relu, layer("maxPooling2d", poolSize=2), *tail], 201)
    yield case("conv, gelu, strided conv (same), tanh, global average pool",
               [conv(3, activation="gelu"), conv(4, strides=2, activation="tanh"), layer("globalAveragePooling2d"),
                dense(3)], 202)
    yield case("conv (valid), strided conv (valid), tanh",
               [conv(3, padding="valid", activation="tanh"),
                conv(3, padding="valid", strides=2, activation="tanh"), *tail], 203)
    yield case("depthwise conv, batch norm (eval), tanh, average pool",
               [layer("depthwiseConv2d", kernelSize=3, padding="same", depthMultiplier=2), norm, tanh,
                layer("averagePooling2d", poolSize=2), *tail], 204)
    yield case("residual block without conv bias, batch norm (eval), relu, global average pool",
               [conv(3, useBias=False), norm, relu, conv(3, useBias=False), norm, layer("add", to=2), relu,
                layer("globalAveragePooling2d"), dense(3)], 216)


if __name__ == "__main__":
    write("mlp.json", list(mlp_cases()))
    write("conv.json", list(conv_cases()))
    write("physics.json", [physics_case()])
