"""What an index means: torch's rules, in terms that NumPy reads the same way.

`place` splits an index in two. The *basic* part, slices and single numbers, is a view. The *advanced* part, arrays of
positions, is applied to that view. So a number beside arrays selects before they do, as in torch: for x of shape
(2, 3, 4), `x[0, :, [0, 1]]` has shape (3, 2), where NumPy, which counts the 0 among the arrays, says (2, 3). In what is
left, arrays between full slices, both libraries follow one rule: the dimensions of the positions stand where the arrays
stood if these are neighbours, else in front.

Source: torch/csrc/autograd/python_variable_indexing.cpp, ATen/TensorIndexing.h, ATen/native/TensorAdvancedIndexing.cpp.
"""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from paragrad.engine.dtypes import Array, int64
from paragrad.engine.ops.table import Shape

EVERYTHING = slice(None)
LEGACY = (
    "x[list] with a list that holds tensors, sequences, slices, None or Ellipsis is read as x[tuple(list)], as torch "
    "still does; write x[tuple(list)]"
)


class Place(NamedTuple):
    """Where an index points: `basic` always gives a view; `advanced`, if any, is an array or full slice a dimension.

    `distinct` says that no element is picked twice, so that what goes back may be assigned and need not be added.
    """

    basic: tuple[Any, ...]
    advanced: tuple[Any, ...]
    distinct: bool


def place(index: Any, shape: Shape) -> Place:
    """Read an index into a tensor of this shape. Raises what torch raises, naming the shape."""
    parts = index if type(index) is tuple else (index,)
    open_ended = True
    for part in parts:
        kind = type(part)
        if kind is slice:
            _check_step(part)
        elif part is Ellipsis and open_ended:
            open_ended = False
        elif kind is not int and part is not None:
            return read(parts, shape)
    return Place((*parts, Ellipsis) if open_ended else parts, (), True)


def _check_step(part: slice) -> None:
    if part.step is not None and operator.index(part.step) < 1:
        raise ValueError(f"getitem(): a slice's step must be greater than zero, got {part.step}")


def as_tuple(index: list[Any]) -> Any:
    """A list in brackets as torch reads it: for a tuple, with a warning, if it holds more than numbers."""
    if any(p is None or p is Ellipsis or isinstance(p, slice | Sequence) or hasattr(p, "shape") for p in index[:32]):
        warnings.warn(LEGACY, UserWarning, stacklevel=3)
        return tuple(index)
    return index


def read(parts: tuple[Any, ...], shape: Shape) -> Place:
    """`place` for an index of any kind. `basic` and `dim` go along the source, `advanced` along the view of it."""
    parts = tuple([_plain(part) for part in parts])
    hidden = len(shape) - sum(extent(part) for part in parts)
    basic: list[Any] = []
    advanced: list[Any] = []
    masks = arrays = dim = 0
    for part in parts:
        covered = extent(part)
        beyond = dim + covered > len(shape)
        if beyond and hidden >= 0 and (part is Ellipsis or (type(part) is slice and part == EVERYTHING)):
            continue  # after a second Ellipsis nothing is left, and torch minds only what would select something
        if beyond or hidden < 0:
            raise IndexError(f"getitem(): too many indices for a tensor of {len(shape)} dimensions, shape {shape}")
        if type(part) is int:
            basic.append(_inside(part, dim, shape))
        elif part is None or type(part) is slice:
            basic.append(part)
            advanced.append(EVERYTHING)
        elif part is Ellipsis:
            if dim + hidden <= len(shape):
                basic.extend([EVERYTHING] * hidden)
                advanced.extend([EVERYTHING] * hidden)
            dim += hidden
        elif not covered:
            # A bool on its own is a new dimension, of which True takes the only element and False none.
            basic.append(None)
            advanced.append(np.zeros(int(part), np.int64))
            masks += 1
        elif part.dtype.kind == "b":
            if part.shape != shape[dim : dim + covered]:
                raise IndexError(
                    f"getitem(): a mask of shape {part.shape} does not fit dimension {dim} of a tensor of shape {shape}"
                )
            basic.extend([EVERYTHING] * covered)
            advanced.extend(part.nonzero())
            masks += 1
        else:
            basic.append(EVERYTHING)
            advanced.append(part)
            arrays += 1
        dim += covered
    if not masks and not arrays:
        return Place((*basic, Ellipsis), (), True)
    while advanced[-1] is EVERYTHING:
        advanced.pop()
    return Place((*basic, Ellipsis), tuple(advanced), masks == 1 and not arrays)


def _plain(part: Any) -> Any:
    """A part as one of int, slice, None, Ellipsis and array (of int64, or of bools)."""
    if part is None or part is Ellipsis or type(part) is int:
        return part
    if isinstance(part, slice):
        _check_step(part)
        return part
    if isinstance(part, bool):
        return np.array(part)
    if isinstance(part, np.ndarray):
        if part.dtype.kind not in "biu":
            raise IndexError(f"getitem(): a tensor used as an index must be of dtype int64 or bool, not {part.dtype}")
        return part if part.ndim or part.dtype.kind == "b" else int(part)
    if isinstance(part, str | bytes):
        raise TypeError(f"getitem(): {part!r} is no index")
    if isinstance(part, Sequence):
        # torch reads a list as a tensor: of bools if it holds bools only, else of int64, to which floats are cut off.
        found = np.asarray([np.asarray(p) for p in part] if part else np.zeros(0, np.int64))
        return found if found.dtype.kind in "bi" else found.astype(np.int64)
    if hasattr(part, "__index__") and not isinstance(part, np.bool_):
        return operator.index(part)
    raise IndexError(
        f"getitem(): an index is made of integers, slices, None, Ellipsis, bools, lists and integer or bool tensors; "
        f"got {type(part).__name__}"
    )


def extent(part: Any) -> int:
    """How many dimensions of the source a part takes up."""
    if isinstance(part, np.ndarray):
        return part.ndim if part.dtype.kind == "b" else 1
    return int(part is not None and part is not Ellipsis)


def _inside(position: int, dim: int, shape: Shape) -> int:
    if -shape[dim] <= position < shape[dim]:
        return position
    raise IndexError(f"getitem(): index {position} is out of bounds for dimension {dim} with size {shape[dim]}")


def take(view: Array, advanced: tuple[Any, ...]) -> Array:
    """The elements of `view` at the positions `advanced`, always in new memory."""
    try:
        return view[advanced]
    except IndexError as error:
        shape = shape_of(view.shape, advanced)
        if 0 in shape:
            # No element is picked, so no position is wrong.
            return np.empty(shape, view.dtype)
        raise IndexError(f"getitem(): {error}, where an index selects from a tensor of shape {view.shape}") from None


def shape_of(shape: Shape, advanced: tuple[Any, ...]) -> Shape:
    """The shape of what `advanced` picks from an array of this shape."""
    arrays = [k for k, part in enumerate(advanced) if part is not EVERYTHING]
    try:
        found = np.broadcast_shapes(*[advanced[k].shape for k in arrays])
    except ValueError:
        shapes = ", ".join(str(advanced[k].shape) for k in arrays)
        raise IndexError(f"getitem(): index tensors of shapes {shapes} don't broadcast together") from None
    if 0 not in found and any(shape[k] == 0 for k in arrays):
        raise IndexError(f"getitem(): an index into a dimension of size 0, of a tensor of shape {shape}")
    start = arrays[0] if arrays[-1] - arrays[0] < len(arrays) else 0
    rest = [n for k, n in enumerate(shape) if k not in arrays]
    return (*rest[:start], *found, *rest[start:])


def put(view: Array, advanced: tuple[Any, ...], values: Array) -> None:
    """Add `values` to `view`, which is all zeros, at the positions `advanced`; what goes to one place adds up."""
    if not values.size:
        return
    arrays = [k for k, part in enumerate(advanced) if part is not EVERYTHING]
    others = [k for k in range(view.ndim) if k not in arrays]
    sizes = [view.shape[k] for k in arrays]
    rest = [view.shape[k] for k in others]
    rows: Any = 0
    for k, size in zip(arrays, sizes, strict=True):
        rows = rows * size + np.where(advanced[k] < 0, advanced[k] + size, advanced[k])
    # The dimensions of the positions, in `view` and in `values`, come first and become one.
    start = arrays[0] if arrays[-1] - arrays[0] < len(arrays) else 0
    moved = np.moveaxis(values, range(start, start + rows.ndim), range(rows.ndim))
    shape = (math.prod(sizes), math.prod(rest))
    direct = view.flags.c_contiguous and arrays[-1] < len(arrays)
    total = view.reshape(shape) if direct else np.zeros(shape, view.dtype)
    add_rows(total, rows.reshape(-1), moved.reshape(rows.size, -1))
    if not direct:
        view.transpose([*arrays, *others])[...] = total.reshape(*sizes, *rest)


def add_rows(out: Array, rows: Array, values: Array) -> None:
    """out[rows[k]] += values[k] for each k, where out is contiguous.

    np.add.at is slow on rows and fast on single elements: measured at 1,024 rows of 64 float32, 840 us and 150 us.
    Where rows are long, one addition a row is faster still (1,024 elements: 124 us and 41 us for 64 rows).
    """
    width = out.shape[1]
    if width >= 256:
        for row, value in zip(rows.tolist(), values, strict=True):
            into = out[row]
            np.add(into, value, out=into)
    else:
        places = rows if width == 1 else (rows[:, None] * width + np.arange(width)).reshape(-1)
        np.add.at(out.reshape(-1), places, np.ascontiguousarray(values).reshape(-1))


def check_int64(name: str, index: Any) -> None:
    """Raise unless `index` is a tensor of dtype int64."""
    if not hasattr(index, "dtype"):
        raise TypeError(f"{name}(): the index must be a tensor, not {type(index).__name__}")
    if index.dtype != int64:
        raise RuntimeError(f"{name}(): the index must be of dtype int64, not {index.dtype}")


def check_inside(name: str, index: Array, size: int, error: type[Exception]) -> None:
    """Raise `error` unless every position is one of a dimension of this size, counted from its start."""
    # Unsigned, a negative position is larger than any size.
    if index.size and index.view(np.uint64).max() >= size:
        wrong = index[(index < 0) | (index >= size)].flat[0]
        raise error(f"{name}(): index {wrong} is out of bounds for a dimension of size {size}")
