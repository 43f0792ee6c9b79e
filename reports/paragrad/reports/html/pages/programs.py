"""Programs on a page: each with its table, its drawing, and the scripts that show it again."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

from paragrad.engine.draw.svg import STYLE
from paragrad.reports.bodies.parity import FindingRow, ParityBody, WorstRow
from paragrad.reports.html.blocks import Block, Card, Code, Note, Prose, Section, Table, code, columns, row
from paragrad.reports.html.drawing import program_svg
from paragrad.reports.html.many import CARDS, more, shown
from paragrad.reports.html.words import of_bound, plural, ratio, whole
from paragrad.reports.render.parity import agreement

THICK = "A thick border: from there a backward starts."
CLOSEST = f"the number that came closest to its bound. It is right. {THICK}"
"""What is set apart in the drawing and the table of a right program."""
WHOSE = {"subject": "the engine's", "reference": "torch's"}
"""Whose bug a finding is, in words."""
WRONG = f"the number that is wrong. {THICK}"


def drawn(program: dict[str, Any], name: str, starred: int | None) -> Markup | None:
    """The drawing, without its style: the page has that once, and its policy allows no other."""
    found = program_svg(program, name, starred)
    # Both sides are a drawing's own text: nothing of a subject becomes markup here.
    return None if found is None else Markup(str(found).replace(f"<style>{STYLE}</style>", "", 1))


def worst(rows: list[WorstRow]) -> Section:
    """The right programs that came closest to their bound."""
    title = "The programs closest to their bound"
    if not rows:
        return Section("worst", title, [Note("The parity record beside holds no worst programs.")])
    heads = columns(
        "program", "family", "engine", "error ÷ bound", "statements", numeric=("error ÷ bound", "statements")
    )
    lines = [
        row(shown(f"worst-{k}", k, f"program {k}"), r["family"], r["engine"], ratio(r["ratio"]), whole(r["statements"]))
        for k, r in enumerate(rows, 1)
    ]
    blocks: list[Block] = [
        Prose("All of these are right. They show how much room the bounds leave."),
        Table("worst-table", title, heads, lines),
    ]
    for k, r in enumerate(rows[:CARDS], 1):
        told = [f"{r['family']} program of {plural(r['statements'], 'statement')} on the {r['engine']} engine."]
        told += [f"Starred, and red in the drawing: {CLOSEST}"] if r["variable"] is not None else []
        codes = [
            Code(f"Table of program {k}", r["table"], folded=k > 3),
            Code(f"Script that runs program {k}", r["repro"], folded=True),
            Code(f"Program {k} as JSON", json.dumps(r["program"], ensure_ascii=False), folded=True),
        ]
        title = f"Program {k}: error ÷ bound {of_bound(r['ratio'], 4)}"
        blocks.append(Card(f"worst-{k}", title, [*told], drawn(r["program"], f"program {k}", r["variable"]), codes))
    return Section("worst", "The programs closest to their bound", [*blocks, *more(len(rows))])


def findings(body: ParityBody, where: str) -> Section:
    """What the judge found, cause by cause."""
    rows = body["findings"]
    title = "Findings" if not rows else plural(len(rows), "finding")
    if not rows:
        return Section("findings", title, [Prose(f"None{where}: {agreement(body['values'], body['gradients'])}.")])
    numeric = ("programs", "statements")
    heads = columns("finding", "op", "argument", "whose bug", "engine", *numeric, numeric=numeric, facet=("engine",))
    lines = [
        row(shown(f"finding-{k}", k, f"{k}. {f['kind']}"), code(f["op"]), f["argument"],
            WHOSE.get(f["whose"], f["whose"]), f["family"],
            whole(f["programs"]), whole(f["statements"]))
        for k, f in enumerate(rows, 1)
    ]  # fmt: skip
    blocks: list[Block] = [Table("findings-table", "Findings by cause", heads, lines)]
    blocks += [_finding(k, f) for k, f in enumerate(rows[:CARDS], 1)]
    return Section("findings", title, [*blocks, *more(len(rows))])


def _finding(k: int, f: FindingRow) -> Card:
    of = f"({f['argument']})" if f["argument"] else ""
    shrunk = f"{plural(f['statements'], 'statement')}, shrunk from {f['statements_before']}"
    words = [f["message"]]
    words += [f"Why: {f['diagnosis']}"] if f["diagnosis"] else []
    words += [f"Whose bug: {WHOSE.get(f['whose'], f['whose'])}"] if f["whose"] else []
    words += [f"Starred, and red in the drawing: {WRONG}"] if f["variable"] is not None else []
    words.append(f"Seen in {plural(f['programs'], 'program')}; the smallest has {shrunk}.")
    codes = [
        Code(f"Table of finding {k}", f["table"]),
        Code(f"Run finding {k}, or keep it", f"python {f['script']}\nparagrad corpus add {f['file']}"),
        Code(f"Script of finding {k}", f["repro"], folded=True),
        Code(f"Program of finding {k} as JSON", json.dumps(f["program"], ensure_ascii=False), folded=True),
    ]
    return Card(
        f"finding-{k}",
        f"{k}. {f['kind']} of {f['op']}{of}",
        words,
        drawn(f["program"], f"the program of finding {k}", f["variable"]),
        codes,
    )
