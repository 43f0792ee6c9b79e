"""Models: whole training steps, written once against torch's names."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from paragrad.reports.speed.tensors import DTYPES, normal
from paragrad.reports.speed.training import Trained, Training, training
from paragrad.reports.speed.workload import Build, Library, Workload, against_torch

SIZES = (784, 256, 128, 10)
CLASSES = 10
RATE = 1e-3


def filled(model: Any, lib: Library, dtype: str) -> Any:
    """The model with parameters that are the same in either library."""
    state = {}
    for seed, (name, parameter) in enumerate(model.named_parameters()):
        fill = normal(tuple(parameter.shape), dtype, seed) / np.asarray(28, dtype)
        state[name] = lib.leaf(fill, False)
    model.load_state_dict(state)
    return model


def classifier(lib: Library, model: Any, images: tuple[int, ...], dtype: str) -> Training:
    """Cross entropy of a model on random images, and SGD."""
    filled(model, lib, dtype)
    x = lib.leaf(normal(images, dtype, 99), False)
    y = lib.leaf(np.arange(images[0]) % CLASSES, False)
    criterion = lib.nn.CrossEntropyLoss()
    parameters = list(model.parameters())
    return training(lambda: criterion(model(x), y), parameters, lib.optim.SGD(parameters, lr=RATE))


def mlp(dtype: str) -> Trained:
    """784-256-128-10 with ReLU."""

    def build(lib: Library, batch: int) -> Training:
        layers: list[Any] = []
        for inputs, outputs in itertools.pairwise(SIZES):
            layers += [lib.nn.Linear(inputs, outputs, dtype=getattr(lib, dtype)), lib.nn.ReLU()]
        return classifier(lib, lib.nn.Sequential(*layers[:-1]), (batch, SIZES[0]), dtype)

    return build


def conv_net(dtype: str) -> Trained:
    """Images of 1×28×28: twice a 3×3 convolution, ReLU and a maximum over 2×2; then a linear layer."""

    def build(lib: Library, batch: int) -> Training:
        nn, kind = lib.nn, getattr(lib, dtype)
        layers: list[Any] = []
        for inputs, outputs in ((1, 8), (8, 16)):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1, dtype=kind), nn.ReLU(), nn.MaxPool2d(2)]
        model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * 7 * 7, CLASSES, dtype=kind))
        return classifier(lib, model, (batch, 1, 28, 28), dtype)

    return build


def attention(dtype: str) -> Trained:
    """Sequences of 64 vectors of 64 numbers: queries, keys, values, attention, projection, residual; mean square."""

    def build(lib: Library, batch: int) -> Training:
        x = lib.leaf(normal((batch, 64, 64), dtype, 0), False)
        goal = lib.leaf(normal((batch, 64, 64), dtype, 5), False)
        weights = [lib.leaf(normal((64, 64), dtype, 1 + k) / np.asarray(8, dtype)) for k in range(4)]
        linear, attend = lib.op("linear"), lib.op("scaled_dot_product_attention")
        criterion = lib.nn.MSELoss()

        def loss() -> Any:
            q, k, v = (linear(x, w) for w in weights[:3])
            return criterion(x + linear(attend(q, k, v), weights[3]), goal)

        return training(loss, weights, lib.optim.SGD(weights, lr=RATE))

    return build


@dataclass(frozen=True, slots=True)
class Model:
    """A model, its title, and the examples of a step; `large` is the batch whose memory is measured."""

    title: str
    trained: Callable[[str], Trained]
    batch: int
    large: int
    targets: dict[str, float]

    def build(self, dtype: str) -> Build:
        """Its training step as a workload has it."""
        return lambda lib: self.trained(dtype)(lib, self.batch).prepared()

    def titled(self, batch: int) -> str:
        """The title with a batch."""
        return f"{self.title}, batch {batch}"


MODELS = {
    "mlp": Model("MLP 784-256-128-10", mlp, 64, 4096, {"float32": 0.65, "float64": 0.75}),
    "conv-net": Model("conv net, 8 and 16 3×3 on 1×28×28", conv_net, 32, 512, {}),
    "attention-net": Model("attention block of 64×64", attention, 8, 128, {}),
}


def workloads(name: str, model: Model) -> list[Workload]:
    """A model's training step in either precision."""
    title = model.titled(model.batch)
    return [
        against_torch(f"{name}-{dtype}", f"{title}, SGD step, {dtype}", model.build(dtype), model.targets.get(dtype))
        for dtype in DTYPES
    ]


WORKLOADS = [workload for name, model in MODELS.items() for workload in workloads(name, model)]
