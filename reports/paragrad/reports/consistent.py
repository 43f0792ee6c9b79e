"""What types can't say of a document: times that are none, and verdicts that its own contents contradict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

ORDER = ("pass", "inconclusive", "fail")
"""Answers of a gate, the worst last."""
TIMES = frozenset(("elapsed", "seconds", "total", "first_finding"))


def moment(created: str) -> Iterator[str]:
    """A problem where `created` is no time in UTC."""
    try:
        offset = datetime.fromisoformat(created).utcoffset()
    except ValueError:
        offset = None
    if offset != timedelta(0):
        shown = created if len(created) <= 40 else created[:37] + "..."
        yield f"created should be a time in UTC such as 2026-01-31T12:00:00+00:00, is {shown!r}"


def durations(body: Mapping[str, Any], place: str) -> Iterator[str]:
    """A problem for each duration on the first levels of a body that is negative."""
    for key, value in body.items():
        if key in TIMES and isinstance(value, int | float) and value < 0:
            yield f"{place}.{key} should be a duration, is {value}"
        elif key in TIMES and isinstance(value, dict):
            parts = {part: spent for part, spent in value.items() if isinstance(spent, int | float) and spent < 0}
            yield from (f"{place}.{key}.{part} should be a duration, is {spent}" for part, spent in parts.items())


def gate(body: Mapping[str, Any]) -> Iterator[str]:
    """Problems of a gate's verdicts, for a body that is as its type says."""
    parts = {name: body[name] for name in ("accuracy", "speed") if body[name] is not None}
    if parts:
        worst = max((part["verdict"] for part in parts.values()), key=ORDER.index)
        if body["verdict"] != worst:
            yield f"body.verdict is {body['verdict']!r}, but the worst of its parts' is {worst!r}"
    if "accuracy" in parts and parts["accuracy"]["verdict"] == "pass" and parts["accuracy"]["worse"]:
        yield f"body.accuracy.verdict is 'pass', but {len(parts['accuracy']['worse'])} got worse"
    if not parts:
        yield "body has neither accuracy nor speed: nothing was compared"
    if "speed" in parts:
        yield from _speed(parts["speed"])


def _speed(part: Mapping[str, Any]) -> Iterator[str]:
    """Problems of the speed gate's verdict and of its rows."""
    answers = [row["verdict"] for row in part["rows"]]
    against = {name: answers.count(name) for name in ("fail", "inconclusive")} | {"failed": len(part["failed"])}
    # Of what could not be measured only the run knows whether the base can run it.
    possible = {
        "pass": not (against["fail"] or against["inconclusive"] or against["failed"]),
        "inconclusive": not against["fail"] and bool(against["inconclusive"] or against["failed"] or not part["rows"]),
        "fail": bool(against["fail"] or against["failed"]),
    }
    if not possible[part["verdict"]]:
        told = "{} are slower, {} are inconclusive and {} could not be measured".format(*against.values())
        yield f"body.speed.verdict is {part['verdict']!r}, but of {len(answers)} benchmarks {told}"
    for number, row in enumerate(part["rows"]):
        yield from _row(row, f"body.speed.rows[{number}]")


def _row(row: Mapping[str, Any], place: str) -> Iterator[str]:
    """Problems of one benchmark."""
    for name in ("estimate", "confirmed", "control"):
        found = row[name]
        if found is not None and not 0 < found["low"] <= found["ratio"] <= found["high"]:
            yield f"{place}.{name} is no interval: {found['ratio']} ({found['low']} to {found['high']})"
    if not 0 <= row["power"] <= 1:
        yield f"{place}.power should be a chance, is {row['power']}"
    if row["threshold"] <= 1:
        yield f"{place}.threshold should be above 1, is {row['threshold']}"
    if row["seconds"] < 0:
        yield f"{place}.seconds should be a duration, is {row['seconds']}"
    shown = [found for found in (row["estimate"], row["confirmed"]) if found is not None]
    above = sum(found["low"] > row["threshold"] for found in shown)
    if (above == 2 and row["verdict"] != "fail") or (row["verdict"] == "fail" and (above == 0 or len(shown) < 2)):
        told = f"of its {len(shown)} intervals {above} lie above its threshold"
        yield f"{place}.verdict is {row['verdict']!r}, but {told}"


def accuracy(body: Mapping[str, Any]) -> Iterator[str]:
    """Problems of the counts of random graphs, for a body that is as its type says."""
    counts = body["graphs"]
    parts = (counts["judged"], counts["not_compared"], counts["not_run"])
    if counts["requested"] != sum(parts) or min(parts) < 0:
        told = "{} judged + {} not compared + {} not run".format(*parts)
        yield f"body.graphs don't add up: {counts['requested']} requested, but {told}"
    if counts["judged"] != len(body["points"]):
        yield f"body.graphs.judged is {counts['judged']}, but there are {len(body['points'])} points"


def check(document: Mapping[str, Any]) -> Iterator[str]:
    """Problems of a check's verdict, for a document that is as its type says."""
    failing = sum(finding["fails"] for finding in document["findings"])
    against = [f"{failing} of its findings fail"] if failing else []
    against += [f"{len(document['gone'])} known are gone"] if document["gone"] else []
    if document["verdict"] == "parity" and against:
        yield f"verdict is 'parity', but {' and '.join(against)}"
    if document["verdict"] == "findings" and not against:
        yield "verdict is 'findings', but none of its findings fails and nothing known is gone"
    if (document["verdict"] == "interrupted" or not against) and (
        (document["verdict"] == "interrupted") != (document["stopped"] == "interrupted")
    ):
        yield f"verdict is {document['verdict']!r}, but stopped is {document['stopped']!r}"
    if document["verdict"] == "parity" and not document["ops"]["checked"]:
        yield "verdict is 'parity', but no op was compared"


BODIES: Mapping[str, Callable[[Mapping[str, Any]], Iterator[str]]] = {"accuracy": accuracy, "gate": gate}
"""The kinds of records whose bodies may contradict themselves."""
