"""Forms: in how many ways an op can be called, and which of them an engine has.

`2 ** a`, a bias of lower rank, a sum over a tuple of dims: a small engine lacks some, or is wrong in some. Each form is
tried once, alone, at ordinary numbers. One that fails is told, and then kept out of the larger programs, where it would
hide what else is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from paragrad.engine.ops.samples import Call
from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.engines.worker.protocol import Spelling
from paragrad.fuzz.program import Program, Ref

Form: TypeAlias = tuple[str, ...]
"""An op, and a word for each of its arguments that are given."""
Shape: TypeAlias = tuple[int, ...]
Look: TypeAlias = Callable[[Any], tuple[Any, Shape, str] | None]
"""Tells of an argument which variable it is, its shape and its dtype's kind; None of what is no variable."""

HIGHEST = 3
"""Ranks from here on are alike."""
MISSES = 50
"""A stage makes no more draws after so many that gave no program: the forms that it needs are lacking."""


def form(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any], look: Look) -> Form:
    """The form of a call of `op` with these arguments."""
    given = {**dict(zip(op.parameters, args, strict=False)), **kwargs}
    words = [f"{name}={_word(value, look)}" for name, value in given.items()]
    if broadcasts(op):
        left, right = (given[op.parameters[k]] for _, k in op.operands)
        words[:2] = [_relation(left, right, look)]
    return (op.name, *words)


def form_of_call(op: Op, call: Call) -> Form:
    """The form of a call that was drawn."""
    return form(op, call.args, call.kwargs, _look_at_drawn)


def form_of_program(program: Program) -> Form | None:
    """The form of the one op in a program; None where there are more, or fewer."""
    applications = [statement for _, statement in program.applications()]
    if len(applications) != 1:
        return None
    (statement,) = applications

    def look(argument: Any) -> tuple[Any, Shape, str] | None:
        if not isinstance(argument, Ref):
            return None
        spec = program.inputs[argument.index]
        return argument.index, spec.shape, spec.dtype.kind

    return form(TABLE[statement.op], statement.args, statement.kwargs, look)


def broadcasts(op: Op) -> bool:
    """Whether an op takes two operands whose shapes are broadcast."""
    return op.arity == 2 and len(op.operands) == 2 and op.name != "matmul"


def usual(op: Op, call: Call) -> bool:
    """Whether a call is one that people expect of a small engine, beside all that torch takes.

    Not: integers or bools in the place of numbers, a result's dtype, a dim of a tensor that has none, probabilities as
    the target of a cross-entropy or logits without a batch, bounds that are tensors or only one, results without
    elements, masks and bools as an index, and arrays beside anything else in one: NumPy orders those dims otherwise.
    """
    given = {**dict(zip(op.parameters, call.args, strict=False)), **call.kwargs}
    if any(isinstance(value, np.dtype) for value in given.values()) or any(0 in out.shape for out in call.outputs):
        return False
    first = _look_at_drawn(next(iter(given.values())))
    if first is not None and first[2] != "f" and (op.composite or op.parameters[0] in op.pullbacks):
        return False
    if first is not None and not first[1] and any(n.startswith("dim") and v is not None for n, v in given.items()):
        return False
    if op.name == "getitem":
        parts = given["index"] if isinstance(given["index"], tuple) else (given["index"],)
        looks = [_look_at_drawn(part) for part in parts]
        arrays = [seen is not None or isinstance(part, tuple) for seen, part in zip(looks, parts, strict=True)]
        if any(isinstance(part, bool) for part in parts):
            return False
        return not any(arrays) or (len(parts) == 1 and not any(seen and seen[2] == "b" for seen in looks))
    if op.name == "clamp":
        return all(isinstance(given.get(bound), int | float) for bound in ("min", "max"))
    if op.name == "cross_entropy":
        return given["target"].dtype.kind == "i" and len(given["input"].shape) == 2
    return True


def _look_at_drawn(argument: Any) -> tuple[Any, Shape, str] | None:
    shape = getattr(argument, "shape", None)
    return None if shape is None or isinstance(argument, np.dtype) else (argument, shape, argument.dtype.kind)


def _word(value: Any, look: Look) -> str:
    """What kind of argument it is."""
    variable = look(value)
    if variable is not None:
        _, shape, kind = variable
        return f"{kind}{min(len(shape), HIGHEST)}"
    if isinstance(value, tuple):
        return f"({' '.join(sorted({_word(part, look) for part in value}))})"
    if isinstance(value, bool | str) or value is None or value is Ellipsis:
        return str(value)
    if isinstance(value, int):
        return "int" if value >= 0 else "-int"
    return type(value).__name__


def _relation(a: Any, b: Any, look: Look) -> str:
    """How two operands that are broadcast lie to each other."""
    left, right = look(a), look(b)
    if left is None or right is None:
        known = left or right
        side = "number on the left" if left is None else "number on the right"
        return side if known is None or known[1] else f"{side}, 0-d"
    if left[0] is right[0]:
        return "one twice"
    if left[1] == right[1]:
        return "alike" if left[1] else "0-d"
    if not (left[1] and right[1]):
        return f"{'left' if not left[1] else 'right'} 0-d"
    rank = max(len(left[1]), len(right[1]))
    padded = [(1,) * (rank - len(v[1])) + v[1] for v in (left, right)]
    grows = [any(m == 1 and n != 1 for m, n in zip(x, y, strict=True)) for x, y in (padded, padded[::-1])]
    which = " and ".join(side for side, spread in zip(("left", "right"), grows, strict=True) if spread) or "none"
    return f"{which} spread" + ("" if len(left[1]) == len(right[1]) else ", rank differs")


def without_numbers(ops: Mapping[str, Spelling]) -> Iterator[Form]:
    """The forms with a number of ops that are methods or functions and take none on that side.

    Of an operator people expect it: there it is tried, and told if it fails.
    """
    for op, spelling in ops.items():
        if "(" in spelling.spelled:
            for side in ("left", "right"):
                if spelling.numbers not in (side, "both"):
                    yield from ((op, f"number on the {side}{dims}") for dims in ("", ", 0-d"))


HANGS = 2
"""Forms of an op that hang before those of which nothing is known are given up, too: each costs seconds."""


class Known:
    """The forms that an engine is known to have, those it lacks, and those in which it is wrong at ordinary numbers."""

    def __init__(self) -> None:
        self.right: set[Form] = set()
        self.lacking: set[Form] = set()
        self.wrong: set[Form] = set()
        self.hangs: Counter[str] = Counter()

    def learn(self, program: Program, structural: bool | None) -> None:
        """Take up how a program of one op ended.

        `structural` is None where nothing is wrong, true where the form fails whatever the numbers, else false.
        """
        found = form_of_program(program)
        if found is None:
            return
        if structural is None:
            self.right.add(found)
        elif found not in self.right:
            (self.lacking if structural else self.wrong).add(found)

    def hung(self, program: Program) -> None:
        """Take up that a program did not end."""
        if (found := form_of_program(program)) is not None:
            self.hangs[found[0]] += 1
            self.right.discard(found)
            self.lacking.add(found)

    def fails(self, found: Form) -> bool:
        """Whether a form is known to fail."""
        return found in self.wrong or self.lacks(found)

    def lacks(self, found: Form) -> bool:
        """Whether a form is known to fail whatever the numbers, or is not worth the time."""
        return found in self.lacking or (self.hangs[found[0]] >= HANGS and found not in self.right)

    def hit(self, program: Program) -> bool:
        """Whether a program of one op has a form that the engine lacks."""
        found = form_of_program(program)
        return found is not None and self.lacks(found)
