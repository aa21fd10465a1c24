"""What float32 costs: values, gradients and Hessian-vector products of the benchmark's networks in float64, and
how far PyTorch's own float32 is from them.

    pip install torch
    python tests/references/precision.py

writes precision.json beside this file. Weights, data and directions are computed by `noise`, here as in
precision.ts, so that only norms and projections have to be kept.

Conventions
- Tensors have the layouts of TensorFlow.js; θ holds what can move in the order of the layers, then the moving
  means and variances. v is zero on those.
- x is noise of the stream `data`: for ResNet-20 the first one for which no ReLU is so close to its kink that
  float32 may take it for the other side, which changes a gradient by more than all its rounding.
- Errors are Euclidean norms over the norm of the float64 result; of the value, relative. PyTorch's are the means
  over several numbers of threads, which sum in different orders.
"""

import json
import math
import platform
from pathlib import Path

import torch
import torch.nn.functional as F

HERE = Path(__file__).parent
MASK = 0xFFFFFFFF
PROJECTIONS = 8

CASES = {
    "W1": {"widths": [2, 100, 100, 2], "samples": 1000, "data": 1},
    "W2": {"widths": [2, 250, 250, 250, 250, 2], "samples": 1000, "data": 1},
    "W3": {"widths": [784, 500, 10], "samples": 1000, "data": 1},
    "ResNet-20": {"widths": None, "samples": 4, "data": None},
}
# How far from their kinks the ReLUs of ResNet-20 are at least.
KINK = 1e-5


def scrambled(x):
    """The finalizer of MurmurHash3, on 32 bits."""
    x = (x ^ (x >> 16)) * 0x85EBCA6B & MASK
    x = (x ^ (x >> 13)) * 0xC2B2AE35 & MASK
    return x ^ (x >> 16)


def noise(stream, n):
    """n numbers of mean 0 and variance 1, multiples of 1/4096, in float64."""
    i = torch.arange(n, dtype=torch.int64)
    total = torch.zeros(n, dtype=torch.int64)
    for k in range(3):
        total += scrambled((i * 3 + k + stream * 0x9E3779B1) & MASK) >> 16
    return (total - 3 * 32768 >> 3).double() / 4096


def specification(case):
    """Name, shape and kind of each tensor of θ."""
    widths = case["widths"]
    if widths:
        return [t for a, b in zip(widths, widths[1:]) for t in (((a, b), "weight"), ((b,), "bias"))]
    moving, state = [], []

    def conv(cin, cout):
        moving.extend([((3, 3, cin, cout), "weight"), ((cout,), "gamma"), ((cout,), "beta")])
        state.extend([((cout,), "mean"), ((cout,), "variance")])

    conv(3, 16)
    before = 16
    for channels in (16, 32, 64):
        for _ in range(3):
            conv(before, channels)
            conv(channels, channels)
            before = channels
    return moving + [((64, 10), "weight"), ((10,), "bias")] + state


def weights(case):
    """θ by tensor, rounded to float32."""
    parts = []
    for stream, (shape, kind) in enumerate(specification(case), 100):
        z = noise(stream, math.prod(shape))
        if kind == "weight":
            z = z * math.sqrt(2 / math.prod(shape[:-1]))
        elif kind in ("gamma", "variance"):
            z = 1 + 0.25 * z.abs() if kind == "variance" else 1 + 0.125 * z
        else:
            z = 0.125 * z
        parts.append(z.float().double().reshape(shape))
    return parts


def forward(case, parts, x, relu=F.relu):
    if case["widths"]:
        for i in range(0, len(parts), 2):
            x = x @ parts[i] + parts[i + 1]
            if i + 2 < len(parts):
                x = relu(x)
        return x
    count = sum(kind not in ("mean", "variance") for _, kind in specification(case))
    moving, state = iter(parts[:count]), iter(parts[count:])

    def normalized(x, stride):
        kernel, gamma, beta = next(moving), next(moving), next(moving)
        x = F.conv2d(x, kernel.permute(3, 2, 0, 1), stride=stride, padding=1)
        return F.batch_norm(x, next(state), next(state), gamma, beta, eps=1e-5)

    x = relu(normalized(x.permute(0, 3, 1, 2), 1))
    for channels in (16, 32, 64):
        for block in range(3):
            strided = channels > 16 and block == 0
            y = normalized(relu(normalized(x, 2 if strided else 1)), 1)
            if strided:
                x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, channels // 4, channels // 4))
            x = relu(x + y)
    return x.mean((2, 3)) @ next(moving) + next(moving)


def inputs(case):
    n, widths = case["samples"], case["widths"]
    shape = (n, widths[0]) if widths else (n, 32, 32, 3)
    return noise(case["data"], math.prod(shape)).reshape(shape)


def distance(case):
    """How far from its kink the closest ReLU is."""
    closest = math.inf

    def relu(z):
        nonlocal closest
        closest = min(closest, z.abs().min().item())
        return F.relu(z)

    with torch.no_grad():
        forward(case, weights(case), inputs(case), relu)
    return closest


def placed(case):
    """The case with data on which no ReLU is close to its kink."""
    stream = 1000
    while case["data"] is None or distance(case) < KINK:
        stream += 1
        case = {**case, "data": stream}
    return case


def derivatives(case, dtype):
    """Value, gradient and product, the last two flat and in float64."""
    n, widths = case["samples"], case["widths"]
    classes = widths[-1] if widths else 10
    x = inputs(case).to(dtype)
    y = scrambled(torch.arange(n, dtype=torch.int64) + 7) % classes
    parts = [p.to(dtype) for p in weights(case)]
    kinds = [kind for _, kind in specification(case)]
    moving = [p.requires_grad_() for p, kind in zip(parts, kinds) if kind not in ("mean", "variance")]
    v = torch.split(noise(2, sum(p.numel() for p in moving)).to(dtype), [p.numel() for p in moving])
    value = F.cross_entropy(forward(case, parts, x), y)
    gradient = torch.autograd.grad(value, moving, create_graph=True)
    product = torch.autograd.grad(sum((g.flatten() * d).sum() for g, d in zip(gradient, v)), moving)
    flat = lambda tensors: torch.cat([t.detach().flatten().double() for t in tensors])
    return value.item(), flat(gradient), flat(product)


def short(x):
    return float(f"{x:.13g}")


def precision_case(name, case):
    case = case if case["data"] else placed(case)
    value, gradient, product = derivatives(case, torch.float64)
    off = lambda a, b: (torch.linalg.norm(a - b) / torch.linalg.norm(b)).item()
    errors = []
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        v, g, p = derivatives(case, torch.float32)
        errors.append((abs(v / value - 1), off(g, gradient), off(p, product)))
    mean = [float(f"{sum(e) / len(e):.3g}") for e in zip(*errors)]
    projected = lambda a: [short((a @ noise(10 + k, a.numel())).item()) for k in range(PROJECTIONS)]
    return {
        "name": name,
        **case,
        "value": short(value),
        "gradient": {"norm": short(torch.linalg.norm(gradient).item()), "projections": projected(gradient)},
        "product": {"norm": short(torch.linalg.norm(product).item()), "projections": projected(product)},
        "pytorchErrors": dict(zip(("value", "gradient", "product"), mean)),
    }


if __name__ == "__main__":
    header = {
        "about": "Made by precision.py, which states the conventions; do not edit.",
        "python": platform.python_version(),
        "torch": torch.__version__.split("+")[0],
    }
    cases = ",\n".join(
        json.dumps(precision_case(name, case), ensure_ascii=False, separators=(",", ":")) for name, case in CASES.items()
    )
    text = json.dumps(header, ensure_ascii=False)[:-1] + ', "cases": [\n' + cases + "\n]}\n"
    (HERE / "precision.json").write_text(text, encoding="utf-8")
    print(text)
