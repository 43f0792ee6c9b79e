"""What a campaign's programs reached: edges from op to op, and the classes of numbers that each op was given.

A class is a property of an operand of an op; an operand may be of several:

- normal: it has an element that is none of the following four; in integers and bools, one that is not 0.
- zero: it has an element that is 0, of either sign.
- huge: it has a finite element whose square overflows, |x| ≥ √max: norms, variances and x/y² need care there.
- tiny: it has an element that is not 0 and whose square is below the normal numbers, |x| < √tiny.
- inf, NaN: it has such an element.
- tie: it has two equal elements, for ops that choose by order; for ops that compare two operands element by element,
  the two have equal elements in one place. Asked of the ops in TIES only: for the others equality changes nothing.
- size 0: it has no elements.
- strided: it is an input that does not lie in memory one element after the other.

√max is 1.8e19 in float32 and 1.3e154 in float64, √tiny is 1.1e-19 and 1.5e-154: relative to the dtype, so that a
number which is harmless in float64 is not taken for a hard one.

Numbers are torch's. Parameters count as they were before the first optimizer step. A program's numbers are classified
in one go, for the loop has no time to look at arrays one by one.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from paragrad.fuzz.program import Apply, Array, Grad, Program, Ref, refs

CLASSES = ("normal", "zero", "tie", "huge", "tiny", "inf", "NaN", "size 0", "strided")
BIT = {name: 1 << k for k, name in enumerate(CLASSES)}
INPUT = "input"
"""The maker of an input."""

PEAKS = ("amax", "amin", "argmax", "argmin", "max", "max.dim", "max_pool2d", "min", "min.dim", "norm")
WITHIN = frozenset((*PEAKS, "argsort", "median", "median.dim", "sort", "topk"))
"""Ops that choose among the elements of an operand."""
BETWEEN = frozenset(("clamp", "eq", "fmax", "fmin", "ge", "gt", "l1_loss", "le", "lt", "maximum", "minimum", "ne"))
"""Ops that compare operands element by element."""
TIES = WITHIN | BETWEEN


def limits(dtype: type[np.floating[Any]]) -> Array:
    """The lower ends of tiny, normal, huge, inf and NaN; zeros lie below the first. Sorted as NumPy sorts NaN."""
    about = np.finfo(dtype)
    ends = (about.smallest_subnormal, np.sqrt(about.tiny), np.sqrt(about.max), dtype(np.inf), dtype(np.nan))
    return np.array(ends, dtype)


LIMITS = {np.dtype(dtype).char: limits(dtype) for dtype in (np.float32, np.float64)}
BITS = np.array([BIT[name] for name in ("zero", "tiny", "normal", "huge", "inf", "NaN")], np.uint16)
"""The class of a magnitude by how many of the LIMITS it reaches."""


class Coverage:
    """Counts of uses; `add` takes up a program."""

    def __init__(self) -> None:
        self.made: Counter[tuple[str, str]] = Counter()
        self.given: Counter[tuple[str, str, int]] = Counter()
        self.tied: Counter[tuple[str, str]] = Counter()

    def add(self, program: Program, values: Mapping[int, Array]) -> None:
        """Count the uses of a program whose variables have these values."""
        makers = [INPUT] * len(program.inputs)
        uses: list[tuple[str, int]] = []
        tied: list[tuple[str, str]] = []
        for statement in program.statements:
            if type(statement) is Apply:
                op = statement.op
                operands = []
                for a in (*statement.args, *statement.kwargs.values()) if statement.kwargs else statement.args:
                    if type(a) is Ref:
                        operands.append(a.index)
                    elif type(a) is tuple:
                        operands += refs(a)
                if op in TIES and ties(op, [values[k] for k in operands]):
                    tied += [(op, values[k].dtype.char) for k in operands]
                uses += [(op, k) for k in operands]
                makers += [op] * len(statement.outputs)
            elif type(statement) is Grad:
                makers += ["grad"] * len(statement.outputs)
        self.made.update([(makers[k], op) for op, k in uses])
        found = classify({k: values[k] for _, k in uses})
        for k, spec in enumerate(program.inputs):
            if spec.strides is not None and k in found and not spec.view().flags.c_contiguous:
                found[k] = (found[k][0], found[k][1] | BIT["strided"])
        self.given.update([(op, *found[k]) for op, k in uses])
        self.tied.update(tied)

    def edges(self) -> dict[str, dict[str, int]]:
        """Uses by the op that made an operand ("input" for an input) and the op that used it, in order of name."""
        result: dict[str, dict[str, int]] = {}
        for (maker, user), count in sorted(self.made.items()):
            result.setdefault(maker, {})[user] = count
        return result

    def classes(self) -> dict[str, dict[str, dict[str, int]]]:
        """Uses by op, dtype and class of the operand, in order of name and of CLASSES; what is 0 is not there."""
        result: dict[str, dict[str, dict[str, int]]] = {}
        counts: Counter[tuple[str, str, int]] = Counter()
        for (op, char, mask), count in self.given.items():
            for k in range(len(CLASSES)):
                if mask >> k & 1:
                    counts[op, np.dtype(char).name, k] += count
        for (op, char), count in self.tied.items():
            counts[op, np.dtype(char).name, CLASSES.index("tie")] += count
        for (op, dtype, k), count in sorted(counts.items()):
            result.setdefault(op, {}).setdefault(dtype, {})[CLASSES[k]] = count
        return result


def classify(values: Mapping[int, Array]) -> dict[int, tuple[str, int]]:
    """The dtype's character of each array, and the classes that its elements decide, as a sum of BITs."""
    groups: dict[str, list[int]] = {}
    found: dict[int, tuple[str, int]] = {}
    for k, array in values.items():
        if array.size:
            groups.setdefault(array.dtype.char, []).append(k)
        else:
            found[k] = (array.dtype.char, BIT["size 0"])
    for char, members in groups.items():
        flat = [values[k].reshape(-1) for k in members]
        numbers = np.concatenate(flat)
        if char in LIMITS:
            bits = BITS[LIMITS[char].searchsorted(np.abs(numbers), side="right")]
        else:
            bits = np.where(numbers == 0, BITS[0], BITS[2])
        if len(bits) > len(flat):
            starts = [0, *itertools.accumulate(map(len, flat[:-1]))]
            bits = np.bitwise_or.reduceat(bits, starts)
        found.update(zip(members, zip(itertools.repeat(char), bits.tolist()), strict=True))
    return found


def ties(op: str, operands: Sequence[Array]) -> bool:
    """Whether elements are equal between which an op of TIES chooses. NaN equals nothing."""
    if op in WITHIN:
        ordered = np.sort(operands[0], axis=None)
        return bool((ordered[1:] == ordered[:-1]).any())
    first, *others = operands
    return any(bool(np.equal(first, other).any()) for other in others)
