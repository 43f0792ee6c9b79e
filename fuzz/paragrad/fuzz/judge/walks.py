"""What a wrong walk does to a gradient: which terms of the right sum, how often, are what the engine shows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from paragrad.engine import dtypes
from paragrad.fuzz.judge.bounds import UNIT
from paragrad.fuzz.judge.gradients import BackwardCheck, before
from paragrad.fuzz.program import Apply, Array, Backward, refs

MOST_TERMS = 6
"""Of more terms not every combination is tried."""


def walk_faults(check: BackwardCheck, variable: int, found: Array) -> list[str]:
    """The faults of the walk that explain the gradient `found`, the likeliest first."""
    return list(dict.fromkeys(text for text, fits in tried(check, variable, found) if fits))


def still_explained(check: BackwardCheck, variable: int, found: Array, texts: list[str]) -> list[str]:
    """Those of the faults that explain the gradient at other numbers, too.

    Where a fault makes no difference at these numbers, as when no two values are equal, the gradient is to be right.
    """
    there: dict[str, bool] = {}
    for text, fits in tried(check, variable, found):
        there[text] = there.get(text, False) or fits
    right = check.expected(variable).accepts(found)
    return [text for text in texts if there.get(text, bool(right.all()))]


def tried(check: BackwardCheck, variable: int, found: Array) -> Iterator[tuple[str, bool]]:
    """Each fault in words, and whether it explains the gradient."""
    expected = check.expected(variable)
    unit = UNIT[dtypes.as_dtype(found.dtype)]
    for text, predicted in explanations(check, variable):
        with np.errstate(all="ignore"):
            close = np.abs(found - predicted) <= 2 * expected.bound + 8 * unit * np.abs(predicted)
        yield text, bool((close | (np.isnan(found) & np.isnan(predicted))).all())


def explanations(check: BackwardCheck, variable: int) -> Iterator[tuple[str, Array]]:
    """Each fault in words, with the gradient it leads to."""
    terms = list(contributions(check, variable))
    total = check.expected(variable).exact
    held = before(check.program, check.trace, check.at, variable)
    rest = total - sum((term for _, term in terms), np.zeros_like(total))
    if held is not None:
        yield "what the backward before it had left in the leaf is lost: overwritten, not accumulated", total - held
        yield "what the backward before it had left in the leaf is counted twice", total + held
    elif (left := forgotten(check, variable)) is not None:
        yield "zero_grad does not forget what the backward before it had left in the leaf", total + left
    if len(terms) > 1:
        for name, term in terms:
            yield f"the gradient is overwritten, not accumulated: only the term of {name} is left", term + rest
    if len(terms) == 1:
        yield f"nothing arrives: {_unreached(check, variable)}", np.zeros_like(total)
    yield from too_early(check, variable, total)
    for name, term in terms:
        yield f"the term of {name} is dropped", total - term
        yield f"the term of {name} is counted twice", total + term
    yield from stale(check, variable, total)
    yield from twins(check, variable, total)
    yield from shared(check, variable, total)
    for counts in itertools.product((1, 0, 2), repeat=len(terms) if len(terms) <= MOST_TERMS else 0):
        told = [f"{name} {_times(n)}" for (name, _), n in zip(terms, counts, strict=True) if n != 1]
        mixed = sum((n * term for n, (_, term) in zip(counts, terms, strict=True)), rest)
        yield f"terms are counted wrongly: {', '.join(told)}", np.asarray(mixed)
    yield f"nothing arrives: {_unreached(check, variable)}", np.zeros_like(total)


def forgotten(check: BackwardCheck, variable: int) -> Array | None:
    """What the last backward before this one had left in a leaf."""
    earlier = [at for at in check.trace.gradients if at < check.at]
    leaf = variable < len(check.program.inputs)
    return check.trace.gradients[max(earlier)].get(variable) if earlier and leaf else None


def contributions(check: BackwardCheck, variable: int) -> Iterator[tuple[str, Array]]:
    """The terms of the right gradient, each with the name of the use that it comes from."""
    for consumer, contribution in zip(check.consumers(variable), check.consumed(variable), strict=True):
        output = check.program.name(consumer.statement.outputs[0])
        places = [k for k in contribution.places[variable] if k in contribution.expected]
        for number, k in enumerate(places, start=1):
            use = f", operand {number}" if len(places) > 1 else ""
            yield f"{output} = {consumer.statement.op}(...){use}", contribution.expected[k].exact


def stale(check: BackwardCheck, variable: int, total: Array) -> Iterator[tuple[str, Array]]:
    """Gradients that an earlier backward left, on the variable itself or on one that used it."""
    for at in [at for at in check.trace.gradients if at < check.at]:
        shown = check.trace.gradients[at]
        own = shown.get(variable)
        if own is not None and variable >= len(check.program.inputs):
            yield "a stale gradient of an earlier backward is added to it", total + own
        for consumer in check.consumers(variable):
            old = [shown.get(output) for output in consumer.statement.outputs]
            if any(g is not None for g in old):
                term = check.contributed(consumer, old).get(variable)
                if term is not None:
                    name = check.program.name(consumer.statement.outputs[0])
                    yield f"the stale gradient that an earlier backward left in {name} is carried on", total + term


def too_early(check: BackwardCheck, variable: int, total: Array) -> Iterator[tuple[str, Array]]:
    """A consumer visited when its own gradient was not yet complete."""
    for consumer in check.consumers(variable):
        if len(consumer.statement.outputs) != 1:
            continue
        output = consumer.statement.outputs[0]
        parts = [term for _, term in contributions(check, output)] + list(check.given(output))
        right = check.contributed(consumer, consumer.incoming).get(variable)
        if len(parts) < 2 or right is None:
            continue
        name = check.program.name(output)
        for partial in _partial_sums(parts):
            term = check.contributed(consumer, [partial]).get(variable)
            if term is not None:
                early = f"{name} is visited before all that used it: the order of the walk is wrong"
                yield early, total - right + term
                yield f"{name} is visited twice, first with part of its gradient", total + term


def _partial_sums(parts: Sequence[Array]) -> Iterator[Array]:
    for count in range(1, len(parts)):
        for chosen in itertools.islice(itertools.combinations(parts, count), 16):
            yield np.asarray(sum(chosen[1:], chosen[0]))


def _unreached(check: BackwardCheck, variable: int) -> str:
    """Why nothing may arrive: it is a root without a seed, or another variable of the same value was visited."""
    walk = check.program.statements[check.at]
    if isinstance(walk, Backward) and variable in walk.roots and not list(check.consumers(variable)):
        return "the backward starts here, and does not begin with a gradient of 1"
    for consumer in check.consumers(variable):
        output = consumer.statement.outputs[0]
        for other in twins_of(check, output):
            return (
                f"{check.program.name(output)} has the same value as {check.program.name(other)} "
                "and is not visited: visited by value"
            )
    return "the walk does not visit what uses it"


def twins_of(check: BackwardCheck, variable: int) -> Iterator[int]:
    """Other variables of the same value."""
    values = check.trace.values
    walk = check.program.statements[check.at]
    assert isinstance(walk, Backward)
    roots = walk.roots  # a seed of 1 is what a root gets, whatever was taken for what
    for other in sorted(check.needing):
        if (
            other != variable
            and other not in roots
            and variable not in roots
            and other in values
            and np.array_equal(values[other], values[variable])
        ):
            yield other


def twins(check: BackwardCheck, variable: int, total: Array) -> Iterator[tuple[str, Array]]:
    """Another variable of equal value taken for this one."""
    for other in twins_of(check, variable):
        share = check.expected(other).exact
        text = f"it is taken for {check.program.name(other)}, which has the same value: visited by value"
        if share.shape == total.shape:
            yield text, total + share
            yield text, share


def shared(check: BackwardCheck, variable: int, total: Array) -> Iterator[tuple[str, Array]]:
    """One array that is the gradient of two variables, of which the other adds to it in place."""
    maker = check.program.maker(variable)
    uses = [s for _, s in check.program.applications() if any(variable in refs(a) for a in s.args)]
    near = {k for s in (maker, *uses) if isinstance(s, Apply) for a in s.args for k in refs(a)} - {variable}
    shown = check.trace.gradients[check.at]
    for other in sorted(near & set(check.needing)):
        grown = shown.get(other)
        if grown is not None and grown.shape == total.shape:
            name = check.program.name(other)
            yield f"it is one array with the gradient of {name}, which adds to it in place", grown


def _times(count: int) -> str:
    return "not at all" if count == 0 else "twice"
