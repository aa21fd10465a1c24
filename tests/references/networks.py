"""Seeded numbers, and the layers of TensorFlow.js in its own layouts, written with PyTorch. Used by references.py."""

import math

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

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


def tensors_of(layers, shape, source):
    """The trainable tensors and the state of each layer."""
    trainable, state = [], []
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
