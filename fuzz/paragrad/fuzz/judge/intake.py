"""What a Trace shows, before anything is judged: only arrays of real numbers are, and only of the Program's variables.

An engine that isn't ours may show anything: strings, None for a value, complex numbers, a variable that doesn't exist.
Each such thing is told, in words, and taken out; what is left is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from paragrad.fuzz.program import Program
from paragrad.fuzz.trace import Trace

Complaint = tuple[int, int | None, str]
"""The statement after which it was shown (-1: a value), the variable (None: not one of the program's), and a text."""


def take_in(program: Program, trace: Trace) -> tuple[Trace, list[Complaint]]:
    """The part of a trace that can be judged, and what is wrong with the rest."""
    complaints: list[Complaint] = []
    count = program.count
    parts: list[tuple[int, str, Mapping[int, Any]]] = [(-1, "value", trace.values)]
    parts += [(at, "gradient", shown) for at, shown in trace.gradients.items()]
    parts += [(at, "parameter", shown) for at, shown in trace.parameters.items()]
    for at, what, shown in parts:
        complaints += [(at, variable, f"{what} {text}") for variable, text in unfit(shown, what, count)]
    if not complaints:
        return trace, []
    wrong = {(at, variable) for at, variable, _ in complaints}

    def fit(at: int, shown: Mapping[int, Any]) -> dict[int, Any]:
        return {k: v for k, v in shown.items() if (at, k) not in wrong and 0 <= k < count}

    gradients = {at: fit(at, shown) for at, shown in trace.gradients.items()}
    parameters = {at: fit(at, shown) for at, shown in trace.parameters.items()}
    return replace(trace, values=fit(-1, trace.values), gradients=gradients, parameters=parameters), complaints


def unfit(shown: Mapping[int, Any], what: str, count: int) -> Iterator[tuple[int | None, str]]:
    """What is no array of real numbers, or belongs to no variable."""
    for variable, array in shown.items():
        if not 0 <= variable < count:
            yield None, f"shown for variable {variable}, but the program has {count}"
        elif array is None and what == "gradient":
            continue
        elif not isinstance(array, np.ndarray):
            yield variable, f"is {_short(array)}, expected an array of numbers"
        elif array.dtype.kind not in "fib":
            yield variable, f"holds {array.dtype} elements, expected real numbers"


def _short(thing: Any) -> str:
    text = repr(thing)
    return f"{text[:40]}{'...' if len(text) > 40 else ''} ({type(thing).__name__})"
