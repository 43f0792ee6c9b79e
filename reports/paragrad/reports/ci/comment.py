"""A comment for a pull request: at most ten lines that say what changed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from paragrad.reports import checked
from paragrad.reports.bodies.check import Check, CheckError
from paragrad.reports.bodies.gate import ChangeRow, GateBody, SpeedGateRow, What
from paragrad.reports.ci.changes import changes
from paragrad.reports.ci.plain import clipped, plain
from paragrad.reports.documents import CHECK, Document
from paragrad.reports.render.markdown import code, plural, text

MOST = 10
LONGEST = 200
"""Characters of one item, before its markup."""
COMMAND = 400
"""Characters of a command; a longer one is not shown, for a part of it can't be pasted."""
OF_OPS: tuple[What, ...] = ("ulp", "verdict", "program", "dtype")
"""Kinds of changes whose name begins with their op."""

Section = tuple[str, str, Sequence[str]]
"""What one item is called, what several are, and the items as Markdown."""


def of_gate(document: Document) -> str:
    """What a gate found."""
    body: GateBody = document.body
    accuracy, speed = body["accuracy"], body["speed"]
    worse, better = ([], []) if accuracy is None else (accuracy["worse"], accuracy["better"])
    rows, failed, new = ([], [], []) if speed is None else (speed["rows"], speed["failed"], speed["new"])
    sections: list[Section] = [
        ("worse", "worse", [_change(row) for row in worse]),
        ("slower", "slower", [_slower(row) for row in rows if row["verdict"] == "fail"]),
        ("could not run", "could not run", [_item(f"{row['name']}: {row['error']}") for row in failed]),
        ("better", "better", [_change(row) for row in better]),
        ("inconclusive", "inconclusive", [_slower(row) for row in rows if row["verdict"] == "inconclusive"]),
        ("new, and not compared", "new, and not compared", [_item(", ".join(new))] if new else []),
    ]
    said = [
        f"{name} {part['verdict']} ({_item(part['why'])})"
        for name, part in (("accuracy", accuracy), ("speed", speed))
        if part is not None
    ]
    return _comment(f"**Gate: {body['verdict']}**: {'; '.join(said)}", sections)


def of_check(document: Document) -> str:
    """How a check stands to its baseline: what is new, what is gone, what is known."""
    body: Check | CheckError = document.body
    if body["verdict"] == "error":
        return _comment(f"**Check: not possible**: {_item(str(body.get('error', '')))}", [])
    told = [(row, _item(f"{row['title']}: {row['expression']}: {checked.why(row)}")) for row in body["findings"]]
    sections: list[Section] = [
        ("fails", "fail", [item for row, item in told if row["fails"]]),
        ("known and gone", "known and gone", [_item(name) for name in body["gone"]]),
        ("known", "known", [item for row, item in told if row["known"]]),
        ("told only", "told only", [item for row, item in told if not row["known"] and not row["fails"]]),
    ]
    judged = f"{plural(body['counts']['judged'], 'program')}, {plural(len(body['ops']['checked']), 'op')}"
    lacking = body["ops"]["not_compared"]
    left = f"; not compared: {_item(', '.join(lacking))}" if lacking else ""
    early = ", and of the rest nothing is known" if body["verdict"] == "interrupted" else ""
    head = f"**{body['verdict'].capitalize()}**: {_item(body['engine'])}; {judged}, against torch{early}{left}"
    return _comment(head, sections)


def of_two(before: Document, after: Document) -> str:
    """What changed from one document to another of its kind."""
    if after.body.get("verdict") == "error":
        return of_check(after)
    found = changes(before, after)
    sections: list[Section] = [
        ("new", "new", [_item(told) for told in found.new]),
        ("worse", "worse", [_item(told) for told in found.worse]),
        ("not tried any more", "not tried any more", _tried(found.lost, found.alike)),
        ("gone", "gone", [_item(told) for told in found.gone]),
        ("better", "better", [_item(told) for told in found.better]),
        ("tried for the first time", "tried for the first time", _tried(found.added, found.alike)),
    ]
    sizes = map(len, (found.new, found.worse, found.lost, found.gone, found.better, found.added))
    counted = [f"{size} {several}" for size, (_, several, _) in zip(sizes, sections, strict=True) if size]
    notes = f" ({'; '.join(map(_item, found.notes))})" if found.notes else ""
    return _comment(f"{_headed(after)}: {', '.join(counted) or 'nothing changed'}{notes}", sections)


def _headed(document: Document) -> str:
    """The kind; of a check its verdict, too, and what that is made of: a fail may have been one before."""
    name = document.kind.capitalize()
    if document.kind != CHECK:
        return f"**{name}**"
    body: Check = document.body
    counts = {"fail": sum(row["fails"] for row in body["findings"]), "known and gone": len(body["gone"])}
    against = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"**{name}: {body['verdict']}**" + (f" ({against})" if against else "")


def _tried(names: Sequence[str], alike: bool) -> list[str]:
    """What took part in one of two runs only: one by one where both were asked for the same, else how many."""
    items = [_item(name) for name in names]
    return items if alike or len(items) < 2 else [f"{len(items)}, among them {items[0]}"]


def _comment(head: str, sections: Sequence[Section]) -> str:
    """The lines. Each section has one at least; what lines are left go to the first ones."""
    shown = [section for section in sections if section[2]]
    left = MOST - 1 - len(shown)
    lines = [head]
    for one, several, items in shown:
        more = min(left, len(items) - 1)
        left -= more
        whole = items if len(items) == more + 1 else items[:more]
        lines += [f"- {one}: {item}" for item in whole]
        if rest := items[len(whole) :]:
            last = f"; and {len(rest) - 1} more" if len(rest) > 1 else ""
            lines.append(f"- {several if len(rest) > 1 else one}: {rest[0]}{last}")
    return "\n".join(lines) + "\n"


def _change(row: ChangeRow) -> str:
    moved = f"{row['kind']} {row['what']}: {row['before']} → {row['after']}"
    return f"{_item(moved)}; {code(_pasted(row))}"


def _pasted(row: ChangeRow) -> str:
    """The command of a change; where it is too long to be shown whole, the gate of its op, which writes it out."""
    if len(row["repro"]) <= COMMAND and plain(row["repro"]) == row["repro"]:
        return row["repro"]
    op = re.match(r"[\w.]+(?=[ :(])", row["what"]) if row["kind"] in OF_OPS else None
    return f"paragrad gate --accuracy --only {op[0]}" if op else "paragrad gate --accuracy"


def _slower(row: SpeedGateRow) -> str:
    estimate = row["estimate"]
    told = f"{estimate['ratio']:.2f} times the base ({estimate['low']:.2f} to {estimate['high']:.2f})"
    return f"{_item(row['title'])}, {told}"


def _item(told: str) -> str:
    # A space without width: a decorator or an address in a subject's words is to call nobody.
    return re.sub(r"@(?=\w)", "@\u200b", text(clipped(plain(told), LONGEST)))
