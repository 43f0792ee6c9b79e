"""What an op does when it meets a Tensor: bring operands to one dtype, compute, and record a Node where one is needed.

This is the hot path of every forward pass.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine import dtypes
from paragrad.engine.dtypes import float32, float64
from paragrad.engine.graph import Node
from paragrad.engine.ops.shape import cast
from paragrad.engine.ops.table import Op, handlers
from paragrad.engine.state import state
from paragrad.engine.tensor import Tensor

ndarray = np.ndarray


def record(op: Op, args: tuple[Any, ...]) -> Any:
    """Apply `op` to arguments in order of its parameters, at least one operand a Tensor; return Tensors.

    Nearly all calls are of an op of one or two operands on arrays of one float dtype: these take the short way here,
    which does what `record_any` does and no more.
    """
    arity = op.arity
    if not arity or (op.given is not None and args[op.given] is not None):
        return record_any(op, args)
    x = args[0]
    if not isinstance(x, Tensor):
        return record_any(op, args)
    array = x.array
    dtype = array.dtype
    if type(array) is not ndarray or (dtype is not float32 and dtype is not float64):
        return record_any(op, args)
    mask = 1 if x.requires_grad else 0
    if arity == 1:
        values = [array, *args[1:]]
    else:
        y = args[1]
        if isinstance(y, Tensor):
            other = y.array
            if other.dtype is not dtype or type(other) is not ndarray:
                return record_any(op, args)
            if y.requires_grad:
                mask += 2
            values = [array, other, *args[2:]]
        elif type(y) is float or type(y) is int:
            values = [array, *args[1:]]
        else:
            return record_any(op, args)
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
    values.append(result)
    if mask == 1:
        parents: tuple[Any, ...] = (x.node or x,)
    elif mask == 2:
        parents = (y.node or y,)
    else:
        parents = (x.node or x, y.node or y)
    return Tensor(result, True, Node(plan, parents, plan.save(values), result.shape))


def record_any(op: Op, args: tuple[Any, ...]) -> Any:
    """`record` for every kind of op and operand."""
    if op.composite:
        return op.compute(*args)
    values = list(args)
    mask = 0
    dtype = None
    uniform = True
    foreign = None  # the handler of arrays that are not NumPy's
    for bit, position in op.operands:
        operand = args[position]
        if isinstance(operand, Tensor):
            values[position] = array = operand.array
            if operand.requires_grad:
                mask |= bit
            if dtype is None:
                dtype = array.dtype
            elif array.dtype is not dtype:
                uniform = False
            if type(array) is not ndarray:
                foreign = handlers[type(array)]
        elif position in op.listed:
            values[position] = arrays = [listed_array(op, position, element) for element in operand]
            foreign = next((handlers[type(a)] for a in arrays if type(a) is not ndarray), foreign)
            uniform = uniform and len({a.dtype for a in arrays}) <= 1
            dtype = arrays[0].dtype if dtype is None and arrays else dtype
            if any(element.requires_grad for element in operand):
                mask |= bit
        elif not isinstance(operand, bool | int | float) and operand is not None:
            values[position] = plain(op, position, operand)
    given = op.given is not None and args[op.given] is not None
    if op.promote is not None and (given or not uniform or (dtype is not float32 and dtype is not float64)):
        promoted = promote(op, args)
        if promoted is not None:
            return record(op, promoted)
    for position in op.indexed:
        values[position] = unwrap_index(args[position])
    try:
        result = state.quietly(op.compute, *values) if foreign is None else foreign(op, tuple(values))
    except ValueError as error:
        explain(op, args, error)
        raise
    if len(op.outputs) > 1:
        results = [np.asarray(r) if foreign is None else r for r in result]
        first = results[0]
    else:
        if type(result) is not ndarray and foreign is None:
            result = np.asarray(result)
        results = []
        first = result
    node = None
    if mask and state.grad_enabled and op.pullbacks and first.dtype.kind == "f":
        plan = op.plans.get(mask) or op.plan(mask)
        if plan.positions:
            values.append(first)
            values += results[1:]
            node = Node(plan, tuple([edges(args[position]) for position in plan.positions]), plan.save(values), first.shape)
    if not results:
        return Tensor(first, node is not None, node)
    return op.pack((Tensor(first, node is not None, node), *[Tensor(r) for r in results[1:]]))


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
    if wanted.kind in _REFUSED.get(str(op.promote), ""):
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
    """Raise what torch raises where NumPy refused operands that don't broadcast; else do nothing."""
    shapes = [tuple(a.shape) for a in args if isinstance(a, Tensor)]
    if op.promote is None:
        return
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
