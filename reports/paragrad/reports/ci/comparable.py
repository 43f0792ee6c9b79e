"""How far two documents of one kind can be compared: what was asked for, of which engine, on which machine, with what.

What a run did not try is no finding that is gone. Times of two runs are not compared at all: a machine that others use
drifts by more than a change makes, which is why `paragrad gate --speed` measures both sides in one run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paragrad.reports.documents import CHECK, Document

ASKED = ("programs", "seed", "only")
"""Options of a check by which it tries other programs."""
EARLY = {"time": "stopped before all its programs ran, for its time was up", "interrupted": "was interrupted"}
TIMES = "times of two runs are not compared: paragrad gate --speed measures both sides in one"
LIBRARIES = ("python", "numpy", "torch")


@dataclass(frozen=True, slots=True)
class Comparable:
    """`alike`: the same was asked for; `whole`: what the later one did not find is gone.

    `notes` say why not, and what else is different.
    """

    alike: bool
    whole: bool
    notes: Sequence[str]


def comparable(before: Document, after: Document) -> Comparable:
    """Two documents of one kind; the later one is no check that was not possible."""
    if after.kind == CHECK:
        return _checks(before.body, after.body)
    one, other = before.record, after.record
    assert one is not None and other is not None, "what is no check is a record"
    notes = []
    alike = (one["seed"], one["options"]) == (other["seed"], other["options"])
    if not alike:
        notes.append("seed or options differ, and what is drawn with them")
    later = list(_early("later run", other["body"]))
    notes += [*_early("earlier run", one["body"]), *later]
    if after.kind == "speed":
        notes.append(TIMES)
    notes += _libraries(one["versions"], other["versions"])
    return Comparable(alike, alike and not later, notes)


def _checks(before: Mapping[str, Any], after: Mapping[str, Any]) -> Comparable:
    if before["verdict"] == "error":
        return Comparable(False, True, ["the earlier check was not possible"])
    notes = []
    unlike = [name for name in ASKED if before["options"].get(name) != after["options"].get(name)]
    if unlike:
        notes.append(f"other programs were asked for: {', '.join(f'--{name}' for name in unlike)}")
    if before["engine"] != after["engine"]:
        notes.append(f"the earlier check is of another engine, {before['engine']}")
    cut = list(_cut("later check", after))
    whole = not (notes or cut)
    cut += _cut("earlier check", before)
    notes += [*cut, *_libraries(before["versions"], after["versions"])]
    return Comparable(not (unlike or cut), whole, notes)


def _cut(which: str, check: Mapping[str, Any]) -> Iterator[str]:
    """A note on a check of fewer programs than its option says: only one that is named makes so few."""
    programs = check["options"].get("programs")
    if isinstance(programs, int) and check["counts"]["requested"] < programs:
        yield f"the {which} tried a single program (--program)"
    yield from _early(which, check)


def _early(which: str, body: Mapping[str, Any]) -> Iterator[str]:
    """A note on a run that did not try all that was asked for."""
    if stopped := body.get("stopped"):
        yield f"the {which} {EARLY.get(stopped, f'stopped early ({stopped})')}"


def _libraries(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """A note for each library of another version: torch moves results without a change to the engine."""
    for name in LIBRARIES:
        if one[name] != other[name]:
            yield f"{name} {one[name] or 'none'} → {other[name] or 'none'}"
