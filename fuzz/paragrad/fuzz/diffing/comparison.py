"""A computation run on an engine and on torch, and judged: a verdict a node, and the node that is to blame first."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

import numpy as np

from paragrad.fuzz.diffing.composed import name_the_part
from paragrad.fuzz.diffing.computation import Computation, DiffError, Labelled
from paragrad.fuzz.diffing.hidden import look_inside
from paragrad.fuzz.diffing.large import LARGE, LargeCase
from paragrad.fuzz.diffing.unseeded import unseeded
from paragrad.fuzz.diffing.walked import settle
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.judge import Finding, diagnose, judge, reference
from paragrad.fuzz.judge.agreement import is_far
from paragrad.fuzz.judge.drawn import settled
from paragrad.fuzz.judge.expected import Expected, exactly
from paragrad.fuzz.judge.gradients import BackwardCheck, has_hidden
from paragrad.fuzz.judge.intake import take_in
from paragrad.fuzz.judge.isolate import shows
from paragrad.fuzz.judge.local import LocalReference, RefusedError
from paragrad.fuzz.program import Apply, Array, Backward, Grad
from paragrad.fuzz.telling.told import farthest
from paragrad.fuzz.trace import Engine, Trace

DIAGNOSED = 5
"""Findings that are looked behind; the first is what matters."""


class Assumed(PyTorch):
    """Stands for an engine that hangs, which is asked no more: to wait once is enough."""

    foreign = True


def hangs(trace: Trace) -> bool:
    """Whether an engine gave no answer within its time."""
    return trace.failure is not None and trace.failure.type == "Hang"


@dataclass(slots=True)
class Compared:
    """One number on both sides: the verdict, torch's at the engine's own numbers, error ÷ bound, and the worst element.

    `error` is None where nothing was held against a bound.
    """

    mine: Array | None
    torch: Array | None
    verdict: str
    shown: bool = True
    expected: Array | None = None
    error: float | None = None
    worst: tuple[int, ...] | None = None


@dataclass
class Comparison:
    """Both sides of a computation. `at` is the position of the last backward, None where there is none.

    With `seen_is_torchs` the terms are told of torch's trace: the engine hides what is in between. Of a `large` program
    the first finding is the only one, and `left` are the variables that were not judged before it.
    `unseeded` engines give gradients only where the root's own is set from outside, as it was here.
    """

    computation: Computation
    engine: Engine
    trace: Trace
    torchs: Trace
    findings: list[Finding]
    at: int | None
    check: BackwardCheck | None
    seen_is_torchs: bool = False
    large: bool = False
    left: frozenset[int] = frozenset()
    unseeded: bool = False
    star: int | None = None
    values: dict[int, Compared] = field(default_factory=dict)
    gradients: dict[int, Compared] = field(default_factory=dict)

    @functools.cached_property
    def makers(self) -> dict[int, int]:
        """The position of the statement that made each variable that is no input."""
        statements = enumerate(self.program.statements)
        return {k: at for at, s in statements if isinstance(s, Apply | Grad) for k in s.outputs}

    @property
    def program(self) -> Labelled:
        """The Program that was run."""
        return self.computation.program


def compare(computation: Computation, engine: Engine, within: Collection[int] = ()) -> Comparison:
    """Run and judge. Raises DiffError where the engine has not all ops, or torch refuses the computation.

    Of a large program the variables `within` are judged in any case, and not always all of the others.
    """
    program = computation.program
    lacking = sorted({s.op for _, s in program.applications()} - engine.ops())
    if lacking:
        has = ", ".join(sorted(engine.ops())) or "none"
        raise DiffError(f"{engine.name} has no {', '.join(lacking)}; it has {has}")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        raw = engine.run(program)
        torchs = reference(program, raw)
        refuse(computation, torchs)
        trace = take_in(program, raw)[0]
        asked = Assumed() if hangs(raw) else engine
        large = LargeCase(program, raw, torchs, asked, within) if len(program.statements) > LARGE else None
        judged = judge(program, raw, torchs, asked) if large is None else large.judge()
        for finding in judged.findings[:DIAGNOSED]:
            diagnose(program, raw, torchs, asked, finding)
        walks = [k for k, s in enumerate(program.statements) if isinstance(s, Backward) and k in torchs.gradients]
        found = Comparison(computation, engine, trace, torchs, judged.findings, walks[-1] if walks else None, None)
        if large is not None:
            found.large, found.left = True, frozenset(large.left)
        found.check = checked(found)
        if judged.findings:
            found.star = starred(found, judged.findings[0])
            name_the_part(engine, judged.findings[0])
        walk = None if found.at is None else program.statements[found.at]
        if isinstance(walk, Backward) and (missing := unseeded(engine, walk, walks[-1], torchs)) is not None:
            found.findings = [missing, *found.findings]
            found.star, found.unseeded = missing.variable, True
    return found


def refuse(computation: Computation, torchs: Trace) -> None:
    """Raise DiffError where torch can't run the computation."""
    failure = torchs.failure
    if failure is None:
        return
    program = computation.program
    statement = program.statements[failure.statement] if failure.statement >= 0 else None
    what = statement.op if isinstance(statement, Apply) else "the backward"
    place = computation.places.get(statement.outputs[0]) if isinstance(statement, Apply) else None
    where = f" ({place.text})" if place is not None else ""
    message = " ".join(failure.message.split())[:200]
    raise DiffError(f"torch refuses {what}{where}: {failure.type}: {message}")


def checked(found: Comparison) -> BackwardCheck | None:
    """What the terms of the gradients are taken from: the engine's own numbers, or torch's where it hides them."""
    program, at = found.program, found.at
    if at is None or has_hidden(program) or not isinstance(program.statements[at], Backward):
        return None
    needing = frozenset(found.torchs.gradients[at])
    if at in found.trace.gradients:
        check = BackwardCheck(program, found.trace, at, needing, found.engine.foreign)
        if check.shows_all or not any(check.hides(k) for k in needing):
            return check
    found.seen_is_torchs = True
    mixed = replace(found.torchs, gradients={k: dict(g) for k, g in found.torchs.gradients.items()})
    return BackwardCheck(program, mixed, at, needing, found.engine.foreign)


def starred(found: Comparison, finding: Finding) -> int | None:
    """The node at which the fault is: the variable that is wrong, of a crash what failed.

    Where an engine shows leaves only, each op is asked alone, and the finding is told anew of the first that fails.
    """
    program = found.program
    if finding.kind == "crash":
        statement = program.statements[finding.statement] if finding.statement >= 0 else None
        if isinstance(statement, Apply):
            return statement.outputs[0]
        blamed = [s.outputs[0] for _, s in program.applications() if s.op == finding.op]
        return blamed[-1] if blamed else root(found)
    if found.seen_is_torchs and found.check is not None and finding.of_gradient:
        inside = look_inside(found.engine, program, found.check, finding)
        if inside is not None:
            return inside
    elif found.check is not None and finding.of_gradient and found.engine.foreign:
        settle(found.engine, found.check, found.trace, found.torchs, finding)
    return finding.variable


def root(found: Comparison) -> int | None:
    """The variable that the gradients are of, where it is one."""
    walk = None if found.at is None else found.program.statements[found.at]
    return walk.roots[0] if isinstance(walk, Backward) and len(walk.roots) == 1 else None


def fill(found: Comparison, variables: list[int]) -> None:
    """The verdicts of these variables."""
    wrong: dict[tuple[bool, int], str] = {
        (f.of_gradient, f.variable): f.kind for f in found.findings if f.variable is not None and f.kind != "convention"
    }
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        ended = found.large and bool(found.findings)
        for k in variables:
            values, torchs = found.trace.values, found.torchs.values
            found.values[k] = compared(
                values.get(k),
                torchs.get(k),
                k in values,
                (False, k) in wrong,
                functools.partial(of_value, found, k),
                ended,
            )
            if found.at is None or k not in found.torchs.gradients[found.at]:
                continue
            shown = found.trace.gradients.get(found.at, {})
            there = found.torchs.gradients[found.at]
            if found.unseeded and k == root(found):
                found.gradients[k] = Compared(None, there[k], "bug")
                continue
            found.gradients[k] = compared(
                shown.get(k), there[k], k in shown, (True, k) in wrong, functools.partial(of_gradient, found, k), ended
            )


def of_value(found: Comparison, variable: int) -> Expected | None:
    """What a variable should be at the engine's own operands; None where these are hidden."""
    program = found.program
    if variable < len(program.inputs):
        return exactly(program.inputs[variable].view())
    position = found.makers[variable]
    maker, values = program.statements[position], found.trace.at(position)
    if not isinstance(maker, Apply) or not shows(values, maker):
        return None
    local = LocalReference(settled(maker, values), values, frozenset())
    output = maker.outputs.index(variable)
    return local.values_expected()[output] or exactly(local.native_values()[output])


def of_gradient(found: Comparison, variable: int) -> Expected | None:
    """What a gradient should be at the engine's own values and incoming gradients; None where these are hidden."""
    if found.check is None or found.seen_is_torchs:
        return None
    return found.check.expected(variable)


def compared(
    mine: Array | None,
    torch: Array | None,
    shown: bool,
    wrong: bool,
    ask: Callable[[], Expected | None],
    ended: bool = False,
) -> Compared:
    """The verdict on one number; `ask` gives what is expected of it, and is not always needed.

    Where the judgement `ended` before it, it is wrong if it is not what is expected.
    """
    if not shown:
        return Compared(mine, torch, "hidden", shown=False)
    if mine is None or torch is None:
        same = all(x is None or not x.any() for x in (mine, torch))
        return Compared(
            mine, torch, "bug" if wrong else "identical" if mine is torch else "convention" if same else "bug"
        )
    fits = mine.shape == torch.shape and mine.dtype == torch.dtype
    if not fits:
        return Compared(mine, torch, "bug")
    same = bool(((mine == torch) | (np.isnan(mine) & np.isnan(torch))).all()) if mine.dtype.kind == "f" else False
    same = same or bool(np.array_equal(mine, torch))
    worst = None if same else farthest(mine, torch)
    if same and not wrong:
        return Compared(mine, torch, "identical", worst=worst, expected=torch, error=0.0)
    try:
        expected = ask()
    except RefusedError:
        expected = None
    if expected is None:
        return Compared(
            mine, torch, "bug" if wrong else "inherited" if is_far(mine, torch) else "rounding", worst=worst
        )
    wrong = wrong or (ended and not expected.accepts(mine).all())
    verdict = "bug" if wrong else _right(mine, torch, expected)
    if wrong or verdict != "inherited":
        worst = farthest(mine, expected.torch) if wrong else worst
    return Compared(mine, torch, verdict, True, expected.torch, over_bound(mine, expected), worst)


def _right(mine: Array, torch: Array, expected: Expected) -> str:
    """Which kind of right a number is with which no fault was found."""
    if expected.agrees(mine).all():
        return "inherited" if is_far(mine, torch) else "rounding"
    if is_far(mine, expected.torch):
        return (
            "convention" if not np.isfinite(expected.torch).all() or expected.accepts(mine).all() else "ill-conditioned"
        )
    return "rounding"


def over_bound(mine: Array, expected: Expected) -> float | None:
    """The largest |mine - expected| ÷ bound; inf where what has to be exact is not; None where nothing is finite."""
    if mine.dtype.kind != "f" or not mine.size:
        return None
    with np.errstate(all="ignore"):
        off = np.abs(mine.astype(np.float64) - expected.exact)
        ratio = np.where(off == 0, 0.0, off / expected.bound)
    ratio = ratio[~np.isnan(ratio)]
    return float(ratio.max()) if ratio.size else None
