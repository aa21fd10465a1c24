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

from networks import Kinks, Source, forward, tensors_of

HERE = Path(__file__).parent

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
            "squares": short((H * H).sum().item()),
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
