"""The accuracy page: how far off, how much of the bound, what was judged, and why one may believe it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from markupsafe import Markup

from paragrad.reports.bodies.accuracy import AccuracyBody, ConventionsBody
from paragrad.reports.bodies.parity import ParityBody
from paragrad.reports.html.blocks import Block, Note, Page, Prose, Section, Table, Tile, code, columns, link, row
from paragrad.reports.html.pages import coverage, growth, parity, programs, run, trust, ulps
from paragrad.reports.html.words import LACKING, number, plural, share
from paragrad.reports.record import Record
from paragrad.reports.render.accuracy import quantities


def page(record: Record, beside: Mapping[str, Record]) -> Page:
    """The page of an accuracy record, with the parity, mutants and false-alarms records beside it."""
    body = cast(AccuracyBody, record["body"])
    all_of = quantities(body["rows"])
    level = sum(ulps.level_with_torch(q) for _, _, q in all_of)
    ops = len({r["op"] for r in body["rows"]})
    judged = beside.get("parity")
    found = None if judged is None else len(judged["body"]["findings"])
    answer = Markup("In {} of {} values and gradients of {} the largest error is {}, or correct rounding.").format(
        f"{level:,}", f"{len(all_of):,}", plural(ops, "op"), link("heat" if body["rows"] else "ulp", "at most torch's")
    )
    shown = [
        _findings(judged, record, beside),
        *trust.tiles(record, beside),
        Tile("Level with torch", share(level, len(all_of)), f"{level:,} of {len(all_of):,} values and gradients"),
    ]
    sections = [
        trust.section(beside),
        ulps.behind(body),
        ulps.section(body, record["seed"]),
        growth.section(body, record["seed"]),
    ]
    sections += _parity(judged, beside)
    sections += [conventions(body["conventions"]), run.section(record)]
    return Page("Accuracy", answer, "bad" if found else "plain", shown, sections)


def _findings(judged: Record | None, record: Record, beside: Mapping[str, Record]) -> Tile:
    if judged is None:
        return Tile("Findings", LACKING, trust.missing("parity", beside), "open", "not measured")
    count = len(judged["body"]["findings"])
    programs_of = plural(judged["counts"]["judged"], "program")
    note = Markup("in {}, {}").format(link("verdicts", programs_of), trust.origin(judged, record))
    return Tile("Findings", str(count), note, "bad" if count else "good", "look" if count else "parity")


def _parity(judged: Record | None, beside: Mapping[str, Record]) -> list[Section]:
    """What random programs showed, or that nothing is known of it."""
    if judged is None:
        return [
            Section("verdicts", "Verdicts, worst programs, findings, coverage", [Note(trust.missing("parity", beside))])
        ]
    body = cast(ParityBody, judged["body"])
    where = f" in {plural(judged['counts']['judged'], 'program')}"
    return [
        parity.verdicts(body, judged),
        programs.findings(body, where),
        programs.worst(body["worst"]),
        coverage.section(body),
    ]


def conventions(body: ConventionsBody) -> Section:
    """Where the engine chooses otherwise than torch."""
    title = "Conventions"
    if not body["points"]:
        return Section(
            "conventions", title, [Note("This record asked about no point at which mathematics leaves a choice.")]
        )
    differing = body["differing"]
    told = (
        f"Asked at {plural(body['points'], 'point')} at which mathematics leaves a choice (kinks, ties, infinities). "
        f"The engine chooses otherwise than torch at {number(len(differing))}."
    )
    blocks: list[Block] = [Prose(told)]
    if differing:
        lines = [
            row(code(d["point"]), code(d["torch"]), code(d["engine"]), d["reason"] or "none is stated")
            for d in differing
        ]
        heads = columns("point", "torch", "engine", "reason")
        blocks.append(Table("conventions-table", "Points at which the engine chooses otherwise", heads, lines))
    return Section("conventions", title, blocks)
