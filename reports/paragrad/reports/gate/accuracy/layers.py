"""The rows of layers, losses and models: `nn.Linear` and the like, as modules, in float32 against torch in float64.

A module takes torch's parameters over and is asked for its output and for the gradients of its input and of every
parameter. What the ops of its graph, and the modules inside it, got worse in is theirs.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import torch

import paragrad.engine as pg
from paragrad.engine import nn
from paragrad.fuzz.program import Array
from paragrad.reports.accuracy.ulp import Errors, Truth
from paragrad.reports.gate.accuracy.parts import ops_of
from paragrad.reports.gate.accuracy.rows import UlpRow, ulp_row

PREFIX = "nn."
TABLE = (3, 4)
IMAGE = (2, 4, 7, 6)
LAYERS: dict[str, tuple[int, ...]] = {
    "Linear(4, 5)": TABLE,
    "Linear(4, 5, bias=False)": TABLE,
    "Conv1d(4, 6, 3, padding='same')": (2, 4, 9),
    "Conv2d(4, 6, (3, 2), stride=2, padding=1, dilation=2, groups=2)": IMAGE,
    "Embedding(5, 3, padding_idx=1)": (),
    "LayerNorm(4)": TABLE,
    "LayerNorm((7, 6), eps=0.001, bias=False)": IMAGE,
    "Flatten()": IMAGE,
    "MaxPool2d(3, 2, 1, ceil_mode=True)": IMAGE,
    "AvgPool2d((2, 3), 1)": IMAGE,
    "Dropout(0.5).eval()": TABLE,
    "Sequential(Linear(4, 4), Tanh(), Linear(4, 4), LayerNorm(4))": TABLE,
    **{f"{name}()": TABLE for name in (
        "ELU", "GELU", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid", "Mish", "ReLU", "ReLU6",
        "SELU", "SiLU", "Sigmoid", "Softplus", "Softsign", "Tanh",
    )},
    "Softmax(1)": TABLE,
    "LogSoftmax(1)": TABLE,
}  # fmt: skip
"""As one writes them in either library, and the shape of the input; () for a batch of indices."""
LOSSES: dict[str, str] = {
    "BCELoss()": "probability",
    "BCEWithLogitsLoss(reduction='sum')": "probability",
    "CrossEntropyLoss(label_smoothing=0.1)": "class",
    "CrossEntropyLoss(reduction='none')": "class",
    "HuberLoss(delta=0.5)": "number",
    "KLDivLoss(reduction='batchmean')": "probability",
    "L1Loss(reduction='sum')": "number",
    "MSELoss()": "number",
    "MSELoss(reduction='none')": "number",
    "NLLLoss()": "class",
    "SmoothL1Loss(beta=0.5)": "number",
}
"""As one writes them, and what their target is."""


def names() -> list[str]:
    """The public names, `nn.Linear`, each once."""
    return list(dict.fromkeys(name_of(text) for text in (*LAYERS, *LOSSES)))


def name_of(text: str) -> str:
    """nn.Linear of Linear(4, 5)."""
    return PREFIX + text.partition("(")[0]


def measure(only: Collection[str] = ()) -> Iterator[tuple[list[UlpRow], str, set[str]]]:
    """The rows of every module, its name, and the ops and modules that it is made of."""
    for text in (*LAYERS, *LOSSES):
        if not only or name_of(text) in only:
            yield of(text)


def of(text: str) -> tuple[list[UlpRow], str, set[str]]:
    """The rows of one module; what fails has none."""
    inputs = given(text)
    native = of_torch(text, inputs, torch.float32)
    exact = of_torch(text, inputs, torch.float64)
    try:
        found, made = of_ours(text, inputs)
    except Exception:  # noqa: BLE001 - whatever the engine raises, it has no numbers to measure
        found, made = {}, set()
    made |= {name for name in (getattr(wrapped(text), "name", ""), name_of(text).removeprefix(PREFIX).lower()) if name}
    rows: list[UlpRow] = []
    for what, torchs in native.items():
        errors = Errors()
        mine = found.get(what)
        if mine is not None and mine.shape == torchs.shape and mine.dtype == torchs.dtype:
            errors.add(mine, torchs, Truth.of(exact[what]))
        else:
            errors.fail(torchs)
        wrong = errors.unlike["engine"], errors.unlike["torch"]
        rows.append(ulp_row(name_of(text), "float32", f"{what} of {text}", errors.quantity(), wrong))
    return rows, name_of(text), made


def wrapped(text: str) -> Any:
    """The op that a module is; None where it is more."""
    return getattr(getattr(nn, text.partition("(")[0], None), "op", None)


def given(text: str) -> list[Array]:
    """The inputs of a module: its tensor, and a loss' target."""
    rng = np.random.default_rng(len(text))
    if text in LAYERS:
        if not LAYERS[text]:
            return [np.array([[0, 3, 1], [3, 2, 4]])]
        return [rng.standard_normal(LAYERS[text]).astype(np.float32)]
    shape = (5, 4)
    x: Any = rng.standard_normal(shape)
    if text.startswith("BCELoss"):
        x = 1 / (1 + np.exp(-x))
    if text.startswith(("KLDiv", "NLL")):
        x = x - np.log(np.exp(x).sum(1, keepdims=True))
    if LOSSES[text] == "class":
        return [x.astype(np.float32), rng.integers(0, 4, 5)]
    target: Any = rng.random(shape) if LOSSES[text] == "probability" else rng.standard_normal(shape)
    return [x.astype(np.float32), target.astype(np.float32)]


def of_torch(text: str, inputs: list[Array], dtype: torch.dtype) -> dict[str, Array]:
    """torch's output and gradients, in one dtype, from parameters that float32 holds."""
    module = state(text).to(dtype)
    tensors = [torch.from_numpy(array.copy()) for array in inputs]
    tensors = [t.to(dtype) if t.is_floating_point() else t for t in tensors]
    if tensors[0].is_floating_point():
        tensors[0].requires_grad_()
    out = module(*tensors)
    out.backward(torch.from_numpy(cotangent(tuple(out.shape))).to(dtype))
    found = {"value": out.detach().numpy()}
    if tensors[0].grad is not None:
        found["gradient of input"] = tensors[0].grad.numpy()
    for name, parameter in module.named_parameters():
        if parameter.grad is not None:
            found[f"gradient of {name}"] = parameter.grad.numpy()
    return found


def of_ours(text: str, inputs: list[Array]) -> tuple[dict[str, Array], set[str]]:
    """Our output and gradients, and the ops of the graph and the modules inside."""
    module = eval(text, dict(vars(nn)))
    module.load_state_dict(state(text).state_dict())
    tensors = [pg.Tensor(array.copy(), k == 0 and array.dtype.kind == "f") for k, array in enumerate(inputs)]
    out = module(*tensors)
    made = ops_of(out.node) | {PREFIX + type(inside).__name__ for inside in module.modules() if inside is not module}
    pg.backward([out], [pg.Tensor(cotangent(out.shape))])
    found = {"value": out.array}
    if tensors[0].grad is not None:
        found["gradient of input"] = tensors[0].grad.array
    for name, parameter in module.named_parameters():
        if parameter.grad is not None:
            found[f"gradient of {name}"] = parameter.grad.array
    return found, made


def state(text: str) -> Any:
    """torch's module with parameters that are the same every time, and not those of a fresh LayerNorm."""
    module = eval(text, dict(vars(torch.nn)))
    rng = np.random.default_rng(7)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.from_numpy(rng.standard_normal(tuple(parameter.shape))))
    return module


def cotangent(shape: tuple[int, ...]) -> Array:
    """What comes in from behind."""
    return np.asarray(np.random.default_rng(11).standard_normal(shape), np.float32)


def show(op: str) -> None:
    """Print the inputs, and torch's numbers and ours, of every module of this name."""
    for text in (*LAYERS, *LOSSES):
        if name_of(text) == op:
            inputs = given(text)
            print(f"{text} of", *(array.tolist() for array in inputs))
            ours, _ = of_ours(text, inputs)
            for what, torchs in of_torch(text, inputs, torch.float32).items():
                mine = ours.get(what)
                print(f"{what}\n  torch    {torchs.tolist()}\n  paragrad {None if mine is None else mine.tolist()}")


if __name__ == "__main__":
    show(sys.argv[1])
