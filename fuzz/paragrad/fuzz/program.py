"""Program: a computation as plain data. Everything speaks it.

Strategies draw Programs, engines run them, the judge judges what came out, the shrinker reduces them, repro prints
them, the corpus stores them. Variables are numbered: the inputs first, then each statement's outputs. A Program holds
values, never seeds, and is valid by construction: torch accepts it.

Arguments are Python values whose type is their tag: Ref (a variable), bool, int, float, str, None, tuple (of
arguments), slice, Ellipsis, Dtype. `encoding.py` writes and reads them as JSON.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Ref:
    """A variable of the program, by number."""

    index: int


@dataclass(frozen=True, slots=True)
class Dtype:
    """A dtype as an argument: bool, int64, float32 or float64."""

    name: str


@dataclass(slots=True)
class Input:
    """A leaf: a name, whether it requires grad, and a view (shape, strides and offset in elements) of `storage`.

    `strides` None means contiguous from the start. Strides may be zero (expanded) or negative (reversed).
    """

    name: str
    storage: Array
    shape: tuple[int, ...]
    requires_grad: bool = False
    strides: tuple[int, ...] | None = None
    offset: int = 0

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the elements."""
        return self.storage.dtype

    def array(self) -> Array:
        """A fresh array: a copy of the storage, seen through the view."""
        return self._seen(self.storage.copy())

    def view(self) -> Array:
        """The input's numbers without a copy, to be read only."""
        return self._seen(self.storage)

    def _seen(self, storage: Array) -> Array:
        if self.strides is None:
            return storage.reshape(self.shape)
        steps = tuple(s * storage.itemsize for s in self.strides)
        return np.lib.stride_tricks.as_strided(storage[self.offset :], self.shape, steps)

    @staticmethod
    def of(name: str, array: Array, requires_grad: bool = False) -> Input:
        """A contiguous input that holds a copy of `array`."""
        return Input(name, np.array(array).reshape(-1), array.shape, requires_grad)


@dataclass(slots=True)
class Apply:
    """outputs = op(*args, **kwargs); `in_place`, as Python's `y += b` has it (see `paragrad.fuzz.in_place`)."""

    op: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: tuple[int, ...]
    in_place: bool = False


@dataclass(slots=True)
class Backward:
    """Accumulate into the leaves the gradient of Σ ⟨cotangent, root⟩. A cotangent None stands for 1."""

    roots: tuple[int, ...]
    cotangents: tuple[int | None, ...]
    retain_graph: bool = False
    create_graph: bool = False


@dataclass(slots=True)
class Grad:
    """outputs = gradients of Σ ⟨cotangent, root⟩ with respect to `inputs`, recorded to be differentiated again."""

    roots: tuple[int, ...]
    cotangents: tuple[int | None, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(slots=True)
class ZeroGrad:
    """Forget the gradients of all leaves."""


@dataclass(slots=True)
class OptimizerStep:
    """One step of the program's optimizer on its parameters."""


Statement: TypeAlias = Apply | Backward | Grad | ZeroGrad | OptimizerStep


@dataclass(slots=True)
class Optimizer:
    """A torch.optim class by name, the inputs that are its parameters, and its options."""

    name: str
    parameters: tuple[int, ...]
    options: dict[str, Any]


@dataclass(slots=True)
class Program:
    """Inputs, statements, and an optimizer where there is one."""

    inputs: list[Input]
    statements: list[Statement] = field(default_factory=list)
    optimizer: Optimizer | None = None

    @property
    def count(self) -> int:
        """The number of variables."""
        return len(self.inputs) + sum(len(s.outputs) for s in self.statements if isinstance(s, Apply | Grad))

    def name(self, variable: int) -> str:
        """The name of a variable: an input's own, v<number> for the rest."""
        return self.inputs[variable].name if variable < len(self.inputs) else f"v{variable}"

    def applications(self) -> Iterator[tuple[int, Apply]]:
        """The op statements with their position."""
        for position, statement in enumerate(self.statements):
            if isinstance(statement, Apply):
                yield position, statement

    def maker(self, variable: int) -> Statement | None:
        """The statement that made a variable, None for an input."""
        for statement in self.statements:
            if isinstance(statement, Apply | Grad) and variable in statement.outputs:
                return statement
        return None

    def structure(self) -> tuple[Any, ...]:
        """What makes a program distinct: statements, and the shape, strides and dtype of inputs; not their values."""
        return (
            tuple([(i.shape, i.strides, i.storage.dtype.char, i.requires_grad) for i in self.inputs]),
            repr(self.statements),
            repr(self.optimizer),
        )

    def digest(self) -> str:
        """SHA-256 of the program's canonical JSON: equal where programs are equal to the bit."""
        from paragrad.fuzz.encoding import dumps

        return hashlib.sha256(dumps(self).encode()).hexdigest()


def refs(argument: Any) -> Iterator[int]:
    """The variables that an argument, or a tuple or dict of arguments, refers to."""
    if isinstance(argument, Ref):
        yield argument.index
    elif isinstance(argument, tuple):
        for part in argument:
            yield from refs(part)
    elif isinstance(argument, dict):
        for part in argument.values():
            yield from refs(part)


def replace_refs(argument: Any, replace: Any) -> Any:
    """The argument with `replace(index)` in the place of each Ref."""
    if type(argument) is Ref:
        return replace(argument.index)
    if type(argument) is tuple:
        return tuple([replace_refs(part, replace) for part in argument])
    return argument
