"""The page of `paragrad check`: what is wrong with somebody's engine, why, and what shows it again."""

from __future__ import annotations

import json

from markupsafe import Markup

from paragrad.reports import checked
from paragrad.reports.bodies.check import Check, CheckError, CheckFinding
from paragrad.reports.html.blocks import (
    Block,
    Card,
    Code,
    Facts,
    Note,
    Page,
    Prose,
    Section,
    Table,
    Tile,
    Tone,
    Words,
    code,
    columns,
    link,
    row,
)  # fmt: skip
from paragrad.reports.html.many import CARDS, more, shown
from paragrad.reports.html.pages.programs import drawn
from paragrad.reports.html.words import plural, whole
from paragrad.reports.render.check import STOPPED
from paragrad.reports.render.markdown import option

TITLE = "Check against torch"


def page(body: Check | CheckError) -> Page:
    """The page of a check, also of one that was not possible."""
    if body["verdict"] == "error":
        told = [Section("why", "Why", [Code("What was said", body["error"]), Prose(NOTHING)])]
        return Page(TITLE, "The check was not possible: nothing is known of the engine.", "bad", [], told)
    failing = [row for row in body["findings"] if row["fails"]]
    others = [row for row in body["findings"] if not row["fails"]]
    sections = [_failing(failing, body), *_gone(body), _others(others), _ops(body), _run(body)]
    return Page(TITLE, _answer(body, len(failing)), _tone(body), _tiles(body, len(failing), len(others)), sections)


NOTHING = "This is neither parity nor a finding. Mend what is said above, and run the check again."


BELIEVE = (
    "Each op ran alone and in random programs, and each value and gradient that the engine shows was held against "
    "torch's. What may differ is what rounding explains, in a bound made for each number; there is no fixed "
    "tolerance. A finding is the smallest program that still shows the fault, and its script shows it without paragrad."
)


def _tone(body: Check) -> Tone:
    if body["verdict"] == "findings":
        return "bad"
    return "open" if body["ops"]["not_compared"] or body["stopped"] else "good"


def _answer(body: Check, failing: int) -> Words:
    engine = code(body["engine"])
    if body["verdict"] == "parity":
        lacking = body["ops"]["not_compared"]
        left = f", but {plural(len(lacking), 'op')} could not be compared" if lacking else ""
        return Markup("Parity: {} has nothing that fails{}.").format(engine, left)
    if body["verdict"] == "interrupted":
        return Markup("{}: {}.").format(engine, checked.INTERRUPTED)
    gone = f", and {plural(len(body['gone']), 'known one')} gone" if body["gone"] else ""
    return Markup("{}{} in {}.").format(link("failing", plural(failing, "finding")), gone, engine)


def _found(body: Check, failing: int) -> tuple[Tone, str]:
    """The tone and the word of the number of findings."""
    if failing:
        return "bad", "look"
    return ("open", "interrupted") if body["verdict"] == "interrupted" else ("good", "parity")


def _tiles(body: Check, failing: int, others: int) -> list[Tile]:
    counts, ops = body["counts"], body["ops"]
    judged = f"of {plural(counts['requested'], 'program')} in {body['seconds']['total']:.1f} s"
    early = {"time": "time was up"}.get(body["stopped"], body["stopped"])
    lacking = len(ops["not_compared"])
    beside = f"not compared: {lacking}" if lacking else "each op that was found"
    return [
        Tile("Findings", str(failing), "that fail the check", *_found(body, failing)),
        Tile("Told only", str(others), "limits, conventions, and what is known"),
        Tile("Programs judged", f"{counts['judged']:,}", judged, "open" if early else "plain", early),
        Tile("Gradient elements", f"{counts['gradients']:,}", "held against torch's"),
        Tile("Ops compared", str(len(ops["checked"])), beside, "open" if lacking else "plain"),
    ]  # fmt: skip


def _failing(rows: list[CheckFinding], body: Check) -> Section:
    """The findings that fail, each with all that is known of it."""
    if not rows:
        until = " until the check was interrupted" if body["verdict"] == "interrupted" else ""
        told = f"None{until}: every difference from torch is rounding, or may stay."
        return Section("failing", "Findings", [Prose(told)])
    heads = columns("finding", "severity", "op", "expression", "programs", numeric=("programs",), facet=("severity",))
    lines = [
        row(shown(f"finding-{k}", k, f"{k}. {f['title']}"), f["severity"],
            code(f["op"]), code(f["expression"]), whole(f["programs"]))
        for k, f in enumerate(rows, 1)
    ]  # fmt: skip
    blocks: list[Block] = [Table("failing-table", "Findings, the most serious first", heads, lines)]
    blocks += [_card(k, f, body["command"]) for k, f in enumerate(rows[:CARDS], 1)]
    return Section("failing", plural(len(rows), "finding"), [*blocks, *more(len(rows))])


def _card(k: int, f: CheckFinding, again: str) -> Card:
    at = Markup(" at {}").format(code(f["at"])) if f["at"] else ""
    words: list[Words] = [Markup("{}{}").format(code(f["expression"]), at)]
    words.append(Markup("{}: {}").format(code(f["number"]) if f["number"] else "What is wrong", checked.numbers(f)))
    for label, told in (("Why", f["diagnosis"]), ("What is meant", f["rule"]), ("First seen", f["first"])):
        if told:
            words.append(f"{label}: {told}")
    if f["source_line"]:
        words.append(Markup("Where: {}").format(code(f["source_line"])))
    if f["also"]:
        words.append(f"The same fault is in {', '.join(f['also'])}.")
    words.append(Markup("Seen in {}; its id is {}.").format(plural(f["programs"], "program"), code(f["id"])))
    codes = [Code(f"Table of finding {k}", f["table"])] if f["table"] else []
    codes.append(Code(f"Next command of finding {k}", checked.next_command(f, again)))
    if f["script"]:
        codes.append(Code(f"Script that shows finding {k} (made for a folder repros)", f["script"], folded=True))
    codes.append(Code(f"Program of finding {k} as JSON", json.dumps(f["program"], ensure_ascii=False), folded=True))
    title = f"{k}. {checked.title(f)}"
    return Card(f"finding-{k}", title, words, drawn(f["program"], f"the program of finding {k}", f["variable"]), codes)


def _gone(body: Check) -> list[Section]:
    """What is known and was not found, which fails a check too."""
    if not body["gone"]:
        return []
    told = Prose("These are known, and were not found: take them out, they are needed no more.")
    lines = [row(code(name)) for name in body["gone"]]
    table = Table("gone-table", "Known, and not found", columns("id"), lines)
    return [
        Section("gone", "Gone", [told, table, Code("Take them out of the baseline", f"{body['command']} --accept")])
    ]


def _others(rows: list[CheckFinding]) -> Section:
    """Limits, conventions, and what may stay for a reason."""
    if not rows:
        return Section("others", "Told only", [Prose("No limits, no conventions, and nothing that is known.")])
    heads = columns("id", "severity", "expression", "why", "known because", facet=("severity",))
    lines = [row(code(f["id"]), f["severity"], code(f["expression"]), checked.why(f), f["known"]) for f in rows]
    told = (
        "These fail no check: what nearly every small engine leaves out, choices where mathematics leaves one, and "
        "what your project says may stay."
    )
    return Section("others", "Told only", [Prose(told), Table("others-table", "Findings that may stay", heads, lines)])


def _ops(body: Check) -> Section:
    """Which ops were compared, and which were not."""
    ops = body["ops"]
    faulty = {f["op"] for f in body["findings"] if f["fails"]}
    lines = [row(code(op), "has a finding" if op in faulty else "compared") for op in ops["checked"]]
    lines += [row(code(op), "has a finding" if op in faulty else "not compared") for op in ops["not_compared"]]
    lines += [row(code(name), "matches no op") for name in ops["unmatched"]]
    blocks: list[Block] = []
    if ops["not_compared"]:
        blocks.append(Note(f"No program with one of these ran to its end: {', '.join(ops['not_compared'])}."))
    blocks.append(Prose(BELIEVE))
    blocks.append(Table("ops-table", "Ops of the engine", columns("op", "was", facet=("was",)), lines))
    return Section("ops", "What was compared, and why one may believe it", blocks)


def _run(body: Check) -> Section:
    """How it was run, and how much of it was judged."""
    counts = body["counts"]
    blocks: list[Block] = []
    if body["stopped"]:
        blocks.append(Note(f"The check ended early: {STOPPED.get(body['stopped'], body['stopped'])}."))
    filtered = ", ".join(f"{reason}: {n:,}" for reason, n in counts["filtered"].items()) or "0"
    pairs: list[tuple[str, Words]] = [
        ("requested", f"{counts['requested']:,}"),
        ("judged", f"{counts['judged']:,}"),
        ("filtered", filtered),
        ("ended or hung its process", f"{counts['crashed']:,}"),
        ("not run", f"{counts['not_run']:,}"),
        ("its process started anew", f"{counts['restarts']:,}"),
        ("options", "; ".join(f"{name}: {option(name, value)}" for name, value in body["options"].items())),
        ("notes", "; ".join(body["notes"]) or "none"),
    ]
    return Section("run", "The run", [*blocks, Facts(pairs), Code("Run it again", checked.command(body))])
