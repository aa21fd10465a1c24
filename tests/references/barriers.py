"""Losses on the straight line between two networks and its barrier, in float64 with PyTorch.

    python tests/references/barriers.py

reads mlp.json and conv.json, trains some of their networks from two beginnings (rounded to multiples of 1/1024,
which are exact in float32), and writes barriers.json. For a network with one hidden layer the second one is also aligned to the first: the best of all orders of the hidden
units, each with its better sign, tried one by one.
"""

import itertools
import json

import torch

from networks import Source, forward, tensors_of
from references import CRITERIA, HERE, exact, rounded, short, write

POINTS = 25


def unpack(flat, shapes):
    parts = iter(torch.split(flat, [torch.Size(s).numel() for own in shapes for s in own]))
    return [[next(parts).reshape(s) for s in own] for own in shapes]


def loss_of(case):
    layers, count = case["layers"], case["trainable"]
    shapes = [[[t.shape for t in own] for own in group] for group in
              tensors_of(layers, tuple(case["inputShape"]), Source(0))]
    x = torch.tensor(case["inputs"]["data"]).reshape(case["inputs"]["shape"])
    y = torch.tensor(case["targets"]["data"])

    def loss(theta):
        z = forward(layers, unpack(theta[:count], shapes[0]), unpack(theta[count:], shapes[1]), x, "eval")
        return CRITERIA[case["criterion"]](z, y).mean()

    return loss


def trained(case, seed):
    """400 steps of Adam from weights of that seed; moving statistics stay as drawn."""
    drawn = tensors_of(case["layers"], tuple(case["inputShape"]), Source(seed))
    theta, state = [torch.cat([t.flatten() for own in group for t in own] + [torch.zeros(0)]) for group in drawn]
    theta.requires_grad_()
    loss, optimizer = loss_of(case), torch.optim.Adam([theta], lr=0.02)
    for _ in range(400):
        optimizer.zero_grad()
        loss(torch.cat([theta, state])).backward()
        optimizer.step()
    return torch.round(torch.cat([theta.detach(), state]) * 1024) / 1024


def line(case, a, b):
    """The losses at 25 points from a to b, and the highest rise above the chord."""
    ts, loss = torch.arange(POINTS) / (POINTS - 1), loss_of(case)
    losses = torch.stack([loss((1 - t) * a + t * b) for t in ts])
    rises = losses - (1 - ts) * losses[0] - ts * losses[-1]
    return {"losses": rounded(losses), "barrier": short(rises.max().item()),
            "barrierAt": ts[rises.argmax()].item()}


def barrier_case(case, seed):
    a, b = trained(case, seed), trained(case, seed + 1)
    return {"name": case["name"], "seed": seed, "a": exact(a), "b": exact(b), **line(case, a, b)}


def aligned_case(case, seed):
    """tanh: a unit with the signs of all its weights changed is the same unit."""
    (inputs,), (hidden, last) = case["inputShape"], (l["units"] for l in case["layers"])
    known = barrier_case(case, seed)
    a, b = torch.tensor(known["a"]), torch.tensor(known["b"])
    shapes = [(inputs, hidden), (hidden,), (hidden, last), (last,)]
    (w1, b1, w2, _), (v1, c1, v2, c2) = (unpack(p, [shapes])[0] for p in (a, b))
    likeness = w1.T @ v1 + torch.outer(b1, c1) + w2 @ v2.T
    gain = likeness.abs().tolist()
    rows = range(hidden)
    order = torch.tensor(max(itertools.permutations(rows), key=lambda p: sum(gain[i][p[i]] for i in rows)))
    signs = likeness[torch.arange(hidden), order].sign()
    moved = torch.cat([(v1[:, order] * signs).flatten(), c1[order] * signs,
                       (v2[order] * signs[:, None]).flatten(), c2])
    return {**known, "aligned": {"b": exact(moved), **line(case, a, moved)}}


if __name__ == "__main__":
    cases = {case["name"]: case for name in ("mlp.json", "conv.json")
             for case in json.loads((HERE / name).read_text(encoding="utf-8"))["cases"]}
    write("barriers.json", [
        barrier_case(cases["tanh MLP, cross-entropy"], 301),
        barrier_case(cases["relu MLP, cross-entropy"], 302),
        barrier_case(cases["conv, batch norm (eval), relu, max pool, cross-entropy"], 303),
        aligned_case(cases["tanh MLP that ends in softmax, cross-entropy"], 304),
    ])
