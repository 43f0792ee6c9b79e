"""The parity page: what random programs showed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from markupsafe import Markup

from paragrad.reports.bodies.parity import ParityBody
from paragrad.reports.html.blocks import Page, Tile, Tone, link
from paragrad.reports.html.pages import coverage, parity, programs, run, trust
from paragrad.reports.html.words import of_bound, plural, share
from paragrad.reports.record import Record
from paragrad.reports.render.parity import agreement


def page(record: Record, beside: Mapping[str, Record]) -> Page:
    """The page of a parity record, with the mutants and false-alarms records beside it."""
    body = cast(ParityBody, record["body"])
    found, judged = len(body["findings"]), plural(record["counts"]["judged"], "program")
    interrupted = body["stopped"] == "interrupted"
    tone: Tone = "bad" if found else "open" if interrupted else "good"
    requested = record["counts"]["requested"]
    of = f" of {requested:,} that were asked for" if requested > record["counts"]["judged"] else ""
    if found:
        answer = Markup("{} in {}.").format(link("findings", plural(found, "finding")), judged)
    else:
        word = "Interrupted; until then" if interrupted else "Parity:"
        answer = Markup("{} in {} {}.").format(word, judged, agreement(body["values"], body["gradients"]))
    compared = sum(body["values"].values()) + sum(body["gradients"].values())
    identical = body["values"].get("identical", 0) + body["gradients"].get("identical", 0)
    shown = [
        Tile(
            "Findings", str(found), f"in {judged}{of}", tone, {"bad": "look", "open": "interrupted"}.get(tone, "parity")
        ),
        *trust.tiles(record, beside),
        Tile("Bit-identical", share(identical, compared), f"of {compared:,} values and gradients"),
        Tile("Largest error ÷ bound", of_bound(body["largest"], 4), "among what is right"),
    ]
    sections = [
        programs.findings(body, f" in {judged}"),
        trust.section(beside),
        parity.verdicts(body, record),
        programs.worst(body["worst"]),
        coverage.section(body),
        parity.time(body),
        run.section(record),
    ]
    return Page("Parity", answer, tone, shown, sections)
