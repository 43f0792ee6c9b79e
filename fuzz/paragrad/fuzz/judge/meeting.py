"""In which float dtype the operands of a statement meet, as both engine and torch have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from paragrad.engine import dtypes
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.program import Apply, Array, Ref, refs


def meeting_dtype(statement: Apply, values: Mapping[int, Array]) -> dtypes.DType | None:
    """The float dtype to which an op rounds its operands, and Python numbers, first; None where it does not."""
    op = TABLE[statement.op]
    if op.promote is None:
        return None
    given = (*statement.args, *statement.kwargs.values())
    flat = [a for arg in given for a in (arg if isinstance(arg, tuple) else (arg,))]
    operands = [values[a.index] if isinstance(a, Ref) else a for a in flat]
    found = dtypes.result_type([a for a in operands if isinstance(a, np.ndarray | bool | int | float)])
    if found not in dtypes.FLOATS:
        found = dtypes.get_default_dtype()
    return found


def numbers_dtype(statement: Apply, values: Mapping[int, Array]) -> dtypes.DType | None:
    """The dtype to which an op rounds Python numbers: that of its first float operand where operands don't meet."""
    met = meeting_dtype(statement, values)
    if met is not None:
        return met
    floats = [values[k].dtype for k in (*refs(statement.args), *refs(statement.kwargs)) if values[k].dtype.kind == "f"]
    return dtypes.as_dtype(floats[0]) if floats else None


def rounded(argument: Any, dtype: dtypes.DType) -> Any:
    """A Python float as this dtype holds it; anything else is left alone."""
    return float(dtype.type(argument)) if type(argument) is float else argument
