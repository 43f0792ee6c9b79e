"""Models: whole training steps, written once against torch's names."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from paragrad.reports.speed.tensors import DTYPES, normal
from paragrad.reports.speed.workload import Build, Library, Prepared, against_torch, arrays

SIZES = (784, 256, 128, 10)
BATCH = 64
TARGETS = {"float32": 0.65, "float64": 0.75}


def mlp(dtype: str) -> Build:
    """784-256-128-10 with ReLU, a batch of 64, cross entropy, zero_grad, backward and a step of SGD."""

    def build(lib: Library) -> Prepared:
        layers: list[Any] = []
        for inputs, outputs in itertools.pairwise(SIZES):
            layers += [lib.nn.Linear(inputs, outputs, dtype=getattr(lib, dtype)), lib.nn.ReLU()]
        model = lib.nn.Sequential(*layers[:-1])
        state = {}
        for seed, (name, parameter) in enumerate(model.named_parameters()):
            fill = normal(tuple(parameter.shape), dtype, seed) / np.asarray(28, dtype)
            state[name] = lib.leaf(fill, False)
        model.load_state_dict(state)
        x = lib.leaf(normal((BATCH, SIZES[0]), dtype, 99), False)
        y = lib.leaf(np.arange(BATCH) % SIZES[-1], False)
        criterion = lib.nn.CrossEntropyLoss()
        optimizer = lib.optim.SGD(model.parameters(), lr=1e-3)
        last: list[Any] = [None]

        def step() -> None:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            last[0] = loss

        return Prepared(step, lambda: arrays(last[0], *model.parameters()))

    return build


WORKLOADS = [
    against_torch(f"mlp-{dtype}", f"MLP 784-256-128-10, batch 64, SGD step, {dtype}", mlp(dtype), TARGETS[dtype])
    for dtype in DTYPES
]
