"""Optimizers: a step over an MLP's parameters, whose gradients stay the same, against torch's."""

from __future__ import annotations

import itertools
from typing import Any

from paragrad.reports.speed.models import RATE, SIZES
from paragrad.reports.speed.tensors import normal
from paragrad.reports.speed.workload import Build, Library, Prepared, Workload, against_torch, arrays

CHOICES: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {}),
    "sgd-momentum": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {}),
}
"""By workload: torch.optim's name and options."""


def optimizer(name: str, options: dict[str, Any]) -> Build:
    """Weights and biases of the MLP in float32, each with a gradient."""

    def build(lib: Library) -> Prepared:
        pairs = list(itertools.pairwise(SIZES))
        shapes = [shape for inputs, outputs in pairs for shape in ((outputs, inputs), (outputs,))]
        parameters = [lib.leaf(normal(shape, "float32", seed)) for seed, shape in enumerate(shapes)]
        for seed, parameter in enumerate(parameters):
            parameter.grad = lib.leaf(normal(tuple(parameter.shape), "float32", 100 + seed), False)
        made = getattr(lib.optim, name)(parameters, lr=RATE, **options)
        return Prepared(made.step, lambda: arrays(*parameters))

    return build


def _title(name: str, options: dict[str, Any]) -> str:
    told = f" ({', '.join(options)})" if options else ""
    return f"{name}{told}, a step over the MLP's parameters, float32"


WORKLOADS: list[Workload] = [
    against_torch(f"optimizer-{key}", _title(name, options), optimizer(name, options), None)
    for key, (name, options) in CHOICES.items()
]
