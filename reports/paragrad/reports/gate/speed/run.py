"""The speed gate's answer: find the base commit, measure, confirm, judge."""

from __future__ import annotations

import difflib
import secrets
from collections.abc import Callable, Mapping, Sequence

from paragrad.reports.bodies.gate import Answer, SpeedGate, SpeedGateRow
from paragrad.reports.bodies.speed import Failed
from paragrad.reports.gate.speed import base as bases
from paragrad.reports.gate.speed import thresholds, verdict
from paragrad.reports.gate.speed.base import Base, Trees
from paragrad.reports.gate.speed.benchmarks import BENCHMARKS
from paragrad.reports.gate.speed.errors import GateError
from paragrad.reports.gate.speed.measure import Measured, Plan, Trouble, measure
from paragrad.reports.gate.speed.thresholds import Thresholds
from paragrad.reports.machine import machine

PLAN = Plan()


def run(
    base: str | None, only: Sequence[str], tell: Callable[[str], None] = lambda line: None, plan: Plan = PLAN
) -> SpeedGate:
    """The engine of the working tree around the current folder against the commit `base` (None: see `base.find`).

    `only` names benchmarks (none: all); `tell` gets a line for each step. Ends in minutes; where the commit's engine is
    the same, at once, and nothing is measured. Raises GateError, with one line, where there is nothing to compare: no
    checkout, no such commit, no such benchmark, no thresholds.
    """
    chosen(only)
    found = bases.find(base)
    return unchanged(found) if found.same else compare(found, only, tell, plan)


def unchanged(base: Base) -> SpeedGate:
    """The answer where both engines are the same."""
    why = f"the engine is the base's, so nothing can be slower, and nothing was measured; {told(base)}"
    return {"verdict": "pass", "why": why, "base": base.commit, "seed": None, "rows": [], "failed": [], "new": []}


def compare(
    base: Base,
    only: Sequence[str],
    tell: Callable[[str], None] = lambda line: None,
    plan: Plan = PLAN,
    seed: int | None = None,
) -> SpeedGate:
    """The answer of a measurement, also where both engines are the same. What is drawn comes of `seed`; None: of one
    that is drawn itself, so that no two runs have the same layouts."""
    names = chosen(only)
    limits = thresholds.read(base.top / thresholds.PLACE, BENCHMARKS)
    seed = secrets.randbits(32) if seed is None else seed
    tell(f"speed: {told(base)}")
    with bases.laid_out(base) as trees:
        attempts, troubles = attempt(trees, names, limits, tell, plan, seed)
    return judged(base, limits, attempts, troubles, seed)


def chosen(only: Sequence[str]) -> list[str]:
    """The benchmarks named, in the order of the table. Raises GateError for a name that is none."""
    for name in only:
        if name not in BENCHMARKS:
            near = difflib.get_close_matches(name, BENCHMARKS, 3)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(BENCHMARKS)}"
            raise GateError(f"--only {name}: no benchmark of this name; {hint}")
    return [name for name in BENCHMARKS if not only or name in only]


def attempt(
    trees: Trees, names: Sequence[str], limits: Thresholds, tell: Callable[[str], None], plan: Plan, seed: int
) -> tuple[dict[str, list[Measured]], dict[str, Trouble]]:
    """Every benchmark measured until it can be judged, and why some could not be measured."""
    attempts: dict[str, list[Measured]] = {}
    troubles: dict[str, Trouble] = {}
    left = list(names)
    number = 0
    while left:
        if number:
            tell(f"speed: again, in fresh processes: {', '.join(left)}")
        measured, failed = measure(trees, left, limits, plan, tell, f"{seed}/{number}")
        troubles |= failed
        for name, found in measured.items():
            attempts.setdefault(name, []).append(found)
        left = [name for name in measured if verdict.answer(attempts[name], limits.of(name)) is None]
        number += 1
    return {name: found for name, found in attempts.items() if name not in troubles}, troubles


def judged(
    base: Base,
    limits: Thresholds,
    attempts: Mapping[str, Sequence[Measured]],
    troubles: Mapping[str, Trouble],
    seed: int,
) -> SpeedGate:
    """The body of the record."""
    rows = [row(name, found, limits.of(name)) for name, found in attempts.items()]
    # A base whose worker died says nothing of what its engine has.
    new = [name for name, trouble in troubles.items() if trouble.working is None and not trouble.over]
    failed: list[Failed] = [
        {"name": name, "error": trouble.working or trouble.base or ""}
        for name, trouble in troubles.items()
        if name not in new
    ]
    broken = [f["name"] for f in failed if troubles[f["name"]].base is None]
    answers: list[Answer] = [found["verdict"] for found in rows]
    answers += ["fail" if f["name"] in broken else "inconclusive" for f in failed]
    return {
        "verdict": verdict.worst(answers) if rows or failed else "inconclusive",
        "why": why(base, rows, failed, broken, new),
        "base": base.commit,
        "seed": seed,
        "rows": rows,
        "failed": failed,
        "new": new,
    }


def row(name: str, attempts: Sequence[Measured], threshold: float) -> SpeedGateRow:
    """One benchmark, from its attempts."""
    first, second = verdict.shown(attempts, threshold)
    return {
        "name": name,
        "title": BENCHMARKS[name].title,
        "threshold": threshold,
        "verdict": verdict.answer(attempts, threshold) or "inconclusive",
        "seconds": first.seconds,
        "estimate": verdict.estimate(first.change),
        "confirmed": None if second is None else verdict.estimate(second.change),
        "control": verdict.estimate(first.control),
        "power": (second or first).change.power(threshold),
    }


def told(base: Base) -> str:
    """What is compared with what."""
    tree = "the working tree, with changes that are not committed," if base.dirty else "the working tree"
    return f"{tree} against {base.chosen} ({base.commit[:12]})"


def why(base: Base, rows: list[SpeedGateRow], failed: list[Failed], broken: list[str], new: list[str]) -> str:
    """The answer in words, worst first, and where it holds."""
    slower = [f"{r['name']} {_percent(r)}" for r in rows if r["verdict"] == "fail"]
    unsure = [r["name"] for r in rows if r["verdict"] == "inconclusive"]
    fine = sum(r["verdict"] == "pass" for r in rows)
    lost = [f"{f['name']} ({f['error']})" for f in failed if f["name"] not in broken]
    here = machine()
    parts = [
        f"slower: {', '.join(slower)}" if slower else "",
        f"fails in the working tree only: {', '.join(broken)}" if broken else "",
        f"can't be told in this noise: {', '.join(unsure)}" if unsure else "",
        f"can't be compared: {', '.join(lost)}" if lost else "",
        f"{fine} of {len(rows) + len(failed)} benchmarks within their thresholds",
        f"not compared, because the base can't run it: {', '.join(new)}" if new else "",
        f"{told(base)}, both in this run on {here['cpu']}, {here['cores']} cores, {here['os']}",
    ]
    return "; ".join(part for part in parts if part)


def _percent(row: SpeedGateRow) -> str:
    """How much slower."""
    return f"{row['estimate']['ratio'] - 1:+.1%}"
