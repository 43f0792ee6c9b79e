"""A gradient as the sum that it is: upstream x local derivative over its edges, in the order of the walk.

torch's part of each term is the op recomputed at the engine's own values and incoming gradient; the engine's part is
its own pullback, asked alone. The two differ at the edge that is at fault, and nowhere else.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable

import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.diffing.comparison import Comparison, hangs
from paragrad.fuzz.diffing.guessed import Term, guess
from paragrad.fuzz.diffing.local import symbol
from paragrad.fuzz.diffing.walked import multiplies, unit_slopes
from paragrad.fuzz.judge.diagnosis import NONE
from paragrad.fuzz.judge.drawn import settled
from paragrad.fuzz.judge.expected import Expected
from paragrad.fuzz.judge.gradients import Consumer, Contribution
from paragrad.fuzz.judge.isolate import isolate
from paragrad.fuzz.judge.local import RefusedError
from paragrad.fuzz.judge.third.functions import FUNCTIONS
from paragrad.fuzz.program import Apply, Array, Ref
from paragrad.fuzz.telling import rules


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
                made.append(self.term(consumer, variable, k, parameters[k], part, total))
        return made

    def parameters(self, consumer: Consumer) -> dict[int, str]:
        """The parameter that each input of the op alone stands for."""
        values = self.found.check.trace.at(consumer.position) if self.found.check else {}
        _, origin = isolate(settled(consumer.statement, values), values, frozenset())
        return {k: parameter for k, (parameter, _) in origin.items()}

    def term(self, consumer: Consumer, variable: int, place: int, parameter: str, part: Expected, total: Array) -> Term:
        """One contribution, told."""
        statement = consumer.statement
        arriving = next(k for k, g in enumerate(consumer.incoming) if g is not None)
        upstream = consumer.incoming[arriving]
        assert upstream is not None
        mine, right = self.asked(consumer, place, part)
        shape = np.shape(part.torch)
        return Term(
            statement.outputs[arriving],
            parameter,
            upstream,
            self.slope(consumer, place, shape),
            self.symbol(statement, parameter),
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

    def symbol(self, statement: Apply, parameter: str) -> str:
        """The derivative in the names of the nodes."""
        return symbol(statement.op, parameter, names_of(statement, self.found.program.name))


def explain(found: Comparison, terms: Terms) -> None:
    """Of a first finding that no hypothesis explains, say what the local derivative comes out as."""
    if not found.findings or found.findings[0].diagnosis != NONE or found.star is None:
        return
    finding = found.findings[0]
    name = found.program.name
    for term in terms.of(found.star):
        statement = found.program.statements[found.makers[term.user]]
        if term.right is not False or not isinstance(statement, Apply) or statement.op != finding.op:
            continue
        said = guess(term, statement, found.trace, f"d{name(term.user)}/d{name(found.star)}", names_of(statement, name))
        finding.diagnosis = said or NONE
        return


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


def undone(given: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """`summed over axis 0: (4, 3) -> (3,)`, where a broadcast is undone; "" where there was none."""
    if given == wanted:
        return ""
    padded = (1,) * (len(given) - len(wanted)) + wanted
    axes = [k for k, (n, m) in enumerate(zip(given, padded, strict=True)) if n != m or k < len(given) - len(wanted)]
    word = "axis" if len(axes) == 1 else "axes"
    return f"summed over {word} {', '.join(map(str, axes))}: {given} -> {wanted}"
