"""The page of a parity record: the verdict, then each finding with its smallest program, then what was covered."""

from __future__ import annotations

from collections.abc import Mapping

from paragrad.reports.bodies.parity import FindingRow, ParityBody, WorstRow
from paragrad.reports.record import Record
from paragrad.reports.render import coverage
from paragrad.reports.render.markdown import IN_FULL, by_verdict, code, fence, more, of_bound, plural, table, text


def agreement(values: Mapping[str, int], gradients: Mapping[str, int]) -> str:
    """What a run without findings showed, by its elements by verdict: that rounding explains every difference, but
    for so many elements that are legal choices at a kink, or too ill-conditioned for anybody to tell."""
    told = ["every difference from torch is rounding"]
    for verdict, what in (
        ("convention", "a choice at a kink that torch makes otherwise"),
        ("ill-conditioned", "too ill-conditioned to tell"),
    ):
        if count := values.get(verdict, 0) + gradients.get(verdict, 0):
            told.append(f"or {what} ({plural(count, 'element')})")
    return ", ".join(told)


def blocks(body: ParityBody, record: Record) -> list[str]:
    """The page, block by block."""
    found = body["findings"]
    judged = plural(record["counts"]["judged"], "program")
    told = f"in {judged} {agreement(body['values'], body['gradients'])}."
    verdict = f"**Interrupted**; until then {told}" if body["stopped"] == "interrupted" else f"**Parity**: {told}"
    if found:
        verdict = f"**{plural(len(found), 'finding')}** in {judged}."
    page = ["# Parity with torch", verdict]
    if body["stopped"]:
        page.append(f"The run ended early: {text(body['stopped'])}.")
    for rank, finding in enumerate(found[:IN_FULL], 1):
        page += _finding(rank, finding)
    page += more(len(found))
    page += ["## Elements by verdict", by_verdict(body["values"], body["gradients"])]
    page.append(f"The largest error ÷ bound among what is right: {of_bound(body['largest'], 2)}.")
    page += _worst(body["worst"])
    families = [(name, str(n)) for name, n in sorted(body["families"].items())]
    page += ["## Programs", table(("family", "programs"), families)]
    page.append(f"{body['distinct']} distinct structures; {plural(body['replayed'], 'past failure')} replayed first.")
    page += coverage.blocks(body["coverage"])
    page += ["## Time", _time(body)]
    uses = [f"{code(name)} {n}" for name, n in sorted(body["ops"].items(), key=lambda item: item[1])]
    page += [f"## Uses of each of {plural(len(uses), 'op')}, the rarest first", ", ".join(uses) or "none"]
    return page


def _finding(rank: int, finding: FindingRow) -> list[str]:
    where = f" of {code(finding['argument'])}" if finding["argument"] else ""
    shrunk = f"{finding['statements']} statements, shrunk from {finding['statements_before']}"
    return [
        f"## {rank}. {text(finding['kind'])} of {code(finding['op'])}{where}",
        text(finding["message"]),
        *([f"Why: {text(finding['diagnosis'])}"] if finding["diagnosis"] else []),
        *([f"Whose bug: {text(finding['whose'])}"] if finding["whose"] else []),
        fence(finding["table"]),
        f"Seen in {plural(finding['programs'], 'program')}; the smallest has {shrunk}. "
        f"Run it: {code('python ' + finding['script'])}; keep it: {code('paragrad corpus add ' + finding['file'])}",
    ]


def _worst(worst: list[WorstRow]) -> list[str]:
    """The right programs nearest their bounds, and how to look at them."""
    if not worst:
        return []
    rows = [
        (text(row["family"]), text(row["engine"]), str(row["statements"]), of_bound(row["ratio"], 2)) for row in worst
    ]
    heads = ("family", "engine", "statements", "error ÷ bound")
    told = "Right, and with the least room left. The record has the table, the program and a script of each."
    return ["## Nearest to their bounds", table(heads, rows, left=2), told]


def _time(body: ParityBody) -> str:
    """The loop's seconds by part, and against torch's."""
    loop = sum(body["seconds"].values())
    rows = [
        (part, f"{spent:.2f}", f"{100 * spent / loop:.0f}%" if loop else "-") for part, spent in body["seconds"].items()
    ]
    return table(("part", "seconds", "share"), [*rows, ("whole run", f"{body['elapsed']:.2f}", "")])
