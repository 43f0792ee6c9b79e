"""What a Trace shows, before anything is judged: only arrays of real numbers are, and only of the Program's variables.

An engine that isn't ours may show anything: strings, None for a value, complex numbers, a variable that doesn't exist.
Each such thing is told, in words, and taken out; what is left is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from paragrad.fuzz.encoding import DTYPES
from paragrad.fuzz.program import Program
from paragrad.fuzz.trace import Trace

KNOWN = frozenset(np.dtype(name).char for name in DTYPES)
"""The dtypes that a Program's variables can have, by their character: comparing dtypes themselves is slow."""
NUMBERS = (int, float, np.number, np.bool_)
"""What engines show in the place of a 0-d array."""

Complaint = tuple[int, int | None, str]
"""The statement after which it was shown (-1: a value), the variable (None: not one of the program's), and a text."""


def take_in(program: Program, trace: Trace) -> tuple[Trace, list[Complaint]]:
    """The part of a trace that can be judged, and what is wrong with the rest."""
    complaints: list[Complaint] = []
    count = program.count
    trace = plain(trace)
    failure = trace.failure
    if failure is not None and failure.statement not in range(-1, len(program.statements)):
        trace = replace(trace, failure=replace(failure, statement=-1))
    parts: list[tuple[int, str, Mapping[int, Any]]] = [(-1, "value", trace.values)]
    parts += [(at, "gradient", shown) for at, shown in trace.gradients.items()]
    parts += [(at, "parameter", shown) for at, shown in trace.parameters.items()]
    for at, what, shown in parts:
        complaints += [(at, variable, f"{what} {text}") for variable, text in unfit(shown, what, count)]
    if not complaints:
        return trace, []
    wrong = {(at, variable) for at, variable, _ in complaints}

    def fit(at: int, shown: Mapping[int, Any]) -> dict[int, Any]:
        return {k: v for k, v in shown.items() if (at, k) not in wrong and type(k) is int and 0 <= k < count}

    gradients = {at: fit(at, shown) for at, shown in trace.gradients.items()}
    parameters = {at: fit(at, shown) for at, shown in trace.parameters.items()}
    return replace(trace, values=fit(-1, trace.values), gradients=gradients, parameters=parameters), complaints


def plain(trace: Trace) -> Trace:
    """The trace with Python and NumPy numbers as the 0-d arrays they stand for."""
    shown: list[Mapping[int, Any]] = [trace.values, *trace.gradients.values(), *trace.parameters.values()]
    if not any(type(x) is not np.ndarray and isinstance(x, NUMBERS) for part in shown for x in part.values()):
        return trace

    def arrays(part: Mapping[int, Any]) -> dict[int, Any]:
        return {k: np.asarray(x) if isinstance(x, NUMBERS) else x for k, x in part.items()}

    gradients = {at: arrays(part) for at, part in trace.gradients.items()}
    parameters = {at: arrays(part) for at, part in trace.parameters.items()}
    return replace(trace, values=arrays(trace.values), gradients=gradients, parameters=parameters)


def unfit(shown: Mapping[int, Any], what: str, count: int) -> Iterator[tuple[int | None, str]]:
    """What is no array of real numbers, or belongs to no variable."""
    for variable, array in shown.items():
        if type(variable) is not int or not 0 <= variable < count:
            yield None, f"shown for variable {variable}, but the program has {count}"
        elif array is None and what == "gradient":
            continue
        elif type(array) is not np.ndarray:
            yield variable, f"is {_short(array)}, expected an array of numbers"
        elif array.dtype.char not in KNOWN or not array.dtype.isnative:
            yield variable, f"holds {array.dtype} elements, expected one of {', '.join(DTYPES)}"


def _short(thing: Any) -> str:
    try:
        text = repr(thing)
    except Exception as error:  # noqa: BLE001 - it is the subject's
        text = f"something whose repr raises {type(error).__name__}"
    return f"{text[:40]}{'...' if len(text) > 40 else ''} ({type(thing).__name__})"
