"""
Measures PyHessian and hessian-eigenthings on weights and data that lie in a folder. Reads a request a line and
answers with milliseconds and with what was found.

    pip install torch pyhessian hessian-eigenthings==1.0.0a5
    python curvature.py THREADS
"""

import json
import os
import sys
import time
from pathlib import Path

THREADS = int(sys.argv[1])
for library in ("OMP", "MKL", "OPENBLAS"):
    os.environ[f"{library}_NUM_THREADS"] = str(THREADS)

import hessian_eigenthings  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from hessian_eigenthings.algorithms.lanczos import lanczos_tridiagonal  # noqa: E402
from hessian_eigenthings.algorithms.trace import trace as eigenthings_trace  # noqa: E402
from hessian_eigenthings.operators.hessian import HessianOperator  # noqa: E402
from pyhessian import hessian as PyHessian  # noqa: E402
from workloads import mlp  # noqa: E402

torch.set_num_threads(THREADS)
criterion = torch.nn.CrossEntropyLoss()


def problem(folder, widths):
    """The network in eval mode, its inputs and its targets."""
    folder = Path(folder)
    theta = np.fromfile(folder / "theta.bin", np.float32)
    x = np.fromfile(folder / "x.bin", np.float32).reshape(-1, widths[0])
    y = np.fromfile(folder / "y.bin", np.int32)
    model, at = mlp(widths), 0
    with torch.no_grad():
        for layer in [layer for layer in model if isinstance(layer, torch.nn.Linear)]:
            rows, columns = layer.weight.shape
            kernel = theta[at : at + rows * columns].reshape(columns, rows)
            layer.weight.copy_(torch.from_numpy(kernel.T.copy()))
            at += rows * columns
            layer.bias.copy_(torch.from_numpy(theta[at : at + rows].copy()))
            at += rows
    return model.eval(), torch.from_numpy(x), torch.from_numpy(y).long()


def operator(model, x, y):
    return HessianOperator(model, [(x, y)], lambda net, batch: criterion(net(batch[0]), batch[1]))


def ends(alphas, betas, last, top):
    """Eigenvalues of both ends with their residuals, from a Lanczos process."""
    T = torch.diag(alphas.double()) + torch.diag(betas.double(), 1) + torch.diag(betas.double(), -1)
    values, vectors = torch.linalg.eigh(T)
    order = [*reversed(range(len(values) - top, len(values))), 0]
    return values, vectors, order, (last * vectors[-1, order]).abs()


def pyhessian_ends(request, model, x, y):
    """The largest eigenvalues in magnitude, by deflated power iteration with its default stop."""
    values, vectors = PyHessian(model, criterion, data=(x, y), cuda=False).eigenvalues(top_n=request["top"])
    return {"values": [float(v) for v in values]}


def pyhessian_trace(request, model, x, y):
    # with a tolerance of 0 it ends where the mean so far is negative
    samples = PyHessian(model, criterion, data=(x, y), cuda=False).trace(maxIter=request["probes"], tol=-float("inf"))
    return {"value": float(np.mean(samples)), "standardError": float(np.std(samples, ddof=1) / len(samples) ** 0.5)}


def eigenthings_ends(request, model, x, y):
    """One Lanczos process, read at both ends; `steps` are as few as its residuals allow (see `fewest`)."""
    H, top = operator(model, x, y), request["top"]
    start = torch.randn(H.size, generator=torch.Generator().manual_seed(request["seed"]))
    found = lanczos_tridiagonal(H, start, request["steps"], reorthogonalize=True)
    values, weights, order, residuals = ends(found.alphas, found.betas[: found.iterations - 1], found.last_beta, top)
    # eigenvectors, as its own `lanczos` makes them
    vectors = torch.zeros(top + 1, H.size)
    chosen = weights[:, order].float()
    for j, basis in enumerate(found.basis):
        vectors.addr_(chosen[j], basis)
    return {"values": values[order].tolist(), "residuals": residuals.tolist()}


def fewest(request, model, x, y):
    """How few Lanczos steps reach the residual at both ends: what a user would have to guess."""
    H, top = operator(model, x, y), request["top"]
    start = torch.randn(H.size, generator=torch.Generator().manual_seed(request["seed"]))
    found = lanczos_tridiagonal(H, start, request["most"], reorthogonalize=True)
    for steps in range(top + 1, found.iterations):
        values, _, _, residuals = ends(found.alphas[:steps], found.betas[: steps - 1], found.betas[steps - 1].double(), top)
        if residuals.max() <= request["tolerance"] * values.abs().max():
            return {"steps": steps}
    raise RuntimeError(f"more than {request['most']} steps")


def eigenthings_hutchinson(request, model, x, y):
    found = eigenthings_trace(
        operator(model, x, y), num_matvecs=request["probes"], method="hutchinson", seed=request["seed"]
    )
    return {"value": found.estimate, "standardError": found.stderr}


WHAT = {
    "PyHessian": pyhessian_ends,
    "eigenthings": eigenthings_ends,
    "fewest": fewest,
    "PyHessian trace": pyhessian_trace,
    "eigenthings trace": eigenthings_hutchinson,
}

print(json.dumps({"version": f"{torch.__version__}, hessian-eigenthings {hessian_eigenthings.__version__}"}), flush=True)
problems, warm = {}, set()
for line in sys.stdin:
    request = json.loads(line)
    try:
        folder = request["folder"]
        if folder not in problems:
            problems[folder] = problem(folder, request["widths"])
        # a product to warm up
        if folder not in warm:
            operator(*problems[folder]).matvec(torch.ones(sum(p.numel() for p in problems[folder][0].parameters())))
            warm.add(folder)
        torch.manual_seed(request.get("seed", 0))
        stdout, sys.stdout = sys.stdout, sys.stderr
        began = time.perf_counter()
        answer = WHAT[request["what"]](request, *problems[folder])
        ms = 1000 * (time.perf_counter() - began)
        sys.stdout = stdout
        print(json.dumps({"ms": ms, **answer}), flush=True)
    except Exception as error:  # a package that is missing or fails: the table says so
        sys.stdout = sys.__stdout__
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
