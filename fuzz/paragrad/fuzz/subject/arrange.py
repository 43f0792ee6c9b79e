"""Bind the ops that only tensors have: reductions and what goes along a dim, each with its `axis` or `dim`.

torch's arguments are translated into the subject's; what it has no way to be asked for is Unsupported, never a finding.
"""

from __future__ import annotations

import inspect
import math
from functools import partial
from typing import Any, Callable

from . import lists, names, shaping
from .axis import AXES, KEEPS, Axis, along, last, reducing
from .bind import Binder, Bound, parameters
from .candidates import Candidate
from .construct import Unsupported, raw
from .plain import Plain, message
from .tester import RIGHT

X = Plain([0.5, 1.5, 0.75, 2.0, 0.25, 1.25], (2, 3))
REDUCTIONS: dict[str, tuple[Callable[[list[Any]], Any], str]] = {
    "sum": (sum, "sum reducesum"),
    "mean": (lambda g: sum(g) / len(g), "mean reducemean average avg"),
    "prod": (math.prod, "prod product"),
    "amax": (max, "max amax reducemax"),
    "amin": (min, "min amin reducemin"),
    "logsumexp": (lists.logsumexp, "logsumexp"),
    "norm": (lambda g: math.sqrt(sum(v * v for v in g)), "norm"),
}
SPREADS = {"var": ("var variance", lambda v: v), "std": ("std", math.sqrt)}
LINES: dict[str, tuple[Callable[[list[Any]], list[Any]], str]] = {
    "softmax": (lists.softmax, "softmax"),
    "log_softmax": (lists.log_softmax, "logsoftmax"),
    "cumsum": (lambda line: [sum(line[: k + 1]) for k in range(len(line))], "cumsum"),
}


def same(found: Plain | str, expected: Plain) -> str:
    """RIGHT, or what is wrong with a result."""
    if isinstance(found, str):
        return found
    if found.shape != expected.shape:
        return "wrong: shape " + str(found.shape) + " for " + str(expected.shape)
    for got, wanted in zip(found.data, expected.data):
        if not names.close(float(got), float(wanted)):
            return "wrong: " + str(got) + " for " + str(wanted)
    return RIGHT


class Arranged(Binder):
    """Binds reductions and ops along a dim; `shaping` does the rest."""

    def outcome(self, call: Callable[..., Any], inputs: list[Plain], expected: Plain, **options: Any) -> str:
        """RIGHT, or what is wrong with a call."""
        try:
            actual = [self.maker.make(x) for x in inputs]
        except BaseException as error:
            return "raises " + type(error).__name__ + ": " + message(error)
        return same(self.tester.result(lambda *a: call(*a, **options), actual), expected)

    def bind(self) -> dict[str, Bound]:
        """Bind what can be bound."""
        for op, (of, usual) in REDUCTIONS.items():
            self.guarded(op, partial(self.reduction, op, of), usual)
        for op, (usual, outer) in SPREADS.items():
            self.guarded(op, partial(self.spread, op, outer), usual)
        for op, (line, usual) in LINES.items():
            self.guarded(op, partial(self.line, op, line), usual)
        for op, (bind, usual) in shaping.SHAPES.items():
            self.guarded(op, partial(bind, self, op), usual)
        whole = {"amax": "max", "amin": "min"}
        for op, name in whole.items():
            if op in self.bound and self.bound[op].arguments["all"] != "no":
                base = self.bound[op]
                twin = Bound(name, 1, base.candidate, base.call, base.tried)
                twin.arguments = base.arguments
                self.bound[name] = twin
        return self.bound

    def guarded(self, op: str, bind: Callable[[Candidate], Bound | None], usual: str) -> None:
        """Bind the first candidate that is right, else the first that can be bound."""
        found: list[Bound] = []
        for candidate in self.options(op, usual):
            with self.trying(op):
                bound = bind(candidate)
                if bound is not None:
                    found.append(bound)
        right = [b for b in found if RIGHT in b.tried.values()] or found
        if right:
            self.bound[op] = right[0]
            right[0].also = [b.candidate.spelled for b in found if b is not right[0]]

    def axis(self, candidate: Candidate) -> Axis | None:
        """How a candidate takes a dim; None where it takes none or raises whatever it is given."""
        known = parameters(candidate.source)
        named = [k for k in AXES if k in known] or ["axis", "dim", ""]
        keeps = [k for k in KEEPS if k in known] or ([] if known and not _open(candidate.source) else list(KEEPS[:2]))
        for keyword in named:
            rest, options = ((), along(keyword, 1)) if keyword else ((1,), {})
            found = self.told(candidate, rest, options)
            if isinstance(found, str):
                continue
            forced = found.shape == (2, 1)
            if found.shape not in ((2,), (2, 1), (2, 3)):
                continue
            keep = next((k for k in keeps if self.kept(candidate, keyword, k)), None)
            return Axis(keyword, keep, forced and keep is None, False)
        return Axis(named[0], None, False, False) if any(k in known for k in AXES) else None

    def told(self, candidate: Candidate, rest: tuple[Any, ...], options: dict[str, Any]) -> Plain | str:
        """What a candidate makes of X with these arguments."""
        return self.tester.result(lambda x: candidate.call(x, *rest, **options), [self.maker.make(X)])

    def kept(self, candidate: Candidate, keyword: str, keep: str) -> bool:
        """Whether a name makes the reduction keep its dims."""
        rest, options = ((), along(keyword, 1)) if keyword else ((1,), {})
        found = self.told(candidate, rest, {keep: True, **options})
        return not isinstance(found, str) and found.shape == (2, 1)

    def reduction(self, op: str, of: Callable[[list[Any]], Any], candidate: Candidate) -> Bound | None:
        """An op that gives one number for many: of all elements, or along a dim."""
        axis = self.axis(candidate)
        plainly = self.tester.result(candidate.call, [self.maker.make(X)])
        empty = isinstance(plainly, str) and axis is not None and axis.keyword not in (None, "")
        if empty and axis is not None:
            axis.empty = True
        call = reducing(candidate, axis)
        whole = self.outcome(call, [X], lists.reduced(X, (), False, of)) if op != "logsumexp" else "no"
        if axis is not None and axis.forced and whole.startswith("wrong: shape"):
            whole = "no"
            axis.whole = False
        tried = {"all": whole}
        several = "no"
        if axis is not None:
            for dim in (0, 1):
                keep = axis.forced
                tried["dim " + str(dim)] = self.outcome(
                    call, [X], lists.reduced(X, (dim,), keep, of), dim=dim, keepdim=keep
                )
            several = self.outcome(
                call, [X], lists.reduced(X, (0, 1), axis.forced, of), dim=(0, 1), keepdim=axis.forced
            )
        elif whole != RIGHT and (not candidate.strong or candidate.name == "dot"):
            return None
        if not candidate.strong and all(v.startswith(("raises", "gives")) for v in tried.values()):
            return None
        refused = whole.startswith("raises TypeError") and axis is not None and not axis.empty
        bound = Bound(op, 1, candidate, call, tried)
        bound.arguments = (axis or Axis(None, None, False, False)).report(several, "no" if refused else whole)
        return bound

    def spread(self, op: str, outer: Callable[[Any], Any], candidate: Candidate) -> Bound | None:
        """var or std, with the correction that it has."""
        bounds = {}
        for divisor in (1, 0):
            of = partial(_spread, outer, divisor)
            bounds[divisor] = self.reduction(op, of, candidate)
        correction = next((c for c, b in bounds.items() if b is not None and RIGHT in b.tried.values()), 1)
        bound = bounds[correction]
        if bound is None:
            return None
        inner = bound.call

        def call(
            x: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, correction_: Any = None, **more: Any
        ) -> Any:
            asked = more.pop("correction", correction_)
            asked = int(bool(unbiased)) if unbiased is not None else 1 if asked is None else asked
            if asked != correction:
                raise Unsupported("the correction is always " + str(correction) + " here")
            return inner(x, dim=dim, keepdim=keepdim)

        bound.call = call
        bound.arguments["correction"] = {"fixed": correction}
        return bound

    def line(self, op: str, of: Callable[[list[Any]], list[Any]], candidate: Candidate) -> Bound | None:
        """An op along a dim that keeps the shape; without an argument it goes along the last."""
        axis = self.axis(candidate)
        if axis is None:
            call = last(candidate, self.maker.read)
            tried = {"dim -1": self.outcome(candidate.call, [X], lists.along(X, -1, of))}
            if tried["dim -1"] != RIGHT:
                tried["dim 0"] = self.outcome(candidate.call, [X], lists.along(X, 0, of))
            if not candidate.strong and all(v.startswith(("raises", "gives")) for v in tried.values()):
                return None
            bound = Bound(op, 1, candidate, call, tried)
            bound.arguments["dim"] = {"fixed": "last"}
            return bound
        call = reducing(candidate, Axis(axis.keyword, None, True, False))
        tried = {
            "dim " + str(d): self.outcome(call, [X], lists.along(X, d, of), dim=d, keepdim=True) for d in (0, 1, -1)
        }
        bound = Bound(op, 1, candidate, lambda x, dim, dtype=None: call(x, dim=dim, keepdim=True, dtype=dtype), tried)
        bound.arguments["dim"] = {"keyword": axis.keyword}
        return bound

    def raw(self, node: Any) -> Any:
        """A node's numbers as its NumPy has them, for indices, masks and targets."""
        numbers = self.maker.read(node)
        return node if numbers is None else raw(numbers, self.maker.listed)


def _spread(outer: Callable[[Any], Any], correction: int, group: list[Any]) -> Any:
    return outer(lists.variance(group, correction))


def _open(function: Any) -> bool:
    """Whether a function takes any keyword."""
    try:
        return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return True
