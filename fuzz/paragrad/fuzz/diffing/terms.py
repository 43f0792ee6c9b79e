"""A gradient as the sum that it is: upstream x local derivative over its edges, in the order of the walk.

torch's part of each term is the op recomputed at the engine's own values and incoming gradient; the engine's part is
its own pullback, asked alone. The two differ at the edge that is at fault, and nowhere else.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.diffing.arrived import adds_up, times
from paragrad.fuzz.diffing.comparison import Comparison, hangs
from paragrad.fuzz.diffing.guessed import Term, guess, guess_value
from paragrad.fuzz.diffing.local import symbol
from paragrad.fuzz.diffing.walked import added_to, multiplies, unit_slopes
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.judge.diagnosis import NONE
from paragrad.fuzz.judge.drawn import settled
from paragrad.fuzz.judge.expected import Expected
from paragrad.fuzz.judge.gradients import Consumer, Contribution
from paragrad.fuzz.judge.isolate import isolate
from paragrad.fuzz.judge.local import RefusedError
from paragrad.fuzz.judge.third.functions import FUNCTIONS
from paragrad.fuzz.program import Apply, Array, Ref
from paragrad.fuzz.telling import rules
from paragrad.fuzz.trace import Trace


@functools.cache
def rule(op: str, parameter: str) -> str:
    """The pullback as the op table writes it, "" where it can't be quoted: finding it takes milliseconds."""
    return rules.of_gradient(op, parameter) or ""


class Terms:
    """The terms of the gradients of a comparison, each op recomputed and asked once."""

    def __init__(self, found: Comparison) -> None:
        self.found = found
        self.alone: dict[int, dict[int, Array | None] | None] = {}
        self.slopes: dict[int, dict[int, Array]] = {}

    def of(self, variable: int) -> list[Term]:
        """The terms of one gradient; none where what is needed is hidden, or torch refuses the numbers."""
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                return self._of(variable)
            except RefusedError:
                return []

    def given(self, variable: int) -> Array | None:
        """What a gradient starts with: a root's seed, and what a leaf held before; None of others."""
        check = self.found.check
        if check is None:
            return None
        parts = check.given(variable)
        return np.asarray(sum(parts[1:], parts[0])) if parts else None

    def _of(self, variable: int) -> list[Term]:
        check = self.found.check
        if check is None or variable not in check.needing:
            return []
        total = self.given(variable)
        made: list[Term] = []
        for consumer, contribution in zip(check.consumers(variable), check.consumed(variable), strict=True):
            parameters = self.parameters(consumer)
            for k in contribution.places.get(variable, []):
                if k not in contribution.expected:
                    continue
                part = contribution.expected[k]
                total = part.torch if total is None else np.asarray(total + part.torch)
                made.append(self.term(consumer, k, parameters[k], part, total))
        self.reconcile(variable, made)
        return made

    def reconcile(self, variable: int, terms: list[Term]) -> None:
        """Where the engine's gradient is not the sum of what its rules give alone, tell which terms are in it.

        A walk that loses a term, or comes to a node too early, does so only among other nodes.
        """
        check = self.found.check
        shown = None if check is None or self.found.seen_is_torchs else check.trace.gradients[check.at].get(variable)
        if type(shown) is not np.ndarray or shown.dtype.kind != "f" or hangs(self.found.trace):
            return
        given = self.given(variable)
        mine = [np.zeros_like(shown) if t.mine is None else t.mine for t in terms if t.right is not None]
        whole = terms and len(mine) == len(terms) and all(part.shape == shown.shape for part in mine)
        if not whole or adds_up(mine, given, shown):
            return
        counts = times([t.expected for t in terms], given, shown)
        for k, term in enumerate(terms):
            term.mine = None if counts is None else counts[k] * term.expected if counts[k] else np.zeros_like(shown)
            term.right = None if counts is None else counts[k] == 1

    def parameters(self, consumer: Consumer) -> dict[int, str]:
        """The parameter that each input of the op alone stands for."""
        values = self.found.check.trace.at(consumer.position) if self.found.check else {}
        _, origin = isolate(settled(consumer.statement, values), values, frozenset())
        return {k: parameter for k, (parameter, _) in origin.items()}

    def term(self, consumer: Consumer, place: int, parameter: str, part: Expected, total: Array) -> Term:
        """One contribution, told."""
        statement = consumer.statement
        arriving = next(k for k, g in enumerate(consumer.incoming) if g is not None)
        upstream = consumer.incoming[arriving]
        assert upstream is not None
        mine, right = self.asked(consumer, place, part)
        shape = np.shape(part.torch)
        slope = self.slope(consumer, place, shape)
        return Term(
            statement.outputs[arriving],
            parameter,
            upstream,
            slope,
            self.symbol(statement, parameter, slope),
            rule(statement.op, parameter),
            part.torch,
            mine,
            total,
            undone(np.shape(upstream), shape) if statement.op in FUNCTIONS else "",
            right,
        )

    def slope(self, consumer: Consumer, place: int, shape: tuple[int, ...]) -> Array | None:
        """d user / d variable of an elementwise op between arrays of one shape: what comes back for ones."""
        statement = consumer.statement
        outgoing = self.found.check.trace.values[statement.outputs[0]] if self.found.check else None
        if statement.op not in FUNCTIONS or outgoing is None or outgoing.shape != shape:
            return None
        if consumer.position not in self.slopes:
            check = self.found.check
            assert check is not None
            ones = Consumer(consumer.position, statement, [np.ones_like(outgoing)])
            self.slopes[consumer.position] = Contribution(ones, check.trace, check.needing, check.foreign).native
        return self.slopes[consumer.position].get(place)

    def asked(self, consumer: Consumer, place: int, part: Expected) -> tuple[Array | None, bool | None]:
        """What the engine's own pullback gives, the op asked alone at the same numbers, and whether that is right."""
        check = self.found.check
        assert check is not None
        if hangs(self.found.trace):
            return None, None
        if consumer.position not in self.alone:
            program, _ = isolate(
                consumer.statement, check.trace.at(consumer.position), check.needing, consumer.incoming
            )
            if self.found.engine.foreign and not self.multiplies:
                self.alone[consumer.position] = self.without_factor(consumer)
            else:
                trace = self.found.engine.run(program)
                failed = trace.failure is not None or 1 not in trace.gradients
                self.alone[consumer.position] = None if failed else trace.gradients[1]
        gave = self.alone[consumer.position]
        if gave is None or place not in gave:
            return None, None
        mine = gave[place]
        if type(mine) is not np.ndarray:
            return None, mine is None and not part.torch.any()
        if mine.shape != part.torch.shape or mine.dtype != part.torch.dtype:
            return mine, False
        return mine, bool(part.accepts(mine).all())

    @functools.cached_property
    def multiplies(self) -> bool:
        """Whether incoming gradients can be given as factors."""
        return multiplies(self.found.engine)

    def without_factor(self, consumer: Consumer) -> dict[int, Array | None] | None:
        """The engine's local derivatives times the incoming gradient, which its own product does not get to see."""
        check = self.found.check
        assert check is not None
        slopes = unit_slopes(self.found.engine, check, consumer)
        if slopes is None:
            return None
        upstream = consumer.incoming[0]
        _, origin = isolate(consumer.statement, check.trace.at(consumer.position), check.needing)
        places = [k for k in origin if any(s[0] == origin[k][0] for s in slopes)]
        given = {s[0]: None if s[2] is None or upstream is None else np.asarray(s[2] * upstream) for s in slopes}
        return {k: given[origin[k][0]] for k in places}

    def symbol(self, statement: Apply, parameter: str, slope: Array | None) -> str:
        """The derivative in the names of the nodes."""
        trace = self.found.check.trace if self.found.check else self.found.trace
        numbers = None if slope is None else numbers_of(statement, trace)
        return symbol(statement.op, parameter, names_of(statement, self.found.program.name), numbers, slope)


def explain(found: Comparison, terms: Terms) -> None:
    """Of a first finding that no hypothesis explains, say what the number or the local derivative comes out as."""
    first = found.findings[0] if found.findings else None
    if first is None or not first.diagnosis.startswith(NONE) or found.star is None:
        return
    said = of_value(found, found.star) if first.kind == "value" else of_slope(found, terms, first, found.star)
    first.diagnosis = said or first.diagnosis


def of_value(found: Comparison, variable: int) -> str:
    """What formula a wrong value is, if it is one."""
    maker = found.program.statements[found.makers[variable]] if variable in found.makers else None
    if not isinstance(maker, Apply):
        return ""
    name = found.program.name
    return guess_value(maker, found.trace, name(variable), names_of(maker, name))


def of_slope(found: Comparison, terms: Terms, finding: Finding, variable: int) -> str:
    """What a wrong local derivative comes out as."""
    name, check = found.program.name, found.check
    for term in terms.of(variable):
        position = found.makers[term.user]
        statement = found.program.statements[position]
        if term.right is not False or not isinstance(statement, Apply) or statement.op != finding.op:
            continue
        if check is not None and found.engine.foreign:
            consumer = next(c for c in check.consumers(variable) if c.position == position)
            if (told := added_to(found.engine, check, consumer, variable)) is not None:
                return told[1]
        return guess(term, statement, found.trace, f"d{name(term.user)}/d{name(variable)}", names_of(statement, name))
    return ""


def names_of(statement: Apply, name: Callable[[int], str]) -> dict[str, str]:
    """What stands for each parameter of an op, and for its result, in an expression; what can't is left out."""
    op = TABLE[statement.op]
    found = {}
    bound = op.bind(statement.args, dict(statement.kwargs))
    for parameter, argument in zip(op.parameters, bound, strict=True):
        if isinstance(argument, Ref):
            found[parameter] = name(argument.index)
        elif isinstance(argument, int | float):
            found[parameter] = repr(int(argument)) if float(argument).is_integer() else repr(argument)
    if len(statement.outputs) == 1:
        found["out"] = name(statement.outputs[0])
    return found


def numbers_of(statement: Apply, trace: Trace) -> dict[str, Any]:
    """The values of the parameters of an op, and of its result."""
    op = TABLE[statement.op]
    bound = zip(op.parameters, op.bind(statement.args, dict(statement.kwargs)), strict=True)
    found = {name: trace.values[a.index] if isinstance(a, Ref) else a for name, a in bound}
    return {name: a for name, a in found.items() if isinstance(a, int | float | np.ndarray)} | {
        "out": trace.values[statement.outputs[0]]
    }


def undone(given: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """`summed over axis 0: (4, 3) -> (3,)`, where a broadcast is undone; "" where there was none."""
    if given == wanted:
        return ""
    padded = (1,) * (len(given) - len(wanted)) + wanted
    axes = [k for k, (n, m) in enumerate(zip(given, padded, strict=True)) if n != m or k < len(given) - len(wanted)]
    word = "axis" if len(axes) == 1 else "axes"
    return f"summed over {word} {', '.join(map(str, axes))}: {given} -> {wanted}"
