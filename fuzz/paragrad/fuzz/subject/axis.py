"""How a subject's function is told its dim and whether to keep it, and the call in torch's words."""

from __future__ import annotations

from typing import Any, Callable

from .candidates import Candidate
from .construct import Unsupported
from .plain import Plain

AXES = ("axis", "dim", "dims", "axes")
KEEPS = ("keepdims", "keepdim", "keep_dims", "keep_dim")


class Axis:
    """How a function is told its dim: by which name, by position, or not at all."""

    def __init__(self, keyword: str | None, keep: str | None, forced: bool, empty: bool) -> None:
        self.keyword = keyword
        self.keep = keep
        self.forced = forced
        self.empty = empty
        self.whole = True

    def report(self, tuples: str, whole: str) -> dict[str, Any]:
        """As the protocol has it: over all elements, along a dim, along several, keepdim; whether None is given."""
        keep = "always" if self.forced else self.keep
        told = {"dim": self.keyword, "keepdim": keep, "all": whole, "several": tuples}
        return {**told, "given": True} if self.empty else told


def along(keyword: str, dim: Any) -> dict[str, Any]:
    """The keyword with its dim; `axes` and `dims` take a tuple."""
    return {keyword: (dim,) if keyword in ("axes", "dims") and isinstance(dim, int) else dim}


def reducing(candidate: Candidate, axis: Axis | None) -> Callable[..., Any]:
    """The candidate called with torch's dim and keepdim."""

    def call(x: Any, *ignored: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None, p: Any = 2) -> Any:
        if ignored or dtype is not None or p not in (2, 2.0, "fro"):
            raise Unsupported("a dtype, or a norm other than the Euclidean")
        options: dict[str, Any] = {}
        rest: list[Any] = []
        all_of_it = dim is None or dim == ()
        if all_of_it:
            if axis is not None and not axis.whole:
                raise Unsupported("it always keeps its dims")
            if axis is not None and axis.empty and axis.keyword:
                options[axis.keyword] = None
        elif axis is None:
            raise Unsupported("it takes no dim")
        else:
            dim = dim[0] if isinstance(dim, tuple) and len(dim) == 1 else dim
            if axis.keyword:
                options.update(along(axis.keyword, dim))
            else:
                rest.append(dim)
        forced = axis is not None and axis.forced
        if keepdim and (not forced or all_of_it):
            if axis is None or axis.keep is None:
                raise Unsupported("it can't keep its dims")
            options[axis.keep] = True
        if forced and not keepdim and not all_of_it:
            raise Unsupported("it always keeps its dims")
        return candidate.call(x, *rest, **options)

    return call


def last(candidate: Candidate, read: Callable[[Any], Plain | None]) -> Callable[..., Any]:
    """The candidate, which goes along the last dim only."""

    def call(x: Any, dim: int = -1, dtype: Any = None) -> Any:
        numbers = read(x)
        rank = len(numbers.shape) if numbers is not None else 0
        if dtype is not None or (dim != -1 and dim != rank - 1):
            raise Unsupported("it goes along the last dim only")
        return candidate.call(x)

    return call
