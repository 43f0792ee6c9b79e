"""Argument forms, special values and errors of reductions, scans, orderings, shapes and joins, held against torch.

Each case is an expression that both sides evaluate: `m` is torch or paragrad.engine, the other names are tensors made
of the same numbers. What the samples of the table draw anyway is not repeated here.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pytest
import torch

import paragrad.engine as pg
from parity_tests.ulps import assert_within_ulps

inf, nan = float("inf"), float("nan")
ROUNDINGS = 8
"""ULP of the largest number by which results may differ."""
INPUTS: dict[str, tuple[Any, str]] = {
    "z": (1.5, "float32"),
    "v": ([3.0, 1.0, 2.0, 1.0, 3.0], "float32"),
    "x": ([[1.0, -2.0, 3.0], [0.5, 4.0, -1.5]], "float32"),
    "w": ([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]], "float64"),
    "zero": ([0.0, 0.0, 3.0], "float64"),
    "missing": ([1.0, nan, 3.0, nan], "float32"),
    "endless": ([inf, 0.0, 0.0], "float64"),
    "e": (np.zeros(0), "float32"),
    "e2": (np.zeros((2, 0)), "float32"),
    "i": ([[1, 2], [3, -4]], "int64"),
    "b": ([[True, False], [True, True]], "bool"),
}
DTYPES = ("float32", "float64", "int64")

FORMS = """
m.sum(x, ()) | m.sum(x, [0, -1]) | m.sum(x, None, True) | m.sum(x, 0, True) | m.sum(b) | m.sum(b, 0) | m.sum(i, 1)
m.sum(e) | m.sum(e2, 1) | m.sum(e2, 0) | m.sum(z, 0) | m.sum(z, -1, True) | m.sum(x, dtype=float64) | x.sum()
m.sum(i, 0, dtype=float32) | m.sum(w, (0, 2), dtype=float32) | m.sum(x, dim=(-1,), keepdim=True) | m.sum(missing)
m.mean(x, ()) | m.mean(x, [0, 1], True) | m.mean(e) | m.mean(e2, 1) | m.mean(e2, 0) | m.mean(i, dtype=float32)
m.mean(z, -1) | x.mean((0, 1)) | m.prod(i) | m.prod(b, 0) | m.prod(e) | m.prod(e2, 1) | m.prod(x, 0, True)
m.prod(z, 0) | m.prod(zero) | m.prod(zero, 0) | m.prod(endless) | m.prod(endless, 0) | m.prod(i, dtype=float64)
m.prod(missing) | m.any(x, ()) | m.all(x, ()) | m.any(e) | m.all(e) | m.any(e2, 1) | m.all(i, (0, 1))
m.any(missing, 0, True) | b.all() | m.amax(x, ()) | m.amax(x, (0, 1), True) | m.amax(e2, 0) | m.amax(b, 0) | m.amin(i)
m.amin(x, keepdim=True) | m.amax(v) | m.amax(missing) | m.amin(v, 0) | m.amax(z, 0) | m.max(v) | m.min(v)
m.max(missing) | m.min(b) | m.max(i) | m.max(z) | m.max(v, 0) | m.min(v, -1, True) | m.max(missing, 0)
m.min(missing, dim=0) | m.max(e2, 0) | m.max(z, 0) | m.max(b, 1) | x.max(0).values
x.min(dim=1, keepdim=True).indices | m.max(x, x) | m.argmax(v) | m.argmin(missing) | m.argmax(z, -1)
m.argmax(x, None, True) | m.argmin(x, 0, True) | m.argmax(e2, 0) | m.argmax(i, dim=1) | m.median(v)
m.median(missing) | m.median(e) | m.median(i) | m.median(w) | m.median(missing, 0) | m.median(z, 0) | m.median(e2, 0)
x.median(1, True) | m.sort(v, stable=True) | m.sort(v, stable=True, descending=True) | m.sort(missing)
m.sort(missing, 0, True) | m.sort(z) | m.sort(b, stable=True) | m.sort(e2) | m.sort(x, 0).indices
x.sort(descending=True) | m.argsort(v, stable=True) | m.argsort(x, 0, True) | m.argsort(z) | m.topk(x, 2)
m.topk(x, 1, 0, False) | m.topk(z, 1) | m.topk(z, 0) | x.topk(0, 1) | m.topk(missing[:3], 2)
m.topk(missing[:3], 2, largest=False) | m.topk(i, 1, dim=0) | m.var(x, False) | m.var(x, 0, False)
m.var(x, 0, True, True) | m.var(x, unbiased=False) | m.var(x, correction=None) | m.var(x, (0, 1), correction=0)
m.var(x, keepdim=True) | m.var(x, 0, correction=3) | m.var(x, correction=7) | m.var(z) | m.var(e) | m.var(e2, 1)
m.var(e2, 0) | m.std(x, 0, correction=2) | m.std(x, None, correction=2, keepdim=True) | m.std(zero[:2]) | m.std(z, 0)
m.std(x[:1], 0) | m.std(missing) | x.std(1) | x.var(dim=1, unbiased=False, keepdim=True) | m.norm(x) | m.norm(x, 2, 0)
m.norm(x, dim=1, keepdim=True) | m.norm(x, 0) | m.norm(x, 0, 1) | m.norm(w, 1, (0, 2)) | m.norm(w, inf)
m.norm(w, -inf, 1) | m.norm(zero[:2]) | m.norm(zero, 0.5) | m.norm(zero, 1.5) | m.norm(zero, 3) | m.norm(zero, -1)
m.norm(e) | m.norm(e2, 1, 1) | m.norm(e2, inf, 0) | m.norm(z, 3) | m.norm(z, 3, 0) | m.norm(x, None)
m.norm(missing, inf) | m.norm(missing, 1) | m.norm(x, dtype=float64) | x.norm(p=1, dim=0) | m.norm(x, dim=())
x.norm(True) | m.norm(v, inf) | m.norm(v, -inf) | m.cumsum(x, 1) | m.cumsum(b, 0) | m.cumsum(i, -1) | m.cumsum(z, 0)
m.cumsum(e2, 1) | m.cumsum(x, 0, dtype=float64) | m.cumprod(zero, 0) | m.cumprod(endless, 0)
m.cumprod(m.flip(endless, (0,)), 0) | m.cumprod(b, 1) | m.cumprod(z, -1) | m.cumprod(missing, 0) | m.cumprod(e, 0)
m.cumprod(i, 0, dtype=float32) | m.softmax(x, 0) | m.softmax(z, 0) | m.softmax(e2, 1) | m.softmax(e2, 0)
m.softmax(i, 0, dtype=float32) | x.softmax(-1) | m.softmax(missing, 0) | m.softmax(endless, 0)
m.log_softmax(endless, 0) | m.log_softmax(z, -1) | m.log_softmax(e2, 1) | m.log_softmax(x, 0, dtype=float64)
m.softmax(-1 / zero, 0) | m.logsumexp(-1 / zero[:2], 0) | m.logsumexp(endless, 0) | m.logsumexp(i, 0)
m.logsumexp(x, (0, 1), True) | m.logsumexp(e2, 1) | m.logsumexp(e2, 0) | m.logsumexp(z, 0) | x.view(3, 2)
x.view((6,)) | x.view(-1) | x.view(size=(3, -1)) | x.T.view(3, 2, 1) | e2.view(0, 7) | z.view(1, 1) | x.reshape(3, 2)
m.reshape(x, (-1, 2)) | x.T.reshape(-1) | m.reshape(e2, (3, 0)) | z.reshape(()) | x.reshape([6]) | x.flatten()
m.flatten(z) | m.flatten(w, 1) | m.flatten(w, 0, 1) | m.flatten(w, -2, -1) | m.flatten(z, 0, -1) | e2.flatten()
m.squeeze(x, 1) | m.squeeze(z, 0) | x[:1].squeeze(0, 1) | m.squeeze(x[:1], (0, 1)) | m.squeeze(x[:1], ())
x[:1].squeeze() | m.unsqueeze(z, -1) | m.unsqueeze(x, -3) | m.unsqueeze(x, 2) | m.transpose(z, 0, -1)
m.transpose(w, 0, -1) | x.T | w.mT | x.permute(1, 0) | m.permute(w, (2, 0, -2)) | m.permute(z, ())
m.movedim(w, 0, -1) | m.movedim(w, (0, 1), (1, 2)) | m.movedim(z, 0, 0) | m.movedim(w, (), ()) | x.expand(2, 2, 3)
x.expand(2, -1, 3) | z.expand(2, 2) | x[:1].expand(-1, 3) | x.expand(0, 2, 3) | z.expand(()) | x[:, :1].expand(2, 0)
x.repeat(2, 1) | x.repeat((1, 2, 3)) | z.repeat(()) | z.repeat(2) | x.repeat(0, 2) | x.flip(0) | x.flip(0, 1)
m.flip(x, (-1,)) | m.flip(x, ()) | m.flip(z, (0,)) | m.roll(x, 1) | m.roll(z, 1) | m.roll(x, (1, 2), (0, 0))
m.roll(x, -4, 1) | m.roll(x, 1, ()) | m.roll(x, shifts=(1, -1), dims=(0, 1)) | e2.roll(1, 0) | m.tril(x)
m.triu(x, -1) | m.tril(w, 1) | m.triu(b) | m.tril(i, diagonal=-1) | m.triu(e2) | m.diagonal(x, 5)
m.diagonal(w, 1, 0, 2) | m.diagonal(w, dim1=-1, dim2=0) | m.diagonal(x, offset=-1) | m.diagonal(i) | m.cat([x, e])
m.cat([e, x], 1) | m.cat([e, e]) | m.cat([x, w[0]], -1) | m.cat((i, b)) | m.cat([x[:, :2], i], 0) | m.cat([x])
m.cat((e2, e2), dim=1) | m.stack([z, z], -1) | m.stack([x, x], 2) | m.stack([x, x], -3) | m.stack([e, e], 1)
m.stack([i, b]) | m.stack([z, w[0, 0, 0]]) | m.split(x, 2, 1) | m.split(x, [0, 2, 1], 1) | m.split(x, (1, 2), dim=-1)
m.split(e, 0) | m.split(e, 3) | x.split(1) | x.split([1, 1], dim=0) | m.chunk(x, 2, 1) | m.chunk(v, 4)
m.chunk(x, 5, -1) | m.chunk(e, 3) | x.chunk(1) | m.unbind(x, 1) | m.unbind(w) | x.unbind(-1) | m.unbind(e)
m.narrow(x, 1, -2, 2) | m.narrow(x, 1, 3, 0) | m.narrow(x, -2, 1, 1) | m.select(x, 1, -3) | m.select(w, -1, 1)
m.select(i, 0, 0) | pad(x, (1, 1)) | pad(x, (1, 0, 0, 2), value=2) | pad(x, (-1, -1)) | pad(x, (-1, -2))
pad(x, (-1, 3)) | pad(z, ()) | pad(i, (1, 1), value=2.5) | pad(b, (1, 1), value=1) | pad(x, (2, 1), "reflect")
pad(x, (3, 1), "replicate") | pad(x, (2, 3), "circular") | pad(w, (1, 1), "reflect")
pad(w[None], (1, 1, 0, 1), "circular") | pad(x, (-1, 1), "reflect") | pad(w, (1, 1, 1, 1), mode="replicate")
pad(x, (-1, -1), "replicate") | pad(x, (-1, 1), "circular") | pad(e2.T, (1, 1)) | x.to(float64) | x.to(int64)
x.to(dtype=float64) | x.double() | x.long() | x.bool() | i.float() | b.long() | missing.bool()
"""

ERRORS = """
m.sum(x, 2) | m.sum(x, -3) | m.sum(x, (0, 0)) | m.sum(x, (0, -2)) | m.sum(z, 1) | m.mean(i) | m.mean(b) | m.mean(x, 2)
m.mean(x, dtype=int64) | m.prod(x, 2) | m.any(x, 2) | m.all(x, (1, 1)) | m.amax(e) | m.amax(e2) | m.amax(e2, 1)
m.amax(x, 2) | m.amin(e2, (0, 1)) | m.max(e) | m.min(e2) | m.max(e2, 1) | m.min(x, 2) | m.max(z, 1) | m.argmax(b)
m.argmax(e) | m.argmin(e2, 1) | m.argmin(x, 2) | m.median(b) | m.median(b, 0) | m.median(e2, 1) | m.median(x, 2)
m.sort(x, 2) | m.argsort(z, 1) | m.topk(x, 4) | m.topk(x, -1) | m.topk(z, 2) | m.topk(v, 1, 1) | m.topk(b, 1)
m.topk(e2, 1) | m.var(i) | m.std(b) | m.var(x, 2) | m.std(x, (0, 0)) | m.var(x, unbiased=False, correction=0)
m.norm(i) | m.norm(x, 2, 5) | m.norm(x, 2, (0, 0)) | m.norm(e, inf) | m.norm(e2, -1, 1) | m.norm(x, "what")
m.cumsum(x, 2) | m.cumprod(x, -3) | m.softmax(i, 0) | m.softmax(x, 2) | m.log_softmax(b, 0) | m.log_softmax(z, 1)
m.logsumexp(x, 2) | m.logsumexp(x, (0, 0)) | m.reshape(x, (4,)) | m.reshape(e2, (0, -1)) | x.view(-1, -1)
x.view(-2, 3) | x.T.view(6) | x.reshape(5, -1) | m.flatten(x, 1, 0) | m.flatten(x, 0, 2) | m.squeeze(x, 5)
m.squeeze(x, (0, 0)) | m.squeeze(z, (0, -1)) | m.squeeze(z, 1) | m.unsqueeze(x, 3) | m.unsqueeze(x, -4)
m.permute(x, (0,)) | m.permute(x, (0, 0)) | m.permute(x, (0, 2)) | m.transpose(x, 0, 2) | m.transpose(z, 0, 1)
m.movedim(x, 0, 2) | m.movedim(x, (0, 0), (0, 1)) | m.movedim(x, (0, 1), (0,)) | x.expand(3, 3) | x.expand(-1, 2, 3)
x.expand(3) | x.expand(()) | x.repeat(2) | x.repeat(-1, 2) | m.flip(x, (0, 0)) | m.flip(x, (2,)) | m.roll(x, (1, 2))
m.roll(x, (1, 2), 0) | m.roll(x, 1, 2) | m.roll(z, 1, 0) | m.tril(v) | m.triu(z) | m.diagonal(v)
m.diagonal(x, 0, 0, 0) | m.diagonal(x, 0, 0, 2) | m.cat([]) | m.cat([z]) | m.cat([x, v]) | m.cat([x, x.T])
m.cat([x, x], 2) | m.cat([e, x], 2) | m.cat((x, 2.0)) | m.stack([]) | m.stack([x, v]) | m.stack([x, x], 3)
m.stack([x, x], -4) | m.split(x, [1, 1], 1) | m.split(x, 0) | m.split(x, -1) | m.split(x, [-1, 3]) | m.split(z, 1)
m.split(x, 1, 2) | m.split(x, []) | m.chunk(x, 0) | m.chunk(z, 1) | m.chunk(x, 2, 2) | m.unbind(z) | m.unbind(x, 2)
m.narrow(x, 1, 2, 2) | m.narrow(x, 1, 4, 0) | m.narrow(x, 1, 0, -1) | m.narrow(z, 0, 0, 1) | m.select(x, 1, 3)
m.select(z, 0, 0) | m.select(x, 2, 0) | pad(x, (1,)) | pad(x, (-2, -2)) | pad(z, (1, 1)) | pad(x, (1, 1, 2, 2, 3, 3))
pad(x, (3, 1), "reflect") | pad(v, (1, 1), "reflect") | pad(x, (4, 1), "circular") | pad(x, (1, 1), "reflect", 1.0)
pad(x, (1, 1), "nope") | pad(e2, (1, 1), "replicate")
"""


def listed(cases: str) -> list[str]:
    """The expressions of a block."""
    return [case.strip() for line in cases.strip().splitlines() for case in line.split(" | ")]


def evaluate(case: str, ours: bool) -> tuple[Any, dict[str, Any]]:
    """The value of an expression on one side, and that side's inputs."""
    m: Any = pg if ours else torch
    tensors = {}
    for name, (data, dtype) in INPUTS.items():
        own = getattr(m, "bool_" if ours and dtype == "bool" else dtype)
        tensor = m.tensor(np.array(data, dtype).tolist(), dtype=own).reshape(np.shape(data))
        tensors[name] = tensor.requires_grad_(dtype.startswith("float"))
    names = {"m": m, "inf": inf, "pad": pg.pad if ours else torch.nn.functional.pad}
    names |= {name: getattr(m, name) for name in DTYPES}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of variances without a degree of freedom
        return eval(case, {**names, **tensors}), tensors


def several(result: Any) -> list[Any]:
    """The results as a list."""
    return list(result) if isinstance(result, tuple | list) else [result]


def numbers(tensor: Any) -> np.ndarray[Any, Any]:
    """The array of either side's tensor."""
    array: np.ndarray[Any, Any] = tensor.detach().numpy()
    return array


@pytest.mark.parametrize("case", listed(FORMS))
def test_form(case: str) -> None:
    (found, ours), (expected, theirs) = evaluate(case, True), evaluate(case, False)
    pairs = list(zip(several(found), several(expected), strict=True))
    random = np.random.default_rng(7)
    roots, seeds = [], []
    for own, reference in pairs:
        assert_within_ulps(numbers(own), numbers(reference), ROUNDINGS, case, of=[numbers(reference)])
        assert own.requires_grad == reference.requires_grad, f"{case}: requires_grad is {own.requires_grad}"
        if own.requires_grad:
            roots.append((own, reference))
            seeds.append(random.normal(size=own.shape).astype(own.dtype))
    if not roots:
        return
    pg.backward([own for own, _ in roots], [pg.tensor(seed) for seed in seeds])
    torch.autograd.backward([reference for _, reference in roots], [torch.tensor(seed) for seed in seeds])
    for name, own in ours.items():
        gradient = theirs[name].grad
        assert (own.grad is None) == (gradient is None), f"{case}: gradient of {name} is {own.grad}, torch's {gradient}"
        if gradient is not None:
            what = f"{case}: gradient of {name}"
            assert_within_ulps(own.grad.numpy(), gradient.numpy(), ROUNDINGS, what, of=[gradient.numpy()])


@pytest.mark.parametrize("case", listed(ERRORS))
def test_error(case: str) -> None:
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - ours has to raise whatever torch raises
        evaluate(case, False)
    with pytest.raises(theirs.type) as ours:
        evaluate(case, True)
    name = re.sub(r"^(\w\.)?(T\.)?(\w+)\(.*$", r"\3", case)
    said = str(ours.value)
    assert said.startswith((f"{name}():", "constant_pad_nd():")), f"{case} says {said!r}: name the op first"


@pytest.mark.parametrize(
    ("case", "shapes"),
    [
        ("m.cat([x, v])", ["(2, 3)", "(5,)"]),
        ("m.stack([x, v])", ["(2, 3)", "(5,)"]),
        ("m.reshape(x, (4,))", ["(2, 3)", "(4,)"]),
        ("x.T.view(6)", ["(3, 2)", "(6,)"]),
        ("x.expand(3, 3)", ["(2, 3)", "(3, 3)"]),
        ("m.sum(x, 2)", ["(2, 3)", "2"]),
    ],
)
def test_errors_name_the_shapes(case: str, shapes: list[str]) -> None:
    with pytest.raises((RuntimeError, IndexError)) as error:
        evaluate(case, True)
    for shape in shapes:
        assert shape in str(error.value)


def test_what_is_the_tensor_itself() -> None:
    x, v = pg.ones(2, 3), pg.ones(3)
    assert x.to(pg.float32) is x
    assert x.float() is x
    assert v.flatten() is v
    assert x.flatten(1, 1) is x
    assert x.view(2, 3) is not x


@pytest.mark.parametrize("case", ["x.view(3, 2)", "x.T", "x[0]", "x.squeeze(0)", "x.expand(2, 2, 3)", "x.unbind(1)[2]"])
def test_views_share_memory(case: str) -> None:
    result, tensors = evaluate(case, True)
    assert np.shares_memory(result.array, tensors["x"].array)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_second_derivative_of_padding(mode: str) -> None:
    """pad(x)² twice: torch's own rule for these modes is a kernel, ours is indexing."""
    found = []
    for m, pad in ((pg, pg.pad), (torch, torch.nn.functional.pad)):
        x: Any = m.tensor([[1.0, -2.0, 3.0], [0.5, 4.0, -1.5]], dtype=m.float64).requires_grad_()
        padded = pad(x, (2, 1), mode)
        (first,) = (m if m is pg else torch.autograd).grad((padded * padded * padded).sum(), [x], create_graph=True)
        (first * first).sum().backward()
        found.append((numbers(first), numbers(x.grad)))
    for own, reference in zip(*found, strict=True):
        assert_within_ulps(own, reference, ROUNDINGS, mode, of=[reference])
