"""torch's further arguments of an op as the subject takes them, by what hello tells about each op.

The inverse of what the child does when it calls the op (`subject/axis.py`, `subject/shaping.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Extra = tuple[list[Any], dict[str, Any]]
"""Arguments by position and by keyword."""

SEVERAL = ("axes", "dims")
"""Keywords that take a tuple."""


def extra(op: str, options: Mapping[str, Any], given: Mapping[str, Any], rank: int) -> Extra:
    """What stands in the call besides the operands, of which the first has `rank` dims; torch's own without `given`."""
    form = given.get("form")
    if "all" in given:
        return _reduction(options, given)
    if op in ("reshape", "expand", "permute") and form is not None:
        listed = options.get("shape", options.get("size", options.get("dims")))
        return ([listed], {}) if form.startswith("(") else (list(listed or ()), {})
    if op == "transpose" and form is not None:
        return _transpose(options["dim0"], options["dim1"], form, rank), {}
    if op in ("squeeze", "unsqueeze") and form is not None:
        return _dim(options["dim"], form)
    if op in ("cat", "stack") and "dim" in given:
        return _dim(options.get("dim", 0), given["dim"])
    if op == "clamp" and form is not None:
        return [options.get("min"), options.get("max")], {}
    if form is not None:
        return [], {}  # whatever else torch takes is fixed there
    rest: list[Any] = []
    keywords: dict[str, Any] = {}
    for name, value in options.items():
        how = given.get(name, {"keyword": name})
        if "keyword" in how:
            places, named = _dim(value, how["keyword"] or "")
            rest += places
            keywords.update(named)
    return rest, keywords


def _dim(dim: Any, keyword: str) -> Extra:
    if not keyword:
        return [dim], {}
    return [], {keyword: (dim,) if keyword in SEVERAL and isinstance(dim, int) else dim}


def _reduction(options: Mapping[str, Any], given: Mapping[str, Any]) -> Extra:
    dim, keyword = options.get("dim"), given["dim"]
    rest: list[Any] = []
    keywords: dict[str, Any] = {}
    if dim is None or dim == ():
        keywords = {keyword: None} if given.get("given") and keyword else {}
    else:
        dim = dim[0] if isinstance(dim, tuple) and len(dim) == 1 else dim
        rest, keywords = _dim(dim, keyword or "")
    if options.get("keepdim") and given["keepdim"] not in (None, "always"):
        keywords[given["keepdim"]] = True
    return rest, keywords


def _transpose(dim0: int, dim1: int, form: str, rank: int) -> list[Any]:
    if form == "dim0, dim1":
        return [dim0, dim1]
    if form == "reverses all":
        return []
    order = list(range(rank))
    order[dim0 % rank], order[dim1 % rank] = order[dim1 % rank], order[dim0 % rank]
    return [tuple(order)] if form == "order as a tuple" else list(order)
