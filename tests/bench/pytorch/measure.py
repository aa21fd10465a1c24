"""
Measures PyTorch. Reads a request a line, `{"what", "workload", "seconds"}`, answers with milliseconds each.

    python measure.py THREADS
"""

import json
import os
import sys
import time

THREADS = int(sys.argv[1])
for library in ("OMP", "MKL", "OPENBLAS"):
    os.environ[f"{library}_NUM_THREADS"] = str(THREADS)

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from workloads import directions, workload  # noqa: E402

torch.set_num_threads(THREADS)

BATCH = {"W1": 64, "W2": 64, "W3": 128}


def surface(name, vanishing=False):
    """A point of a filter-normalised surface, in the loop that a careful person writes."""
    model, x, y = workload(name, vanishing)
    one, two = directions(model)
    parameters = list(model.parameters())
    origin = [p.detach().clone() for p in parameters]

    def point(i):
        a, b = 0.01 * (i % 51) - 0.25, 0.1
        with torch.no_grad():
            for p, o, d, e in zip(parameters, origin, one, two):
                p.data = o + a * d + b * e
            return F.cross_entropy(model(x), y).item()

    return point


def product(name):
    """A Hessian-vector product by double backward."""
    model, x, y = workload(name)
    (v,) = directions(model, 1)
    parameters = list(model.parameters())

    def multiply(_):
        loss = F.cross_entropy(model(x), y)
        gradient = torch.autograd.grad(loss, parameters, create_graph=True)
        along = sum((g * d).sum() for g, d in zip(gradient, v))
        return torch.autograd.grad(along, parameters)

    return multiply


def product_kept(name):
    """The same with the graph of the gradient kept from product to product: PyTorch at its best."""
    model, x, y = workload(name)
    (v,) = directions(model, 1)
    parameters = list(model.parameters())
    gradient = torch.autograd.grad(F.cross_entropy(model(x), y), parameters, create_graph=True)

    def multiply(_):
        return torch.autograd.grad(gradient, parameters, v, retain_graph=True)

    return multiply


def gradient(name):
    model, x, y = workload(name)
    parameters = list(model.parameters())
    return lambda _: torch.autograd.grad(F.cross_entropy(model(x), y), parameters)


def step(name):
    """A training step with momentum."""
    model, x, y = workload(name)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    size = BATCH[name]

    def train(i):
        start = i * size % (len(x) - size)
        optimizer.zero_grad()
        F.cross_entropy(model(x[start : start + size]), y[start : start + size]).backward()
        optimizer.step()

    return train


def train(name):
    """Training in epochs: shuffled batches, and the loss and accuracy of all samples after each."""
    model, x, y = workload(name)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)

    def epoch(_):
        for rows in torch.randperm(len(x)).split(BATCH[name]):
            optimizer.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
        with torch.no_grad():
            outputs = model(x)
            return F.cross_entropy(outputs, y).item(), (outputs.argmax(1) == y).float().mean().item()

    return epoch


def package(name):
    """Points of `loss-landscape-3d` as its documentation has it: 25 a call."""
    from loss_landscape_3d.calculator import LossLandscapeCalculator
    from torch.utils.data import DataLoader, TensorDataset

    model, x, y = workload(name)
    loader = DataLoader(TensorDataset(x, y), batch_size=len(x))
    calculator = LossLandscapeCalculator(model, loader, torch.nn.CrossEntropyLoss())
    center = {k: v.clone() for k, v in model.state_dict().items()}
    names = [k for k, _ in model.named_parameters()]
    one, two = (dict(zip(names, d)) for d in directions(model))
    axis = [-0.5, -0.25, 0, 0.25, 0.5]
    return lambda _: calculator.calculate(axis, axis, one, two, center)


WHAT = {
    "surface": surface,
    "vanishing": lambda name: surface(name, vanishing=True),
    "product": product,
    "product_kept": product_kept,
    "gradient": gradient,
    "step": step,
    "train": train,
    "package": package,
}


def per_call(what, name):
    """How many of what is measured a call makes: points of a surface, steps of an epoch."""
    return {"package": 25, "train": -(-1000 // BATCH.get(name, 128))}.get(what, 1)


prepared = {}


def measure(what, name, seconds):
    """Milliseconds of one, as the mean over some time after one to warm up."""
    if (what, name) not in prepared:
        prepared[what, name] = WHAT[what](name)
        prepared[what, name](0)
    run, count = prepared[what, name], 0
    start = time.perf_counter()
    while True:
        run(count)
        count += 1
        passed = time.perf_counter() - start
        if passed >= seconds:
            return 1000 * passed / count / per_call(what, name)


print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    try:
        result = {"ms": measure(request["what"], request["workload"], request["seconds"])}
    except Exception as error:  # a package that is missing: the table says so
        result = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(result), flush=True)
