"""Bind the op table's elementwise ops to what the subject has, each by its usual names, confirmed by its value.

An op whose forward is wrong, or raises, stays bound when its name says what it is meant to be: that is a finding, not
something unsupported. What it did is told in `tried`.
"""

from __future__ import annotations

import inspect
import math
from contextlib import contextmanager
from functools import partial
from typing import Any, Callable, Iterator, Sequence

from . import names
from .candidates import Candidate, Candidates
from .construct import Unsupported
from .plain import Plain
from .stubs import MissingDependency
from .tester import RIGHT, Tester


class Bound:
    """An op of ours as the subject has it: `call` takes the operands, then torch's further arguments by name."""

    def __init__(
        self, op: str, arity: int, candidate: Candidate, call: Callable[..., Any], tried: dict[str, str]
    ) -> None:
        self.op = op
        self.arity = arity
        self.candidate = candidate
        self.call = call
        self.tried = tried
        self.numbers = "none"
        self.values = "both"
        self.arguments: dict[str, Any] = {}
        self.also: list[str] = []

    def report(self) -> dict[str, Any]:
        """As the protocol has it."""
        return {
            "spelled": self.candidate.written(self.arity),
            "arity": self.arity,
            "numbers": self.numbers,
            "values": self.values,
            "tried": self.tried,
            "arguments": self.arguments,
            "also": self.also,
            "module": self.candidate.home,
        }


def best(options: list[tuple[Candidate, Callable[..., Any], str]]) -> int | None:
    """Which option to bind: the first right one, else the first whose name says what it is."""
    for k, (_, _, outcome) in enumerate(options):
        if outcome == RIGHT:
            return k
    for k, (candidate, _, outcome) in enumerate(options):
        if candidate.strong or outcome.startswith("wrong"):
            return k
    return None


class Binder:
    """Looks for the ops of a subject among its candidates, and notes what can't be bound."""

    def __init__(self, tester: Tester, candidates: Candidates, wanted: dict[str, str], notes: list[str]) -> None:
        self.tester = tester
        self.maker = tester.maker
        self.candidates = candidates
        self.wanted = wanted
        self.notes = notes
        self.missing: dict[str, str] = {}
        """Ops that need what is not installed, each with what was said."""
        self.bound: dict[str, Bound] = {}

    def options(self, op: str, usual: str) -> list[Candidate]:
        """The candidates for an op."""
        if op in self.wanted:
            found = self.candidates.mapped(op, self.wanted[op])
            if not found:
                self.notes.append("--map " + op + "=" + self.wanted[op] + ": there is no such method or function")
            return found
        return [*self.candidates.operator(op), *self.candidates.named(usual)]

    @contextmanager
    def trying(self, op: str) -> Iterator[None]:
        """What is tried of an op inside ends where it needs what is not installed, and that is noted."""
        try:
            yield
        except MissingDependency as error:
            self.missing[op] = op + " left out: " + str(error)


class Elementwise(Binder):
    """Binds unary and binary ops."""

    def bind(self) -> dict[str, Bound]:
        """Bind what can be bound."""
        for op, (points, truth, usual) in names.UNARY.items():
            self.unary(op, points, truth, usual)
        for op, (torch_name, default, truth, usual, own) in names.LIMITS.items():
            self.limited(op, torch_name, default, truth, usual, own)
        self.gelu()
        for op, (left, right, truth, usual) in names.BINARY.items():
            self.binary(op, left, right, truth, usual)
        return self.bound

    def chosen(self, op: str, arity: int, options: list[tuple[Candidate, Callable[..., Any], str]]) -> Bound | None:
        """Bind the best of the options, and name the others."""
        k = best(options)
        if k is None:
            return None
        candidate, call, outcome = options[k]
        bound = Bound(op, arity, candidate, call, {"v" * arity: outcome})
        bound.also = [c.written(arity) for c, _, o in options if c is not candidate and (c.strong or o == RIGHT)]
        self.bound[op] = bound
        return bound

    def unary(self, op: str, points: Sequence[float], truth: names.Truth, usual: str) -> None:
        """An op of one operand."""
        options = []
        for candidate in self.options(op, usual):
            with self.trying(op):
                options.append((candidate, candidate.call, self.tester.outcome(candidate.call, [points], truth)))
        self.chosen(op, 1, options)

    def limited(self, op: str, torch_name: str, default: float, truth: Any, usual: str, own: str) -> None:
        """An op with one number besides: that number as an argument where it can be given, else as it is fixed."""
        options = []
        given: dict[str, Any] = {}
        spelled = (*own.split(), torch_name.replace("_", ""))
        for candidate in self.options(op, usual):
            for keyword in (*(k for k in parameters(candidate.source) if names.normal(k) in spelled), ""):
                call = with_keyword(candidate.call, torch_name, keyword) if keyword else candidate.call
                used = 0.3 if keyword else default
                asked = partial(call, **{torch_name: 0.3}) if keyword else call
                with self.trying(op):
                    outcome = self.tester.outcome(asked, [names.ANY], lambda x, s=used: truth(x, s))
                    fixed = None if keyword or outcome == RIGHT else self.fixed(candidate, op)
                    if fixed is not None:
                        outcome = RIGHT
                    given[candidate.spelled + keyword] = (
                        {"keyword": keyword} if keyword else {"fixed": default if fixed is None else fixed}
                    )
                    options.append((candidate, call, outcome))
                    if outcome == RIGHT:
                        break
        bound = self.chosen(op, 1, options)
        if bound is not None:
            for key, value in given.items():
                if key.startswith(bound.candidate.spelled):
                    bound.arguments[torch_name] = value
            if "fixed" in bound.arguments.get(torch_name, {}):
                bound.call = only(bound.call, torch_name, bound.arguments[torch_name]["fixed"])
            bound.call = no_more(bound.call, torch_name)

    def fixed(self, candidate: Candidate, op: str) -> float | None:
        """The slope that a leaky_relu without an argument has, where it is one."""
        if op != "leaky_relu":
            return None
        found = self.tester.result(
            candidate.call, [self.maker.make(Plain([-1.0], (1, 1) if self.tester.kind == "tensor" else ()))]
        )
        if isinstance(found, str) or len(found.data) != 1 or not 0 < -found.data[0] < 1:
            return None
        slope = -float(found.data[0])
        right = self.tester.outcome(candidate.call, [names.ANY], lambda x: x if x > 0 else slope * x)
        return slope if right == RIGHT else None

    def gelu(self) -> None:
        """gelu, in one of its two forms."""
        options = []
        form: dict[str, str] = {}
        for candidate in self.options("gelu", "gelu"):
            form[candidate.spelled] = "none"
            with self.trying("gelu"):
                for name, truth in names.GELU.items():
                    outcome = self.tester.outcome(candidate.call, [names.ANY], truth)
                    options.append((candidate, candidate.call, outcome))
                    if outcome == RIGHT:
                        form[candidate.spelled] = name
        bound = self.chosen("gelu", 1, options)
        if bound is None:
            return
        if "approximate" in parameters(bound.candidate.source):
            bound.arguments["approximate"] = {"keyword": "approximate"}
        else:
            name = form[bound.candidate.spelled]
            bound.arguments["approximate"] = {"fixed": name}
            bound.call = only(bound.call, "approximate", name, "none")

    def binary(self, op: str, left: Sequence[float], right: Sequence[float], truth: names.Truth, usual: str) -> None:
        """An op of two operands, and on which sides it takes Python numbers."""
        options = []
        for candidate in self.options(op, usual):
            if (
                op in ("maximum", "minimum", "add", "mul")
                and not candidate.name.startswith("__")
                and not two(candidate)
            ):
                continue
            with self.trying(op):
                outcome = self.tester.outcome(candidate.call, [left, right], truth)
                if outcome != RIGHT and op == "pow":
                    raised = self.tester.outcome(candidate.call, [left, (2.5,)], truth, (1,))
                    outcome = RIGHT if raised == RIGHT else outcome
                options.append((candidate, candidate.call, outcome))
        bound = self.chosen(op, 2, options)
        if bound is None:
            return
        ways: dict[str, tuple[list[Sequence[float]], tuple[int, ...]]] = {
            "vv": ([left, right], ()),
            "vn": ([left, (2.0,)], (1,)),
            "nv": ([(2.0,), right], (0,)),
        }
        bound.tried = tried = dict.fromkeys(ways, "raises MissingDependency")
        for key, (columns, numbers) in ways.items():
            with self.trying(op):
                tried[key] = self.tester.outcome(bound.call, columns, truth, numbers)
        refused = {k for k, outcome in tried.items() if outcome.startswith("raises")}
        bound.values = (
            "both" if "vv" not in refused or refused == set(tried) else "left" if "vn" not in refused else "right"
        )
        accepted = [side for key, side in (("nv", "left"), ("vn", "right")) if key not in refused]
        bound.numbers = "both" if len(accepted) == 2 else accepted[0] if accepted else "none"


def parameters(function: Any) -> list[str]:
    """The names of a function's parameters; none where they can't be told."""
    code = getattr(function, "__code__", None)
    return list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]) if code is not None else []


def two(candidate: Candidate) -> bool:
    """Whether a function may take two operands: `max()` may as well be a reduction."""
    found = parameters(candidate.source)
    flags = getattr(getattr(candidate.source, "__code__", None), "co_flags", inspect.CO_VARARGS)
    if flags & inspect.CO_VARARGS:
        return True
    return len(found) >= 2 and found[1] not in ("axis", "dim", "dims", "keepdims", "keepdim")


def with_keyword(call: Callable[..., Any], torch_name: str, keyword: str) -> Callable[..., Any]:
    """The call with torch's argument passed under the subject's name of it."""

    def named(*operands: Any, **options: Any) -> Any:
        if torch_name in options:
            options[keyword] = options.pop(torch_name)
        return call(*operands, **options)

    return named


def no_more(call: Callable[..., Any], torch_name: str) -> Callable[..., Any]:
    """The call of an op that is told one argument: asked for others, it is unsupported."""

    def guarded(*operands: Any, **options: Any) -> Any:
        others = [name for name in options if name != torch_name]
        if others:
            raise Unsupported("it takes no " + ", ".join(others))
        return call(*operands, **options)

    return guarded


def only(call: Callable[..., Any], torch_name: str, value: Any, default: Any = None) -> Callable[..., Any]:
    """The call where the argument can't be given: asked for any other than the fixed value, it is unsupported."""

    def guarded(*operands: Any, **options: Any) -> Any:
        asked = options.pop(torch_name, default)
        if asked is not None and asked != value and not (isinstance(value, float) and math.isclose(asked, value)):
            raise Unsupported(torch_name + " is always " + str(value) + " here")
        return call(*operands, **options)

    return guarded
