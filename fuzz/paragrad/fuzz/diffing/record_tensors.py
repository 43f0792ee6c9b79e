"""What is done to Tensors while a file runs, noted op by op, and the Program of one that came out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from paragrad.engine import Tensor, functional, recording
from paragrad.engine.dtypes import as_dtype
from paragrad.engine.ops.table import Op, handlers
from paragrad.fuzz.diffing.written import Unreadable, Written, in_order
from paragrad.fuzz.program import Apply, Backward, Dtype, Input, Program, Ref

RECORD = "record"
"""What Tensor's methods call by this name."""


class Ledger:
    """The calls by what they gave; everything that took part is kept, so that no id is given twice."""

    def __init__(self, made: Callable[[Any], None]) -> None:
        self.made = made
        self.calls: dict[int, tuple[Op, tuple[Any, ...], tuple[Any, ...]]] = {}
        self.arrays: dict[int, Any] = {}
        self.kept: list[Any] = []

    def install(self) -> None:
        """Have every op on Tensors noted."""
        record = recording.record

        def noted(op: Op, args: tuple[Any, ...]) -> Any:
            result = record(op, args)
            if not op.composite:  # it is written with ops that note themselves
                self.note(op, args, result)
            return result

        handlers[Tensor] = noted
        setattr(functional, RECORD, noted)

    def note(self, op: Op, args: tuple[Any, ...], result: Any) -> None:
        """One call. Leaves are copied as they are now: a training step may write to them."""
        outputs = result if isinstance(result, tuple) else (result,)
        for tensor in tensors(args):
            if id(tensor) not in self.calls and id(tensor) not in self.arrays:
                self.arrays[id(tensor)] = np.array(tensor.array)
        for output in outputs:
            self.calls[id(output)] = (op, args, outputs)
            self.made(output)
        self.kept.append((args, result))

    def read(self, root: Tensor, names: dict[int, str], lines: dict[int, int]) -> Written:
        """The Program of all that `root` was made of. Raises Unreadable."""
        order = in_order(root, lambda t: tensors(self.calls[id(t)][1]) if id(t) in self.calls else ())
        leaves = [t for t in order if id(t) not in self.calls]
        if len(order) == len(leaves) or not any(t.requires_grad for t in leaves):
            raise Unreadable("the result was made of no Tensor that requires grad: there is nothing to differentiate")
        number = {id(t): k for k, t in enumerate(leaves)}
        made = Written(Program([]))
        taken: set[str] = set()
        for k, leaf in enumerate(leaves):
            name = names.get(id(leaf), "")
            name = name if name and name not in taken else f"x{k}"
            taken.add(name)
            made.program.inputs.append(Input.of(name, self.arrays[id(leaf)], leaf.requires_grad))
        count = len(leaves)
        for tensor in order:
            if id(tensor) not in self.calls or id(tensor) in number:
                continue
            op, args, outputs = self.calls[id(tensor)]
            given, options = called(op, args, number)
            places = tuple(range(count, count + len(outputs)))
            made.program.statements.append(Apply(op.name, given, options, places))
            number.update(zip(map(id, outputs), places, strict=True))
            count += len(outputs)
        for tensor in order:
            k = number[id(tensor)]
            if id(tensor) in lines:
                made.lines[k] = lines[id(tensor)]
            name = names.get(id(tensor), "")
            if k >= len(leaves) and name and name not in taken:
                taken.add(name)
                made.labels[k] = name
        if root.array.dtype.kind != "f":
            raise Unreadable(f"the result is of dtype {root.dtype}: there is nothing to differentiate")
        made.program.statements.append(Backward((number[id(root)],), (None,)))
        return made


def tensors(argument: Any) -> list[Any]:
    """The Tensors in an argument."""
    if isinstance(argument, Tensor):
        return [argument]
    if isinstance(argument, tuple | list):
        return [t for part in argument for t in tensors(part)]
    return []


def called(op: Op, args: tuple[Any, ...], number: dict[int, int]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments by position and by keyword: what has a default stands by its name, and where it is another."""
    required = len(op.parameters) - len(op.defaults)
    made = [argument(a, number) for a in args]
    rest = zip(op.parameters[required:], made[required:], args[required:], strict=True)
    options = {
        name: a for name, a, was in rest if not (type(was) is type(op.defaults[name]) and was == op.defaults[name])
    }
    return tuple(made[:required]), options


def argument(given: Any, number: dict[int, int]) -> Any:
    """An argument as a Program has it. Raises Unreadable for what it has no word for."""
    if isinstance(given, Tensor):
        return Ref(number[id(given)])
    if isinstance(given, tuple | list):
        return tuple(argument(part, number) for part in given)
    if isinstance(given, np.dtype):
        return Dtype(as_dtype(given).name)
    if isinstance(given, np.generic):
        return given.item()
    if given is None or given is Ellipsis or isinstance(given, bool | int | float | str | slice):
        return given
    raise Unreadable(f"an argument of type {type(given).__name__} can't be written down")
