"""What an op's values and gradients truly are, at the program's own inputs, to more digits than the dtype holds.

float32: torch in float64. float64: elementwise ops in mpmath with 60 digits, their derivatives by central differences
of the *value*, so that no rule of any engine is trusted; every other op by the op table in long double, unless that is
no longer than a double here, or differs from torch in more than half the digits. Where no truth is left, NoTruth says
why, and the record with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mpmath import mp

from paragrad.engine import dtypes
from paragrad.engine.ops.table import Op
from paragrad.fuzz.judge.end_to_end import Float64
from paragrad.fuzz.judge.third.functions import DIGITS, FUNCTIONS
from paragrad.fuzz.program import Apply, Array, Backward, Program, Ref, refs
from paragrad.fuzz.trace import Trace
from paragrad.reports.accuracy.long_double import LONG, LongDouble
from paragrad.reports.accuracy.ulp import HALF_THE_DIGITS, Truth

STEP = mp.mpf(10) ** -20  # of a central difference: its square is beyond the digits that are read
NOISE = mp.mpf(10) ** -50


class NoTruth(Exception):
    """Nothing more precise than the dtype is known here; says why."""


@dataclass(slots=True)
class Answers:
    """Truths by variable, and how they were found; `disputed` are gradients of which torch and the table's rules share
    less than half the digits, so that one of the two is wrong. They take no truth from the values."""

    method: str
    values: dict[int, Truth] = field(default_factory=dict)
    gradients: dict[int, Truth] = field(default_factory=dict)
    disputed: set[int] = field(default_factory=set)


def answers(op: Op, program: Program, dtype: str, torch: Trace) -> Answers:
    """The truth of a program of one op. Raises NoTruth where there is none of its values."""
    if dtype == "float32":
        return _of_trace("torch in float64", Float64().run(program), program)
    if op.name in FUNCTIONS:
        return Elementwise(op, program).answers()
    if not LONG:
        raise NoTruth("long double is float64 on this machine, and mpmath is used for elementwise ops only")
    found = _of_trace("long double", LongDouble().run(program), program)
    _agree(found, torch, program)
    return found


def _of_trace(method: str, trace: Trace, program: Program) -> Answers:
    if trace.failure is not None and trace.failure.statement == 0:
        raise NoTruth(f"{method}: {trace.failure.type}: {trace.failure.message.splitlines()[0]}")
    result = Answers(method)
    for variable, array in trace.values.items():
        result.values[variable] = Truth.of(np.asarray(array))
    for shown in trace.gradients.values():
        for variable, gradient in shown.items():
            if gradient is not None and variable < len(program.inputs):
                result.gradients[variable] = Truth.of(np.asarray(gradient))
    return result


def _agree(found: Answers, torch: Trace, program: Program) -> None:
    """Refuse a truth of which less than half the digits are torch's: one of the two is not what it says. Of a value
    that is NoTruth; a gradient is disputed, whatever it is that the rules made of it."""
    for k, truth in found.values.items():
        theirs = torch.values.get(k)
        if k < len(program.inputs):
            continue
        if theirs is None or theirs.shape != truth.hi.shape:
            raise NoTruth("long double and torch disagree on the shape of a value")
        if not _half_the_digits(truth, theirs):
            raise NoTruth("long double and torch share less than half the digits of a value: one of them is wrong")
    for shown in torch.gradients.values():
        for k, gradient in shown.items():
            if gradient is not None and k < len(program.inputs):
                carried = found.gradients.get(k)
                if carried is None or carried.hi.shape != gradient.shape or not _half_the_digits(carried, gradient):
                    found.gradients.pop(k, None)
                    found.disputed.add(k)


def _half_the_digits(truth: Truth, theirs: Array) -> bool:
    """Whether two arrays agree to half the digits of the largest number in them."""
    with np.errstate(all="ignore"):
        both = np.isfinite(truth.hi) & np.isfinite(theirs)
        off = np.abs(np.where(both, truth.hi.astype(np.float64) - theirs, 0.0)).max(initial=0.0)
        size = np.abs(np.where(both, theirs, 0)).max(initial=0.0)
    return bool(off <= HALF_THE_DIGITS * size)


class Elementwise:
    """One elementwise op, element by element in mpmath."""

    def __init__(self, op: Op, program: Program) -> None:
        self.op = op
        self.function = FUNCTIONS[op.name]
        self.program = program
        statement = program.statements[0]
        assert isinstance(statement, Apply)
        self.statement = statement
        self.arguments = op.bind(statement.args, dict(statement.kwargs))
        self.arrays = {k: program.inputs[k].array() for a in self.arguments for k in refs(a)}
        self.shape = np.broadcast_shapes(*(array.shape for array in self.arrays.values()))

    def answers(self) -> Answers:
        """Values, and gradients where the program carries any back."""
        found = Answers(f"mpmath, {DIGITS} digits")
        with mp.workdps(DIGITS):
            columns = [self._column(argument) for argument in self.arguments]
            values = self._each(columns)
            found.values[self.statement.outputs[0]] = _split(values, self.shape)
            if len(self.program.statements) > 1:
                self._gradients(columns, values, found)
        return found

    def _column(self, argument: Any) -> list[Any]:
        """An argument element by element, as exact numbers."""
        count = int(np.prod(self.shape, dtype=np.int64))
        if isinstance(argument, Ref):
            array = np.broadcast_to(self.arrays[argument.index], self.shape)
            return [mp.mpf(x) if type(x) is float else x for x in array.reshape(-1).tolist()]
        return [mp.mpf(argument) if type(argument) in (int, float) else argument] * count

    def _each(self, columns: list[list[Any]]) -> list[Any]:
        return [self._at(row) for row in zip(*columns, strict=True)]

    def _at(self, row: tuple[Any, ...]) -> Any:
        """The function at one point; NaN where it is not a real number."""
        try:
            value = self.function(**dict(zip(self.op.parameters, row, strict=True)))
        except (ZeroDivisionError, ValueError):
            return mp.nan
        return mp.nan if isinstance(value, mp.mpc) else value

    def _gradients(self, columns: list[list[Any]], values: list[Any], found: Answers) -> None:
        backward = self.program.statements[1]
        assert isinstance(backward, Backward)
        (cotangent,) = backward.cotangents
        assert cotangent is not None
        weights = [mp.mpf(x) for x in self.program.inputs[cotangent].array().reshape(-1).tolist()]
        for variable, array in self.arrays.items():
            if self.program.inputs[variable].requires_grad:
                slopes = self._slopes(columns, values, variable)
                products = np.empty(len(weights), object)
                products[:] = [w * s for w, s in zip(weights, slopes, strict=True)]
                total = _sum_to(products.reshape(self.shape), array.shape)
                found.gradients[variable] = _split(total.reshape(-1).tolist(), array.shape)

    def _slopes(self, columns: list[list[Any]], values: list[Any], variable: int) -> list[Any]:
        """The derivative for one variable, in all the places where it stands, at each point.

        NaN at a kink, also at one in a single place that the others cancel: maximum(x, x), clamp(x, m, m).
        """
        places = [k for k, a in enumerate(self.arguments) if isinstance(a, Ref) and a.index == variable]
        slopes = self._differences(columns, values, places)
        if len(places) > 1:
            for place in places:
                alone = self._differences(columns, values, [place])
                slopes = [a if mp.isnan(a) else slope for slope, a in zip(slopes, alone, strict=True)]
        return slopes

    def _differences(self, columns: list[list[Any]], values: list[Any], places: list[int]) -> list[Any]:
        steps = [STEP * max(1, abs(x)) for x in columns[places[0]]]
        sides = []
        for sign in (1, -1):
            moved = [x + sign * h for x, h in zip(columns[places[0]], steps, strict=True)]
            sides.append(self._each([moved if k in places else column for k, column in enumerate(columns)]))
        return [_slope(*point) for point in zip(*sides, values, steps, strict=True)]


def _slope(up: Any, down: Any, value: Any, step: Any) -> Any:
    """A central difference; 0 where nothing but the last digits moved, NaN where left and right differ."""
    if max(abs(up - value), abs(down - value)) <= NOISE * abs(value):
        return mp.mpf(0)
    right, left = (up - value) / step, (value - down) / step
    # Left and right differ by step · f'' on a smooth piece.
    return mp.nan if abs(right - left) > mp.sqrt(STEP) * (abs(right) + abs(left) + 1) else (up - down) / (2 * step)


def _split(numbers: list[Any], shape: tuple[int, ...]) -> Truth:
    """Exact numbers as hi + lo."""
    hi = [float(x) for x in numbers]
    lo = [float(x - h) if np.isfinite(h) else 0.0 for x, h in zip(numbers, hi, strict=True)]
    return Truth(np.array(hi, np.float64).reshape(shape), np.array(lo, np.float64).reshape(shape))


def _sum_to(array: Array, shape: tuple[int, ...]) -> Array:
    """The transpose of broadcasting, on an array of exact numbers."""
    lead = array.ndim - len(shape)
    dims = (*range(lead), *(k + lead for k, n in enumerate(shape) if n == 1 and array.shape[k + lead] != 1))
    if not dims:
        return array
    total, size = (np.add.reduce(a, axis=dims, keepdims=True, initial=mp.mpf(0)) for a in (array, np.abs(array)))
    found = np.empty(np.shape(total), object)
    # What cancels to nothing leaves the digits behind that a difference does not have.
    found.reshape(-1)[:] = [
        mp.mpf(0) if abs(t) <= STEP * s else t for t, s in zip(np.ravel(total), np.ravel(size), strict=True)
    ]
    return found.reshape(shape)


def in_dtype(program: Program, dtype: str) -> Program:
    """The program with its Python numbers rounded to `dtype`, as torch rounds them before it computes."""
    kind = dtypes.as_dtype(dtype).type

    def rounded(argument: Any) -> Any:
        if type(argument) is float:
            return float(kind(argument))
        return tuple([rounded(part) for part in argument]) if type(argument) is tuple else argument

    statements = [
        Apply(s.op, rounded(s.args), {k: rounded(v) for k, v in s.kwargs.items()}, s.outputs) if type(s) is Apply else s
        for s in program.statements
    ]
    return Program(program.inputs, statements, program.optimizer)
