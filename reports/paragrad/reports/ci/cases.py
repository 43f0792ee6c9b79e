"""A document as test cases: what passed, what failed, what is known; JUnit XML and annotations are made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from paragrad.reports import checked
from paragrad.reports.bodies.check import Check, CheckError
from paragrad.reports.bodies.false_alarms import FalseAlarmsBody
from paragrad.reports.bodies.gate import AccuracyGate, Answer, GateBody, SpeedGate
from paragrad.reports.bodies.judges import JudgesBody
from paragrad.reports.bodies.mutants import MutantsBody
from paragrad.reports.bodies.parity import ParityBody
from paragrad.reports.bodies.speed import SpeedBody
from paragrad.reports.documents import Document
from paragrad.reports.render.markdown import number

Outcome = Literal["passed", "failed", "skipped", "error"]
OUTCOMES: Mapping[Answer, Outcome] = {"pass": "passed", "fail": "failed", "inconclusive": "skipped"}
FOUND = ("killed", "hung")
"""Outcomes of a mutant that was noticed."""


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that was held to be so: `message` is a line, `text` the whole; `source` is file:line, where known."""

    group: str
    name: str
    outcome: Outcome
    message: str = ""
    text: str = ""
    source: str | None = None


def cases(document: Document) -> list[Case]:
    """The cases of a document whose kind is in KINDS."""
    return list(KINDS[document.kind](document.body))


def _check(body: Check | CheckError) -> Iterator[Case]:
    if body["verdict"] == "error":
        message = str(body.get("error", ""))
        yield Case("check", "check", "error", message, message)
        return
    engine = body["engine"]
    if body["verdict"] == "interrupted":
        yield Case(engine, "interrupted", "error", checked.INTERRUPTED, checked.INTERRUPTED)
    faulty = {finding["op"] for finding in body["findings"]}
    for op in body["ops"]["checked"]:
        if op not in faulty:
            yield Case(engine, op, "passed")
    for op in body["ops"]["not_compared"]:
        if op not in faulty:
            yield Case(engine, op, "skipped", f"not compared: no program with {op} ran to its end")
    for row in body["findings"]:
        told = "\n".join([checked.title(row), *checked.lines(row, body["command"])])
        said = f"{checked.title(row)}: {row['expression']}: {checked.why(row)}"
        if row["known"]:  # it may stay, and no line is to be marked for it
            yield Case(engine, row["id"], "skipped", f"known: {row['known']}", told)
        else:
            yield Case(engine, row["id"], "failed" if row["fails"] else "skipped", said, told, row["source_line"])
    for name in body["gone"]:
        said = f"{name} is known, and was not found: take it out, or run `{body['command']} --accept`"
        yield Case(engine, f"gone: {name}", "failed", said, said)


def _parity(body: ParityBody) -> Iterator[Case]:
    yield from _interrupted("parity", body["stopped"])
    yield from _sound("parity", body["ops"], {row["op"] for row in body["findings"]})
    for row in body["findings"]:
        why = row["diagnosis"] or row["message"]
        text = f"{row['message']}\n{why}\n{row['table']}\npython {row['script']}"
        yield Case("parity", _named(row["kind"], row["op"], row["argument"]), "failed", why, text)


def _false_alarms(body: FalseAlarmsBody) -> Iterator[Case]:
    yield from _interrupted("false alarms", body["stopped"])
    alarming = {(row["engine"], row["family"], row["dtype"]) for row in body["alarms"]}
    for engine, family, dtype in dict.fromkeys((row["engine"], row["family"], row["dtype"]) for row in body["rows"]):
        if (engine, family, dtype) not in alarming:
            yield Case(f"false alarms of {engine}", f"{family} in {dtype}", "passed")
    for row in body["alarms"]:
        name = f"{_named(row['kind'], row['op'], row['argument'])} in {row['family']}, {row['dtype']}"
        text = f"{row['message']}\n{row['table']}\n{row['file']}"
        yield Case(f"false alarms of {row['engine']}", name, "failed", row["message"], text)


def _mutants(body: MutantsBody) -> Iterator[Case]:
    yield from _interrupted("mutants", body["stopped"])
    for family in body["families"]:
        found = family["killed"] + family["hung"]
        if found:
            yield Case("mutants", f"{family['family']}: {found} found", "passed")
    for row in body["survivors"]:
        message = f"not found in {row['programs']} programs: {row['why']}"
        yield Case("mutants", row["id"], "failed", message, f"{row['description']}\n{message}")
    for listed in body["equivalents"]:
        if listed["outcome"] in FOUND:
            message = "listed as one that no program can show, and found: take it out of the list"
            yield Case("mutants", listed["id"], "failed", message, f"{message}\nreason given: {listed['reason']}")
        else:
            yield Case("mutants", listed["id"], "skipped", f"no program can show it: {listed['reason']}")
    for name in body["gone"]:
        message = "listed as one that no program can show, and no longer there: take it out of the list"
        yield Case("mutants", name, "failed", message, message)


def _gate(body: GateBody) -> Iterator[Case]:
    if body["accuracy"] is not None:
        yield from _of_part("gate: accuracy", body["accuracy"], list(_accuracy(body["accuracy"])))
    if body["speed"] is not None:
        yield from _of_part("gate: speed", body["speed"], list(_speed(body["speed"])))


def _accuracy(gate: AccuracyGate) -> Iterator[Case]:
    worse = {row["kind"] for row in gate["worse"]}
    for kind, count in gate["checked"].items():
        if kind not in worse:
            yield Case("gate: accuracy", f"{kind}: {count} as in the baseline", "passed")
    for row in gate["worse"]:
        message = f"{row['what']}: {row['before']}, now {row['after']}"
        yield Case("gate: accuracy", f"{row['kind']}: {row['what']}", "failed", message, f"{message}\n{row['repro']}")


def _speed(gate: SpeedGate) -> Iterator[Case]:
    for row in gate["rows"]:
        estimate = row["estimate"]
        told = f"{estimate['ratio']:.3f} times the base, {estimate['low']:.3f} to {estimate['high']:.3f}"
        message = f"{row['title']}: {told}; slower is above {row['threshold']:g}"
        if row["verdict"] == "inconclusive":
            message += f"; a clear slow-down would have been seen with a chance of {row['power']:.0%}"
        yield Case("gate: speed", row["name"], OUTCOMES[row["verdict"]], message, message)
    # Where the part does not fail, the base can't run them, or neither can: that is nobody's fault here.
    outcome: Outcome = "failed" if gate["verdict"] == "fail" else "skipped"
    for failed in gate["failed"]:
        yield Case("gate: speed", failed["name"], outcome, f"could not run: {failed['error']}", failed["error"])


def _speed_report(body: SpeedBody) -> Iterator[Case]:
    for row in body["rows"]:
        sides = (row["subject"]["name"], row["reference"]["name"])
        over, under = sides if row["goal"] == "at most" else sides[::-1]
        told = f"{over} ÷ {under} is {number(row['ratio'])}"
        yield _targeted("speed", row["title"], row["met"], told, f"{row['goal']} {row['target']}")
    for peak in body["memory"]:
        name = f"{peak['title']}, {peak['side']}"
        told = f"{number(peak['measured'])} {peak['unit']}"
        yield _targeted("memory", name, peak["met"], told, f"at most {peak['target']}")
    for failed in body["failed"]:
        yield Case("speed", failed["name"], "error", f"could not run: {failed['error']}", failed["error"])


def _judges(body: JudgesBody) -> Iterator[Case]:
    for row in body["targets"]:
        told = "not measured" if row["measured"] is None else number(row["measured"])
        yield _targeted("judges", row["what"], row["met"], told, f"{row['goal']} {number(row['target'])}")


def _targeted(group: str, name: str, met: bool | None, told: str, target: str) -> Case:
    """A number that was measured: whether it meets its target, where it has one."""
    if met is None:
        return Case(group, name, "skipped", f"no target: {told}")
    return Case(group, name, "passed") if met else Case(group, name, "failed", f"{told}; the target is {target}")


def _of_part(group: str, part: AccuracyGate | SpeedGate, found: Sequence[Case]) -> Iterator[Case]:
    """The cases of a part, and one of its own where none of them has its verdict."""
    yield from found
    outcome = OUTCOMES[part["verdict"]]
    if outcome not in {case.outcome for case in found}:
        yield Case(group, f"verdict: {part['verdict']}", outcome, part["why"], part["why"])


def _interrupted(group: str, stopped: str) -> Iterator[Case]:
    """An error for a run that was interrupted: what was not tried until then is no pass."""
    if stopped == "interrupted":
        told = "the run was interrupted, and of the rest nothing is known"
        yield Case(group, "interrupted", "error", told, told)


def _sound(group: str, ops: Mapping[str, int], faulty: set[str]) -> Iterator[Case]:
    for op in sorted(ops):
        if op not in faulty:
            yield Case(group, op, "passed")


def _named(kind: str, op: str, argument: str) -> str:
    return f"{kind} of {op}" + (f"({argument})" if argument else "")


KINDS: Mapping[str, Callable[[Any], Iterator[Case]]] = {
    "check": _check,
    "parity": _parity,
    "false-alarms": _false_alarms,
    "mutants": _mutants,
    "gate": _gate,
    "speed": _speed_report,
    "judges": _judges,
}
"""The kinds that have something to pass or fail."""
