"""Asking an engine what it does at a point: plain Programs of one op, run as every other Program is."""

from __future__ import annotations

from typing import TypeAlias, TypedDict

import numpy as np

from paragrad.fuzz.encoding import encode_array
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.judge.conventions.point import Point
from paragrad.fuzz.judge.conventions.points import points
from paragrad.fuzz.program import Array
from paragrad.fuzz.trace import Engine

DTYPES = ("float32", "float64")

Numbers: TypeAlias = "list[float | str | bool]"
"""The elements of an array in JSON, as in a Program: NaN, inf, -0.0 and whole numbers are strings."""


class Either(TypedDict):
    """The different answers that copies of one point got."""

    either: Numbers


Part: TypeAlias = "Numbers | Either"


class Answer(TypedDict, total=False):
    """What an engine made of a point: each output, the gradient by parameter (None: there is none), or the exception
    with which it refused."""

    values: list[Part]
    gradients: dict[str, Part | None]
    refused: str


def probe(engine: Engine | None = None) -> dict[str, dict[str, Answer]]:
    """What an engine, torch where none is named, does at every point: answers by point, by dtype."""
    engine = PyTorch() if engine is None else engine
    listed = list(points())
    return {dtype: {str(point): answer(engine, point, dtype) for point in listed} for dtype in DTYPES}


def answer(engine: Engine, point: Point, dtype: str) -> Answer:
    """What an engine does at one point."""
    program = point.program(dtype)
    trace = engine.run(program)
    if trace.failure is not None:
        return {"refused": trace.failure.type}
    made = len(program.inputs)
    read = _of_copies if point.copies else _numbers
    found: Answer = {"values": [read(array) for k, array in sorted(trace.values.items()) if k >= made]}
    for shown in trace.gradients.values():
        leaves = {k: g for k, g in shown.items() if k < made}
        found["gradients"] = {program.name(k): None if g is None else read(g) for k, g in leaves.items()}
    return found


def _numbers(array: Array) -> Numbers:
    return encode_array(array.reshape(-1))


def _of_copies(array: Array) -> Part:
    """One number where all copies are equal, else the first of each kind. Zeros are equal whatever their sign."""
    flat = array.reshape(-1)
    if (flat == flat[0]).all():
        return _numbers(flat[:1])
    kinds = flat[:1]
    while (rest := flat[~np.isin(flat, kinds) & ~(np.isnan(flat) & np.isnan(kinds).any())]).size:
        kinds = np.append(kinds, rest[:1])
    return _numbers(kinds) if kinds.size == 1 else {"either": _numbers(kinds)}
