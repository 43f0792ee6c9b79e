"""Optimizers: torch's options, errors, groups and states, and 200 steps that stay with torch's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

import paragrad.engine as pg
from paragrad.engine import nn, optim

OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("SGD", {"lr": -0.0, "weight_decay": 0.1, "maximize": True}),
    ("Adam", {"lr": 0.01}),
    ("Adam", {"lr": 0.01, "betas": (0.3, 0.9), "weight_decay": 0.1, "eps": 1e-3}),
    ("Adam", {"lr": 0.01, "amsgrad": True}),
    ("AdamW", {"lr": 0.01}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.1, "amsgrad": True}),
]
IDS = [f"{name}({', '.join(f'{k}={v}' for k, v in options.items())})" for name, options in OPTIMIZERS]


def start(dtype: Any, nudge: int = 0) -> dict[str, Any]:
    """Data and initial weights of a small regression, the same for both sides; nudged, each by one unit up or down."""
    rng = np.random.default_rng(0)
    shapes = {"x": (20, 3), "y": (20, 2), "w0": (5, 3), "b0": (5,), "w1": (2, 5), "b1": (2,)}
    data = {name: (rng.standard_normal(shape) / 2).astype(dtype) for name, shape in shapes.items()}
    if nudge:
        signs = np.random.default_rng(nudge)
        data = {k: np.nextafter(v, v + signs.choice([-1, 1], v.shape).astype(dtype)) for k, v in data.items()}
    return data


def trained(side: Any, tensor: Any, name: str, options: dict[str, Any], data: dict[str, Any]) -> list[Any]:
    """The parameters after 200 steps, on our side (`side` is paragrad.engine) or torch's."""
    x, y = tensor(data["x"]), tensor(data["y"])
    parameters = [tensor(data[k].copy()).requires_grad_() for k in ("w0", "b0", "w1", "b1")]
    w0, b0, w1, b1 = parameters
    optimizer = getattr(side.optim, name)(parameters, **options)
    sign = -1 if options.get("maximize") else 1
    for _ in range(200):
        hidden = side.tanh(side.nn.functional.linear(x, w0, b0))
        loss = sign * side.nn.functional.mse_loss(side.nn.functional.linear(hidden, w1, b1), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return [np.array(p.detach().numpy()) for p in parameters]


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=IDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_200_steps_stay_with_torch(name: str, options: dict[str, Any], dtype: Any) -> None:
    """We end no farther from torch than torch ends from itself when its data are off by one unit.

    Each single step is judged by its own bound in test_training.py; here nothing may build up over many.
    """
    ours = trained(pg, pg.from_numpy, name, options, start(dtype))
    torchs = trained(torch, torch.from_numpy, name, options, start(dtype))
    nudged = trained(torch, torch.from_numpy, name, options, start(dtype, nudge=1))
    begun = [start(dtype)[k] for k in ("w0", "b0", "w1", "b1")]
    if options["lr"]:
        assert all(np.abs(a - b).max() > 1e-3 for a, b in zip(torchs, begun, strict=True)), "nothing was trained"
    for own, other, shaken in zip(ours, torchs, nudged, strict=True):
        assert np.abs(own - other).max() <= 8 * np.abs(other - shaken).max()


def moved(name: str, options: dict[str, Any], dtype: Any, count: int = 5) -> tuple[list[Any], list[Any]]:
    """One parameter after each of some steps with given gradients, ours and torch's."""
    rng = np.random.default_rng(1)
    value = rng.standard_normal(50).astype(dtype)
    ours, torchs = pg.tensor(value, requires_grad=True), torch.tensor(value, requires_grad=True)
    both = getattr(optim, name)([ours], **options), getattr(torch.optim, name)([torchs], **options)
    found: tuple[list[Any], list[Any]] = ([], [])
    for _ in range(count):
        gradient = rng.standard_normal(50).astype(dtype)
        ours.grad, torchs.grad = pg.tensor(gradient), torch.tensor(gradient)
        for optimizer in both:
            optimizer.step()
        found[0].append(ours.detach().numpy().copy())
        found[1].append(torchs.detach().numpy().copy())
    return found


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=IDS)
def test_rounding_is_torchs_but_for_its_fused_multiply_adds(name: str, options: dict[str, Any]) -> None:
    ours, torchs = moved(name, options, np.float32)
    for own, other in zip(ours, torchs, strict=True):
        # An update is smaller than the parameter, so its own rounding is at most a unit or two of the parameter.
        assert np.abs(own - other).max() <= 4 * np.finfo(np.float32).eps * np.abs(other).max()


def test_a_scratch_array_is_never_a_parameter_or_a_gradient() -> None:
    first, second = pg.ones(3, requires_grad=True), pg.ones(3, requires_grad=True)
    optimizer = optim.Adam([first, second], lr=0.1, weight_decay=0.1, maximize=True)
    first.grad, second.grad = pg.tensor([1.0, 2.0, 3.0]), pg.tensor([-1.0, 0.0, 5.0])
    kept = first.array
    optimizer.step()
    assert first.array is kept, "updates are in place"
    assert first.grad.tolist() == [1.0, 2.0, 3.0]
    assert second.grad.tolist() == [-1.0, 0.0, 5.0]
    assert not np.array_equal(first.array, second.array)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("SGD", {"lr": -1.0}, "Invalid learning rate: -1.0"),
        ("SGD", {"lr": math.nan}, "Invalid learning rate: nan"),
        ("SGD", {"momentum": -0.5}, "Invalid momentum value: -0.5"),
        ("SGD", {"weight_decay": -0.5}, "Invalid weight_decay value: -0.5"),
        ("SGD", {"nesterov": True}, "Nesterov momentum requires a momentum and zero dampening"),
        ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "Nesterov momentum requires"),
        ("Adam", {"lr": -1.0}, "Invalid learning rate: -1.0"),
        ("Adam", {"eps": -1.0}, "Invalid epsilon value: -1.0"),
        ("Adam", {"betas": (1.0, 0.9)}, "Invalid beta parameter at index 0: 1.0"),
        ("Adam", {"betas": (0.9, -0.1)}, "Invalid beta parameter at index 1: -0.1"),
        ("AdamW", {"weight_decay": -1.0}, "Invalid weight_decay value: -1.0"),
    ],
)
def test_bad_options_are_refused_in_torchs_words(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(optim, name)([pg.ones(1, requires_grad=True)], **options)
    if not math.isnan(options.get("lr", 0.0)):  # torch takes SGD's lr=nan
        with pytest.raises(ValueError, match=message):
            getattr(torch.optim, name)([torch.ones(1, requires_grad=True)], **options)


def test_bad_parameters_are_refused() -> None:
    x = pg.ones(1, requires_grad=True)
    with pytest.raises(TypeError, match="iterable of Tensors"):
        optim.SGD(x)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="empty parameter list"):
        optim.SGD([])
    with pytest.raises(TypeError, match="one of the params is float"):
        optim.SGD([1.0])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="non-leaf"):
        optim.SGD([x * 2])
    with pytest.raises(TypeError, match="a set does not keep"):
        optim.SGD([{"params": {x}}])
    with pytest.raises(ValueError, match="more than once"):
        optim.SGD([{"params": [x]}, {"params": [x]}])
    with pytest.raises(TypeError, match="must be a dict"):
        optim.SGD([x]).add_param_group([x])  # type: ignore[arg-type]


def test_groups_have_their_own_options() -> None:
    a, b, c = (pg.zeros(1, requires_grad=True) for _ in range(3))
    optimizer = optim.SGD([{"params": a}, {"params": [b], "lr": 1.0}], lr=0.5)
    optimizer.add_param_group({"params": c, "maximize": True})
    for tensor in (a, b, c):
        tensor.grad = pg.ones(1)
    optimizer.step()
    assert [a.item(), b.item(), c.item()] == [-0.5, -1.0, 0.5]
    optimizer.param_groups[0]["lr"] = 2.0
    b.grad = None
    optimizer.step()
    assert [a.item(), b.item(), c.item()] == [-2.5, -1.0, 1.0]
    assert repr(optimizer).splitlines()[:4] == ["SGD (", "Parameter Group 0", "    dampening: 0", "    lr: 2.0"]


def test_zero_grad_and_closure() -> None:
    x = pg.tensor([3.0], requires_grad=True)
    optimizer = optim.SGD([x], lr=0.1)

    def closure() -> pg.Tensor:
        optimizer.zero_grad()
        loss = (x * x).sum()
        loss.backward()
        return loss

    with pg.no_grad():
        assert optimizer.step(closure).item() == 9.0
    assert x.item() == pytest.approx(2.4, abs=1e-6)
    kept = x.grad
    optimizer.zero_grad(set_to_none=False)
    assert x.grad is kept
    assert kept.tolist() == [0.0]
    optimizer.zero_grad()
    assert x.grad is None


def torch_state(state: dict[str, Any]) -> dict[str, Any]:
    """Our state_dict with torch's tensors in it."""
    convert = {
        k: {n: torch.from_numpy(v.numpy().copy()) if isinstance(v, pg.Tensor) else v for n, v in s.items()}
        for k, s in state["state"].items()
    }
    return {"state": convert, "param_groups": state["param_groups"]}


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=IDS)
def test_a_state_goes_both_ways(name: str, options: dict[str, Any]) -> None:
    """Three steps here, the state over to torch and back into a fresh optimizer, then one step on each side."""
    model = nn.Linear(2, 2)
    optimizer = getattr(optim, name)(model.parameters(), **options)
    rng = np.random.default_rng(2)

    def step(parameters: Any, tensor: Any, gradients: list[Any], stepper: Any) -> list[Any]:
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = tensor(gradient)
        stepper.step()
        return [parameter.detach().numpy().copy() for parameter in parameters]

    def gradients() -> list[Any]:
        return [rng.standard_normal(p.shape).astype(np.float32) for p in model.parameters()]

    for _ in range(3):
        step(list(model.parameters()), pg.tensor, gradients(), optimizer)
    theirs = [torch.tensor(p.detach().numpy().copy(), requires_grad=True) for p in model.parameters()]
    other = getattr(torch.optim, name)(theirs, **{**options, "lr": 0.5})
    other.load_state_dict(torch_state(optimizer.state_dict()))
    assert other.param_groups[0]["lr"] == options["lr"]
    fresh = [pg.tensor(p.detach().numpy(), requires_grad=True) for p in model.parameters()]
    again = getattr(optim, name)(fresh, **{**options, "lr": 0.5})
    again.load_state_dict(other.state_dict())
    last = gradients()
    expected = step(list(model.parameters()), pg.tensor, last, optimizer)
    for own, first in zip(step(fresh, pg.tensor, last, again), expected, strict=True):
        assert np.array_equal(own, first), "the state came back as it went"
    for torchs, own in zip(step(theirs, torch.tensor, last, other), expected, strict=True):
        assert np.abs(torchs - own).max() <= 4 * np.finfo(np.float32).eps * np.abs(own).max()
    assert again.state_dict()["state"].keys() == other.state_dict()["state"].keys()


def test_states_that_do_not_fit_are_refused() -> None:
    a, b = (pg.zeros(1, requires_grad=True) for _ in range(2))
    one = optim.SGD([a]).state_dict()
    with pytest.raises(ValueError, match="1 parameter groups, this optimizer has 2"):
        optim.SGD([{"params": [a]}, {"params": [b]}]).load_state_dict(one)
    with pytest.raises(ValueError, match="1 parameters in group 0, this optimizer has 2"):
        optim.SGD([a, b]).load_state_dict(one)
