"""Ops by torch's names and arguments from a module that is written like NumPy: what several peers share."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

NAMES = {
    "abs": "abs", "neg": "negative", "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log2": "log2",
    "log10": "log10", "log1p": "log1p", "sqrt": "sqrt", "square": "square", "reciprocal": "reciprocal",
    "sin": "sin", "cos": "cos", "tan": "tan", "asin": "arcsin", "acos": "arccos", "atan": "arctan",
    "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "sign": "sign", "floor": "floor", "ceil": "ceil",
    "add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "pow": "power", "maximum": "maximum",
    "minimum": "minimum", "fmax": "fmax", "fmin": "fmin", "atan2": "arctan2", "hypot": "hypot",
    "logaddexp": "logaddexp", "matmul": "matmul", "mm": "matmul", "mv": "matmul", "bmm": "matmul", "dot": "dot",
    "outer": "outer", "where": "where",
    "gt": "greater", "ge": "greater_equal", "lt": "less", "le": "less_equal",
}  # fmt: skip
"""torch's name of a function to NumPy's, where the arguments are the same."""


def _rank(x: Any) -> int:
    return len(getattr(x, "shape", ()))


def needing_dims(function: Callable[..., Any]) -> Callable[..., Any]:
    """torch takes dim 0 or -1 of an array without dimensions; NumPy, and what is like it, has no such axis."""

    @functools.wraps(function)
    def checked(input: Any, *rest: Any, **options: Any) -> Any:
        if _rank(input) == 0 and (rest or options):
            raise NotImplementedError("a dim of an array without dimensions")
        return function(input, *rest, **options)

    return checked


def _number(bound: Any) -> Any:
    if bound is not None and not isinstance(bound, int | float):
        raise NotImplementedError("clamp with bounds that are arrays")
    return bound


def _alike(tensors: Any) -> list[Any]:
    if len({_rank(x) for x in tensors}) > 1:
        raise NotImplementedError("cat of an empty array with arrays of more dimensions")
    return list(tensors)


def _all(dim: Any) -> Any:
    return None if dim in ((), []) else dim


def arranged(np: Any) -> dict[str, tuple[str, Callable[..., Any]]]:
    """By torch's name: the function of NumPy that is needed, and torch's arguments handed to it."""
    return {
        "sum": ("sum", lambda input, dim=None, keepdim=False: np.sum(input, axis=dim, keepdims=keepdim)),
        "mean": ("mean", lambda input, dim=None, keepdim=False: np.mean(input, axis=dim, keepdims=keepdim)),
        "prod": ("prod", lambda input, dim=None, keepdim=False: np.prod(input, axis=dim, keepdims=keepdim)),
        "amax": ("max", lambda input, dim=None, keepdim=False: np.max(input, axis=_all(dim), keepdims=keepdim)),
        "amin": ("min", lambda input, dim=None, keepdim=False: np.min(input, axis=_all(dim), keepdims=keepdim)),
        "max": ("max", lambda input: np.max(input)),
        "min": ("min", lambda input: np.min(input)),
        "var": (
            "var",
            lambda input, dim=None, keepdim=False, correction=1: np.var(
                input, axis=dim, keepdims=keepdim, ddof=correction
            ),
        ),
        "std": (
            "std",
            lambda input, dim=None, keepdim=False, correction=1: np.std(
                input, axis=dim, keepdims=keepdim, ddof=correction
            ),
        ),
        "cumsum": ("cumsum", lambda input, dim: np.cumsum(input, axis=dim)),
        "cumprod": ("cumprod", lambda input, dim: np.cumprod(input, axis=dim)),
        "reshape": ("reshape", lambda input, shape: np.reshape(input, tuple(shape))),
        "permute": ("transpose", lambda input, dims: np.transpose(input, tuple(dims))),
        "transpose": ("swapaxes", lambda input, dim0, dim1: np.swapaxes(input, dim0, dim1)),
        "movedim": ("moveaxis", lambda input, source, destination: np.moveaxis(input, source, destination)),
        "flip": ("flip", lambda input, dims: np.flip(input, dims)),
        "roll": ("roll", lambda input, shifts, dims=None: np.roll(input, shifts, dims)),
        "repeat": ("tile", lambda input, repeats: np.tile(input, tuple(repeats))),
        "unsqueeze": ("expand_dims", lambda input, dim: np.expand_dims(input, dim)),
        "tril": ("tril", lambda input, diagonal=0: np.tril(input, diagonal)),
        "triu": ("triu", lambda input, diagonal=0: np.triu(input, diagonal)),
        "diagonal": (
            "diagonal",
            lambda input, offset=0, dim1=0, dim2=1: np.diagonal(input, offset=offset, axis1=dim1, axis2=dim2),
        ),
        "einsum": ("einsum", lambda equation, operands: np.einsum(equation, *operands)),
        "tensordot": ("tensordot", lambda a, b, dims=2: np.tensordot(a, b, axes=dims)),
        "cat": ("concatenate", lambda tensors, dim=0: np.concatenate(_alike(tensors), axis=dim)),
        "stack": ("stack", lambda tensors, dim=0: np.stack(list(tensors), axis=dim)),
        "clamp": ("clip", lambda input, min=None, max=None: np.clip(input, _number(min), _number(max))),
        "getitem": ("ndarray", operator.getitem),
    }


WITH_DIMS = ("sum", "mean", "prod", "amax", "amin", "var", "std", "cumsum", "cumprod", "transpose", "movedim", "flip")
"""Of these, the ones that take a dim of an array without dimensions."""


def ops_of(np: Any) -> dict[str, Callable[..., Any]]:
    """The ops that the module has."""
    found = {name: getattr(np, its) for name, its in NAMES.items() if hasattr(np, its)}
    for name, (its, function) in arranged(np).items():
        if hasattr(np, its):
            found[name] = needing_dims(function) if name in WITH_DIMS else function
    return found
