"""Applications of one op in one form, from many programs, that torch is asked about at once.

Each application is an element of vectors: its operands, what the subject made of them, the gradients that came in. The
vectors have gaps in memory, for then torch takes the kernels that it takes for 0-d tensors, and gives the same bits.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from paragrad.engine.ops.rounding import Elementwise
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.pytorch import resolve
from paragrad.fuzz.program import Apply, Array, Ref

ELEMENTWISE = frozenset(
    name
    for name, op in TABLE.items()
    if (isinstance(op.rounding, Elementwise) or name in ("softplus", "logaddexp", "gelu"))
    and len(op.outputs) == 1
    and op.recover is None
    and op.pullbacks
    and not op.internal
)
"""The ops that treat each element alone; those that are named have an error analysis of their own."""
VARIED: dict[str, tuple[int, ...]] = {"add": (0, 1), "sub": (0, 1), "mul": (0, 1), "div": (1,)}
"""The arguments where a number is to torch what a tensor of it is. Elsewhere it is not: pow(x, 2) is x · x, and a
number divided by a tensor is that tensor's reciprocal times the number."""
LARGEST_INT = 1 << 53
"""Integers beyond it need not be float64 numbers."""
CONSTANTS = (float, int, str, type(None))
Key = tuple[Any, ...]
"""An op, for each argument whether it requires grad (True, False) or what it is (a tuple of one), and the keywords."""


def key(statement: Apply, needing: Sequence[bool]) -> Key | None:
    """What applications that are asked about together have in common; None where it is to be asked alone."""
    op = statement.op
    if op not in ELEMENTWISE or len(statement.outputs) != 1:
        return None
    varied = VARIED.get(op, ())
    form: list[Any] = []
    for position, argument in enumerate(statement.args):
        kind = type(argument)
        if kind is Ref:
            form.append(needing[argument.index])
        elif position in varied and (kind is float or (kind is int and abs(argument) <= LARGEST_INT)):
            form.append(False)
        elif kind in CONSTANTS:
            form.append((argument,))
        else:
            return None
    if not statement.kwargs:
        return (op, *form)
    if any(type(value) not in CONSTANTS for value in statement.kwargs.values()):
        return None
    return (op, *form, tuple(statement.kwargs.items()))


class Alike:
    """Applications with one key. `outputs` are where torch's values belong in the list of all values.

    Of those that a backward reached, `rows` are the applications, `incoming` the gradients of their outputs, and
    `shares` for each operand that requires grad where torch's contributions belong in the list of all contributions.
    """

    def __init__(self, key: Key, statement: Apply) -> None:
        self.op = statement.op
        self.kwargs = statement.kwargs
        self.form = key[1 : 1 + len(statement.args)]
        self.operands: list[list[float]] = [[] for kind in self.form if type(kind) is bool]
        self.needing = [kind for kind in self.form if type(kind) is bool]
        self.outputs: list[int] = []
        self.rows: list[int] = []
        self.incoming: list[float] = []
        self.shares: list[list[int]] = [[] for needed in self.needing if needed]

    def add(self, arguments: Sequence[Any], shown: Sequence[float], output: int) -> int:
        """Add an application to variables with the values `shown`; return its row."""
        columns = iter(self.operands)
        for argument, kind in zip(arguments, self.form, strict=True):
            if type(kind) is bool:
                next(columns).append(shown[argument.index] if type(argument) is Ref else float(argument))
        self.outputs.append(output)
        return len(self.outputs) - 1

    def walk(self, row: int, incoming: float, place: int) -> None:
        """A backward came through an application: its contributions belong at `place` and the places after it."""
        self.rows.append(row)
        self.incoming.append(incoming)
        for k, share in enumerate(self.shares):
            share.append(place + k)

    def values(self) -> Array | None:
        """torch's values, None where it refuses or gives anything but float64 numbers."""
        try:
            with torch.no_grad():
                found = self._call([_gapped(column) for column in self.operands])
        except (RuntimeError, ValueError, IndexError, TypeError):
            return None
        return found.numpy() if found.dtype == torch.float64 else None

    def contributions(self) -> list[Array] | None:
        """For each operand that requires grad what torch contributes in each of `rows`, None where it refuses."""
        if not self.rows:
            return [np.zeros(0) for _ in self.shares]
        rows = np.array(self.rows)
        leaves = [_gapped(np.array(column)[rows]) for column in self.operands]
        wanted = [leaf.requires_grad_() for leaf, needed in zip(leaves, self.needing, strict=True) if needed]
        try:
            gradients: Any = torch.autograd.grad(
                [self._call(leaves)], wanted, [_gapped(self.incoming)], allow_unused=True
            )
        except (RuntimeError, ValueError, IndexError, TypeError):
            return None
        return [np.zeros(len(rows)) if g is None else g.numpy() for g in gradients]

    def _call(self, leaves: Sequence[torch.Tensor]) -> torch.Tensor:
        coming = iter(leaves)
        args = [next(coming) if type(kind) is bool else kind[0] for kind in self.form]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: torch.Tensor = resolve(self.op)(*args, **self.kwargs)
        return found


def _gapped(numbers: Sequence[float] | Array) -> torch.Tensor:
    """The numbers as a vector, each followed in memory by one that is not used."""
    storage = np.zeros((len(numbers), 2))
    storage[:, 0] = numbers
    return torch.from_numpy(storage)[:, 0]
