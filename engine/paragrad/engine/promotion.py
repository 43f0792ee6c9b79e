"""Operands of different dtypes meet: each op says how, and a Tensor that has to change is cast as a recorded op.

So a gradient finds its way back to the dtype of its leaf by the cast's own rule, and the walk knows nothing of dtypes.
"""

from __future__ import annotations

from typing import Any

from paragrad.engine.dtypes import FLOATS, DType, as_dtype, get_default_dtype, result_type
from paragrad.engine.ops.shape import cast
from paragrad.engine.ops.table import Op
from paragrad.engine.tensor import Tensor

REFUSED = {"floats": "bi", "numbers": "b"}
"""The kinds of dtype that an op which promotes so has no values for."""


def promote(op: Op, args: tuple[Any, ...], tensors: list[Tensor]) -> tuple[Any, ...] | None:
    """The arguments in the dtype in which the op computes, or None where nothing has to change.

    Raises RuntimeError for operands that must have one dtype and don't, NotImplementedError for a dtype that the op
    has no values for, as torch does.
    """
    found = {tensor.dtype for tensor in tensors}
    given = None if op.given is None else args[op.given]
    if op.promote is None or (len(found) == 1 and given is None and not found.isdisjoint(FLOATS)):
        return None
    if op.promote == "equal":
        if len(found) > 1:
            listed = " and ".join(sorted(map(str, found)))
            raise RuntimeError(f"{op.name}(): operands must have one dtype, got {listed}")
        return None
    numbers = [args[position] for _, position in op.operands if isinstance(args[position], bool | int | float)]
    wanted = result_type([*tensors, *numbers]) if given is None else as_dtype(given)
    if op.promote == "float" and wanted not in FLOATS:
        wanted = get_default_dtype()
    if wanted.kind in REFUSED.get(op.promote, ""):
        raise NotImplementedError(f"{op.name}() is not implemented for {wanted} tensors: convert with .to(dtype) first")
    if found <= {wanted}:  # no tensor at all in where(condition, 1, 0)
        return None
    changed = list(args)
    for _, position in op.operands:
        operand = args[position]
        if isinstance(operand, Tensor):
            changed[position] = in_dtype(operand, wanted)
        elif position in op.listed:
            changed[position] = [in_dtype(element, wanted) for element in operand]
    return tuple(changed)


def in_dtype(tensor: Tensor, dtype: DType) -> Tensor:
    """`tensor` itself, or cast to `dtype` as a recorded op."""
    return tensor if tensor.dtype is dtype else cast(tensor, dtype)
