"""The page of one computation: what differs first, every step forward and backward, and a test to take away."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import cast

from markupsafe import Markup

from paragrad.engine.draw import MOST
from paragrad.reports.bodies.diff import DiffBody, DiffFinding, DiffNode
from paragrad.reports.html.blocks import (
    Block,
    Card,
    Cell,
    Code,
    Facts,
    Note,
    Page,
    Prose,
    Section,
    Table,
    Words,
    code,
    columns,
    link,
    row,
)
from paragrad.reports.html.pages import run
from paragrad.reports.html.stepper.data import Step, Stepper
from paragrad.reports.html.stepper.graph import Drawing
from paragrad.reports.html.stepper.steps import Steps
from paragrad.reports.record import Record
from paragrad.reports.render.diff import verdict_line

CHOSEN = "The graph has more nodes than a page can show: these are {} of {}; --node LABEL and --most N choose others."


def page(record: Record, beside: Mapping[str, Record]) -> Page:
    """The page of a diff record."""
    body = cast(DiffBody, record["body"])
    nodes = on_page(body)
    drawing = Drawing(nodes, body)
    steps = Steps(nodes, body, drawing)
    shown, difference = steps.all(), steps.difference()
    sections = [findings(body, difference)] if body["findings"] else []
    sections.append(stepping(body, nodes, drawing, shown, difference))
    sections += [away(body), computation(body), run.section(record)]
    word, _, rest = verdict_line(body).partition(" ")
    answer = f"{word.capitalize()} {rest}."
    return Page("Diff", answer, "good" if body["verdict"] == "parity" else "bad", [], sections)


def on_page(body: DiffBody) -> list[DiffNode]:
    """The nodes that are drawn and stepped through: all, or as many around the first difference as a drawing holds."""
    nodes = sorted(body["nodes"], key=lambda node: node["number"])
    if len(nodes) <= MOST:
        return nodes
    numbers = [node["number"] for node in nodes]
    centre = numbers.index(body["star"]) if body["star"] in numbers else len(nodes) - 1
    start = min(max(0, centre - MOST // 2), len(nodes) - MOST)
    return nodes[start : start + MOST]


def findings(body: DiffBody, difference: str) -> Section:
    """What is wrong and why, the first difference first."""
    labels = {node["number"]: node["label"] for node in body["nodes"]}
    cards: list[Block] = []
    for k, finding in enumerate(body["findings"], 1):
        at = "" if finding["node"] is None else f" at {labels.get(finding['node'], 'a node that is not shown')}"
        words = told(finding)
        if k == 1 and difference:
            words.append(link(difference, "Go to the first difference"))
        cards.append(Card(f"finding-{k}", f"{k}. {finding['title']}{at}", words, None, []))
    if body["next"]:
        cards.append(Code("The next command", body["next"]))
    return Section("findings", "What differs, and why", cards)


def told(finding: DiffFinding) -> list[Words]:
    """A finding in lines, the diagnosis first; what is not known is left out."""
    lines = [
        ("Why", finding["diagnosis"]),
        ("Seen", finding["message"]),
        ("Where", finding["where"]),
        ("Meant", finding["rule"]),
    ]
    return [Markup("<strong>{}</strong> {}").format(name, words) for name, words in lines if words]


def stepping(body: DiffBody, nodes: list[DiffNode], drawing: Drawing, shown: list[Step], difference: str) -> Section:
    """The stepper, and the table of all steps."""
    blocks: list[Block] = [introduction(body)]
    if len(nodes) < body["size"]:
        blocks.append(Note(CHOSEN.format(len(nodes), f"{body['size']:,}")))
    if not body["order"]:
        blocks.append(Note("Nothing goes backward here: only values are compared."))
    drawn, beside = drawing.svg()
    blocks.append(Stepper("stepper", shown, drawn, beside, difference, table(shown)))
    return Section("steps", "Step by step", blocks)


def introduction(body: DiffBody) -> Prose:
    """What one sees."""
    return Prose(
        Markup(
            "{}, with {} beside torch. Values go forward along the arrows; gradients come back against them. "
            "The wider an edge, the larger the contribution that came back along it: "
            "each of six widths is for contributions four times as large as the one below."
        ).format(code(asked(body)), code(body["engine"]))
    )


def asked(body: DiffBody) -> str:
    """What was asked about, in a line."""
    source = body["source"]
    words = " ".join(source["text"].split()) if source["form"] == "expression" else source["name"]
    return words if len(words) <= 300 else words[:299] + "…"


def table(steps: list[Step]) -> Table:
    """Every step as a row: the whole without a script, and for whom a drawing says nothing."""
    numeric = ("mine", "torch", "error ÷ bound", "finite difference")
    rows = []
    for step in steps:
        side = step.sides[-1]
        first = Cell(link(step.id, step.counter + (" (the first difference)" if step.starred else "")))
        error = Cell(side.fraction, sortable(side.error))
        verdict = Cell(side.verdict, tone=side.tone)
        rows.append(
            row(first, side.what, side.mine, side.torch, verdict, error, side.difference, "; ".join(step.total))
        )
    heads = columns(
        "step", "what", "mine", "torch", "verdict", "error ÷ bound", "finite difference", "as a sum over its edges",
        numeric=numeric, facet=("what", "verdict"),
    )  # fmt: skip
    return Table("all-steps", "Every step, forward and backward", heads, rows)


def sortable(error: str) -> float | None:
    """The error as a number to sort by; what is not finite counts as the largest there is."""
    try:
        found = float(error) if error else None
    except ValueError:
        found = math.nan
    return found if found is None or math.isfinite(found) else sys.float_info.max


def away(body: DiffBody) -> Section:
    """The test to copy, or that there is none."""
    if not body["test"]:
        told = "No test can be written of this: it takes one backward of an engine whose file and spelling are known."
        return Section("test", "As a test", [Note(told, "plain")])
    told = (
        "A pytest file that stands alone: it builds the computation with the engine and with torch, and holds the "
        "gradient of every leaf within what rounding may do. Keep it beside the engine; it fails while this differs."
    )
    return Section("test", "As a test", [Prose(told), Code("The pytest file", body["test"])])


def computation(body: DiffBody) -> Section:
    """What was asked, at which numbers, and the whole source."""
    source = body["source"]
    pairs: list[tuple[str, Words]] = [("engine", body["engine"]), ("asked about", asked(body))]
    pairs.append(
        (
            "nodes",
            f"{len(body['nodes'])} of {body['size']:,}" if len(body["nodes"]) < body["size"] else str(body["size"]),
        )
    )
    if body["failure"]:
        pairs.append(("failure", body["failure"]))
    blocks: list[Block] = [Facts(pairs), *[Note(note, "plain") for note in body["notes"]]]
    blocks.append(Code("The command", body["command"]))
    if source["text"]:
        blocks.append(Code("The source", source["text"], folded=source["text"].count("\n") > 12))
    return Section("computation", "The computation", blocks)
