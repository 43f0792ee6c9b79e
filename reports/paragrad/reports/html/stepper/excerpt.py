"""Where a node is written: its line of the source, cut to a readable length, with the node's own part apart."""

from __future__ import annotations

from paragrad.reports.bodies.diff import DiffNode, DiffSource
from paragrad.reports.html.stepper.data import Excerpt

AROUND = 60
"""Characters on either side of the node's part."""
PART = 160
"""Characters of the part itself."""


def excerpt(node: DiffNode, source: DiffSource) -> Excerpt | None:
    """The place of a node; None where it has none."""
    place = node["place"]
    if place is None:
        return None
    lines = source["text"].split("\n")
    line = lines[place["line"] - 1] if 0 < place["line"] <= len(lines) else ""
    several = len(lines) > 1 or source["form"] == "file"
    where = f"line {place['line']}" if several else f"column {place['column'] + 1}"
    part = line[place["column"] : place["end"]]
    if not part:
        return Excerpt(where, "", _cut(place["text"], PART), "")
    before, after = line[: place["column"]].lstrip(), line[place["end"] :].rstrip()
    if len(before) > AROUND:
        before = "…" + before[-AROUND:]
    return Excerpt(where, before, _cut(part, PART), _cut(after, AROUND))


def _cut(words: str, longest: int) -> str:
    return words if len(words) <= longest else words[: longest - 1] + "…"
