"""What an op does when it meets a Tensor: bring operands to one dtype, compute, and record a Node where one is needed.

This is the hot path of every forward pass.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine import dtypes
from paragrad.engine.graph import Node, saved_values
from paragrad.engine.ops.rounding import COMPOSITE
from paragrad.engine.ops.shape import cast
from paragrad.engine.ops.table import Op, handlers
from paragrad.engine.state import state
from paragrad.engine.tensor import Tensor

ndarray = np.ndarray


def record(op: Op, args: tuple[Any, ...]) -> Any:
    """Apply `op` to arguments in order of its parameters, at least one operand a Tensor; return Tensors."""
    if op.rounding is COMPOSITE and not op.pullbacks:
        return op.compute(*args)
    values = list(args)
    parents: list[Any] = []
    mask = 0
    dtype = None
    mixed = False
    foreign = None
    for bit, position in op.operands:
        operand = args[position]
        if isinstance(operand, Tensor):
            array = operand.array
            values[position] = array
            if type(array) is not ndarray:
                foreign = handlers[type(array)]
            if dtype is None:
                dtype = array.dtype
            elif array.dtype is not dtype:
                mixed = True
            if operand.requires_grad:
                mask |= bit
                parents.append(operand if operand.node is None else operand.node)
        elif position in op.listed:
            values[position] = arrays = [listed_array(op, position, element) for element in operand]
            foreign = next((handlers[type(a)] for a in arrays if type(a) is not ndarray), foreign)
            mixed = mixed or len({element.dtype for element in operand}) > 1
            dtype = operand[0].array.dtype if dtype is None else dtype
            if any(element.requires_grad for element in operand):
                mask |= bit
                parents.append(tuple([edge(element) for element in operand]))
        elif not isinstance(operand, bool | int | float) and operand is not None:
            values[position] = plain(op, position, operand)
    given = op.given is not None and args[op.given] is not None
    if op.promote is not None and (mixed or given or dtype not in dtypes.FLOATS):
        promoted = promote(op, args)
        if promoted is not None:
            return record(op, promoted)
    for position in op.indexed:
        values[position] = unwrap_index(args[position])
    run = state.quietly
    if foreign is not None:
        result = foreign(op, tuple(values))
    else:
        try:
            result = run(op.compute, *values)
        except (TypeError, ValueError) as error:
            explain(op, args, error)
            raise
    plan = op.plan(mask) if mask and state.grad_enabled else None
    if len(op.outputs) == 1:
        if type(result) is not ndarray and foreign is None:
            result = np.asarray(result)
        if plan is None or not plan.steps or result.dtype.kind != "f":
            return Tensor(result)
        values.append(result)
        return Tensor(result, True, Node(plan, tuple(parents), saved_values(plan, values), result.shape))
    results = [np.asarray(r) if foreign is None else r for r in result]
    if plan is None or not plan.steps:
        return tuple([Tensor(r) for r in results])
    values.extend(results)
    node = Node(plan, tuple(parents), saved_values(plan, values), results[0].shape)
    return (Tensor(results[0], True, node), *[Tensor(r) for r in results[1:]])


def edge(tensor: Tensor) -> Any:
    """Where the gradient of `tensor` goes: its node, itself if it is a leaf, None if it needs none."""
    if not tensor.requires_grad:
        return None
    return tensor if tensor.node is None else tensor.node


def plain(op: Op, position: int, operand: Any) -> Any:
    """A NumPy scalar as a Python number; any other operand that is no Tensor is refused."""
    if isinstance(operand, np.generic):
        return operand.item()
    raise TypeError(
        f"{op.name}(): argument '{op.parameters[position]}' must be a Tensor or a number, "
        f"not {type(operand).__name__}: wrap it with tensor(...)"
    )


def listed_array(op: Op, position: int, element: Any) -> Any:
    """The array of a Tensor in a list operand; anything but a Tensor is refused there."""
    if isinstance(element, Tensor):
        return element.array
    raise TypeError(f"{op.name}(): '{op.parameters[position]}' must hold Tensors only, found {type(element).__name__}")


def promote(op: Op, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The arguments in the dtype in which the op computes, or None where nothing has to change."""
    operands: list[Any] = []
    for _, position in op.operands:
        operand = args[position]
        operands.extend(operand if position in op.listed else [] if operand is None else [operand])
    if op.promote == "equal":
        found = {operand.dtype for operand in operands if isinstance(operand, Tensor)}
        if len(found) > 1:
            raise RuntimeError(
                f"{op.name}(): operands must have one dtype, got {' and '.join(sorted(map(str, found)))}"
            )
        return None
    given = None if op.given is None else args[op.given]
    wanted = dtypes.result_type(operands) if given is None else dtypes.as_dtype(given)
    if op.promote == "float" and wanted not in dtypes.FLOATS:
        wanted = dtypes.get_default_dtype()
    if wanted.kind in _REFUSED.get(op.promote, ""):
        raise NotImplementedError(f"{op.name}() is not implemented for {wanted} tensors: convert with .to(dtype) first")
    if all(operand.dtype is wanted for operand in operands if isinstance(operand, Tensor)):
        return None
    changed = list(args)
    for _, position in op.operands:
        operand = args[position]
        if isinstance(operand, Tensor):
            changed[position] = in_dtype(operand, wanted)
        elif position in op.listed:
            changed[position] = [in_dtype(element, wanted) for element in operand]
    return tuple(changed)


def explain(op: Op, args: tuple[Any, ...], error: Exception) -> None:
    """Raise what torch raises where NumPy refused operands that don't broadcast, or a dtype; else do nothing."""
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


def in_dtype(tensor: Tensor, dtype: dtypes.DType) -> Tensor:
    """`tensor` itself, or cast to `dtype` as a recorded op."""
    return tensor if tensor.dtype is dtype else cast(tensor, dtype)  # type: ignore[no-any-return]


def unwrap_index(index: Any) -> Any:
    """An index with arrays where Tensors stood. A list is copied: what it holds may change before the backward."""
    if isinstance(index, Tensor):
        return index.array
    if isinstance(index, tuple):
        return tuple([unwrap_index(part) for part in index])
    if isinstance(index, list):
        return [unwrap_index(part) for part in index]
    return index


_REFUSED = {"floats": "bi", "numbers": "b"}

handlers[Tensor] = record
