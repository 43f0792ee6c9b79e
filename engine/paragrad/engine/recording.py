"""What an op does when it meets a Tensor: bring operands to one dtype, compute, and record a Node where one is needed.

This is the hot path of every forward pass.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.dtypes import float32, float64
from paragrad.engine.graph import Node
from paragrad.engine.ops.table import Op, handlers
from paragrad.engine.promotion import promote
from paragrad.engine.state import state
from paragrad.engine.tensor import Tensor

ndarray = np.ndarray


def record(op: Op, args: tuple[Any, ...]) -> Any:
    """Apply `op` to arguments in order of its parameters, at least one operand a Tensor; return Tensors.

    Nearly all calls are of an op of one or two operands on arrays of one float dtype: these take the short way here,
    which does what `record_any` does and no more.
    """
    x = args[0]
    if not op.arity or not isinstance(x, Tensor) or (op.given is not None and args[op.given] is not None):
        return record_any(op, args)
    array = x.array
    dtype = array.dtype
    if type(array) is not ndarray or (dtype is not float32 and dtype is not float64):
        return record_any(op, args)
    mask = 1 if x.requires_grad else 0
    y: Any = None
    if op.arity == 1:
        values: tuple[Any, ...] = (array,) if len(args) == 1 else (array, *args[1:])
        if op.indexed:
            values = tuple([unwrap_index(argument) for argument in values])
    else:
        other = y = args[1]
        if isinstance(y, Tensor):
            other = y.array
            if other.dtype is not dtype or type(other) is not ndarray:
                return record_any(op, args)
            if y.requires_grad:
                mask += 2
        elif type(y) is not float and type(y) is not int:
            return record_any(op, args)
        values = (array, other) if len(args) == 2 else (array, other, *args[2:])
    try:
        result = state.quietly(op.compute, *values)
    except ValueError as error:
        explain(op, args, error)
        raise
    if type(result) is not ndarray:
        result = np.asarray(result)
    if not mask or not op.pullbacks or not state.grad_enabled:
        return Tensor(result)
    plan = op.plans.get(mask) or op.plan(mask)
    if not plan.positions:
        return Tensor(result)
    if mask == 1:
        parents: tuple[Any, ...] = (x.node or x,)
    elif mask == 2:
        parents = (y.node or y,)
    else:
        parents = (x.node or x, y.node or y)
    saved = plan.save((*values, result)) if plan.keep else ()
    return Tensor(result, True, Node(plan, parents, saved, result.shape))


def record_any(op: Op, args: tuple[Any, ...]) -> Any:
    """`record` for every kind of op and operand."""
    if op.composite:
        return op.compute(*args)
    values = list(args)
    tensors: list[Tensor] = []
    mask = 0
    for bit, position in op.operands:
        operand = args[position]
        if isinstance(operand, Tensor):
            members = [operand]
            values[position] = operand.array
        elif position in op.listed:
            members = all_tensors(op, position, operand)
            values[position] = [member.array for member in members]
        else:
            values[position] = number(op, position, operand)
            continue
        tensors += members
        if any(member.requires_grad for member in members):
            mask |= bit
    promoted = promote(op, args, tensors)
    if promoted is not None:
        return record(op, promoted)
    for position in op.indexed:
        values[position] = unwrap_index(args[position])
    results = evaluate(op, args, values, tensors)
    node = None
    if mask and state.grad_enabled and op.pullbacks and results[0].dtype.kind == "f":
        plan = op.plans.get(mask) or op.plan(mask)
        if plan.positions:
            parents = tuple([edges(args[position]) for position in plan.positions])
            node = Node(plan, parents, plan.save([*values, *results]), results[0].shape)
    first = Tensor(results[0], node is not None, node)
    return first if len(op.outputs) == 1 else op.pack((first, *map(Tensor, results[1:])))


def evaluate(op: Op, args: tuple[Any, ...], values: list[Any], tensors: list[Tensor]) -> list[Any]:
    """The op's outputs: computed on NumPy's arrays, or by the handler of arrays of another kind."""
    for tensor in tensors:
        if type(tensor.array) is not ndarray:
            result = handlers[type(tensor.array)](op, tuple(values))
            return list(result) if len(op.outputs) > 1 else [result]
    try:
        result = state.quietly(op.compute, *values)
    except ValueError as error:
        explain(op, args, error)
        raise
    return [np.asarray(r) for r in (result if len(op.outputs) > 1 else [result])]


def edges(operand: Any) -> Any:
    """Where the gradient of an operand goes, or those of a list of operands."""
    if isinstance(operand, Tensor):
        return operand if operand.node is None else operand.node
    return tuple([edge(element) for element in operand])


def edge(tensor: Tensor) -> Any:
    """Where the gradient of `tensor` goes: its node, itself if it is a leaf, None if it needs none."""
    if not tensor.requires_grad:
        return None
    return tensor if tensor.node is None else tensor.node


def number(op: Op, position: int, operand: Any) -> Any:
    """An operand that is no Tensor: a Python number, a NumPy scalar as one, or None; anything else is refused."""
    if operand is None or isinstance(operand, bool | int | float):
        return operand
    if isinstance(operand, np.generic):
        return operand.item()
    raise TypeError(
        f"{op.name}(): argument '{op.parameters[position]}' must be a Tensor or a number, "
        f"not {type(operand).__name__}: wrap it with tensor(...)"
    )


def all_tensors(op: Op, position: int, operands: Any) -> list[Tensor]:
    """The members of a list operand; anything but a Tensor is refused there."""
    for member in operands:
        if not isinstance(member, Tensor):
            kind = type(member).__name__
            raise TypeError(f"{op.name}(): '{op.parameters[position]}' must hold Tensors only, found {kind}")
    return list(operands)


def explain(op: Op, args: tuple[Any, ...], error: Exception) -> None:
    """Raise what torch raises where NumPy refused operands that don't broadcast; else do nothing."""
    if op.promote is None:
        return
    shapes = [tuple(a.shape) for a in args if isinstance(a, Tensor)]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        listed = " and ".join(map(str, shapes))
        raise RuntimeError(
            f"{op.name}(): shapes {listed} don't broadcast: counted from the last dimension, "
            "sizes have to be equal or 1"
        ) from error


def unwrap_index(index: Any) -> Any:
    """An index with arrays where Tensors stood. A list is copied: what it holds may change before the backward."""
    if isinstance(index, Tensor):
        return index.array
    if isinstance(index, tuple):
        return tuple([unwrap_index(part) for part in index])
    if isinstance(index, list):
        return [unwrap_index(part) for part in index]
    return index


handlers[Tensor] = record
