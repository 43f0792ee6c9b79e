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
    slower = [row for row in parts["speed"]["rows"] if row["verdict"] == "fail"] if "speed" in parts else []
    if slower and parts["speed"]["verdict"] != "fail":
        yield f"body.speed.verdict is {parts['speed']['verdict']!r}, but {len(slower)} are slower"


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
