"""What changed between two documents of one kind: findings that are new or gone, numbers that are worse or better.

What can't be compared, and what is therefore not told as gone, `comparable` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from paragrad.reports import checked
from paragrad.reports.bodies.accuracy import AccuracyBody, Quantity
from paragrad.reports.bodies.check import Check, CheckError
from paragrad.reports.bodies.false_alarms import FalseAlarmsBody
from paragrad.reports.bodies.judges import JudgesBody
from paragrad.reports.bodies.mutants import MutantsBody
from paragrad.reports.bodies.parity import ParityBody
from paragrad.reports.bodies.peers import PeersBody
from paragrad.reports.bodies.speed import SpeedBody
from paragrad.reports.ci.comparable import comparable
from paragrad.reports.documents import Document
from paragrad.reports.render.markdown import number


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of which less is better."""

    value: float
    unit: str = ""


@dataclass(slots=True)
class Facts:
    """A document as what can be compared: words by name for what was found and what took part, and numbers by name."""

    found: dict[str, str] = field(default_factory=dict)
    parts: set[str] = field(default_factory=set)
    measures: dict[str, Measure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different, the most different first; `notes` say what could not be compared. `alike` is whether the same
    was asked for: else it follows from that what is lost and added."""

    new: list[str]
    gone: list[str]
    worse: list[str]
    better: list[str]
    lost: list[str]
    added: list[str]
    notes: list[str]
    alike: bool


def changes(before: Document, after: Document) -> Changes:
    """What changed from one document to another of its kind."""
    old, new = KINDS[before.kind](before.body), KINDS[after.kind](after.body)
    far = comparable(before, after)
    notes = list(far.notes)
    gone = _left(old.found, new.found)
    if gone and not far.whole:
        notes.append(f"{len(gone)} not found this time, which does not say that they are gone")
        gone = []
    return Changes(
        new=_left(new.found, old.found),
        gone=gone,
        worse=list(_moved(old.measures, new.measures, 1)),
        better=list(_moved(old.measures, new.measures, -1)),
        lost=sorted(old.parts - new.parts),
        added=sorted(new.parts - old.parts),
        notes=notes,
        alike=far.alike,
    )


def _left(of: Mapping[str, str], without: Mapping[str, str]) -> list[str]:
    return [told for name, told in of.items() if name not in without]


def _moved(old: Mapping[str, Measure], new: Mapping[str, Measure], sign: int) -> Iterator[str]:
    """Numbers that grew (1) or fell (-1), by the largest factor first."""
    found = []
    for name in old.keys() & new.keys():
        low, high = (side[name].value for side in ((old, new) if sign > 0 else (new, old)))
        if low < high:
            found.append((-(high / low if low else float("inf")), name))
    for _, name in sorted(found):
        yield f"{name} {number(old[name].value)} → {number(new[name].value)}{new[name].unit}"


def _check(body: Check | CheckError) -> Facts:
    if body["verdict"] == "error":
        return Facts(found={"error": str(body.get("error", ""))})
    found = {}
    for row in body["findings"]:
        known = " (known)" if row["known"] else ""
        found[row["id"]] = f"{checked.title(row)}{known}: {row['expression']}"
    return Facts(found=found, parts=set(body["ops"]["checked"]))


def _parity(body: ParityBody) -> Facts:
    found = {}
    for row in body["findings"]:
        name = _named(row["kind"], row["op"], row["argument"])
        found[name] = f"{name}: {row['diagnosis'] or row['message']}"
    return Facts(found=found, parts=set(body["ops"]))


def _accuracy(body: AccuracyBody) -> Facts:
    facts = Facts()
    for row in body["rows"]:
        name = f"{row['op']} in {row['dtype']}"
        facts.parts.add(name)
        quantities: dict[str, Quantity] = {f"grad {key}": value for key, value in row["gradients"].items()}
        if row["value"] is not None:
            quantities["value"] = row["value"]
        for of, quantity in quantities.items():
            facts.measures[f"{name}, {of}:"] = Measure(quantity["engine"]["max"], " ULP")
            facts.measures[f"{name}, {of}, inf or NaN unlike the truth:"] = Measure(quantity["engine"]["unlike"])
        if row["exact"] is not None:
            facts.measures[f"{name}, wrong whole numbers:"] = Measure(row["exact"]["engine"])
    for choice in body["conventions"]["differing"]:
        told = f"at {choice['point']} the engine gives {choice['engine']}, torch {choice['torch']}"
        facts.found[choice["point"]] = told
    return facts


def _speed(body: SpeedBody) -> Facts:
    facts = Facts(parts={row["title"] for row in (*body["rows"], *body["memory"])})
    facts.found = {row["name"]: f"{row['name']} could not run: {row['error']}" for row in body["failed"]}
    for missed in body["memory"]:
        if missed["met"] is False:
            facts.found[f"target {missed['name']}"] = f"target of {missed['title']} not met"
    return facts


def _mutants(body: MutantsBody) -> Facts:
    survivors = {row["id"]: f"mutant {row['id']} survives: {row['why']}" for row in body["survivors"]}
    return Facts(found=survivors, parts={row["family"] for row in body["families"]})


def _false_alarms(body: FalseAlarmsBody) -> Facts:
    found = {}
    for row in body["alarms"]:
        name = f"{_named(row['kind'], row['op'], row['argument'])} of {row['engine']}"
        found[name] = f"false alarm, {name}: {row['message']}"
    return Facts(found=found, parts={row["engine"] for row in body["rows"]})


def _peers(body: PeersBody) -> Facts:
    found = {}
    for peer in body["rows"]:
        for row in peer["findings"]:
            name = f"{peer['name']}, {row['severity']} {row['kind']} of {row['op']}"
            found[f"{name}: {row['diagnosis']}"] = f"{name}: {row['expression']}"
    return Facts(found=found, parts={peer["name"] for peer in body["rows"] if not peer["missing"]})


def _judges(body: JudgesBody) -> Facts:
    missed = {row["what"]: f"target not met: {row['what']}" for row in body["targets"] if not row["met"]}
    return Facts(found=missed, parts=set(body["judges"]))


def _named(kind: str, op: str, argument: str) -> str:
    return f"{kind} of {op}" + (f"({argument})" if argument else "")


KINDS: Mapping[str, Callable[[Any], Facts]] = {
    "check": _check,
    "parity": _parity,
    "accuracy": _accuracy,
    "speed": _speed,
    "mutants": _mutants,
    "false-alarms": _false_alarms,
    "peers": _peers,
    "judges": _judges,
}
"""The kinds of which two can be compared; a gate compares by itself."""
