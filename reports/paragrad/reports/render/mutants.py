"""The page of a mutants record: killed ÷ planted by family, then every survivor and every equivalent by name."""

from __future__ import annotations

from paragrad.reports.bodies.mutants import MutantsBody
from paragrad.reports.record import Record
from paragrad.reports.render.markdown import code, number, plural, table, text

HEADS = (
    "family", "planted", "equivalent", "killed", "survived", "hung", "failed", "median", "90th percentile",
    "right op", "right argument",
)  # fmt: skip


def share(part: int, whole: int) -> str:
    """A part as a percentage."""
    return f"{100 * part / whole:.1f}%" if whole else "-"


def blocks(body: MutantsBody, record: Record) -> list[str]:
    """The page, block by block."""
    alive = body["survivors"]
    found = body["killed"] + body["hung"]
    real = found + len(alive)
    verdict = (
        f"**{share(found, real)}** killed: {found} of {plural(real, 'planted fault')} that a program can show, "
        f"{body['hung']} of them by a process that hung or died. Programs until killed: "
        f"median {number(body['median'])}, 90th percentile {number(body['p90'])}, all drawn of the faulty op."
    )
    page = ["# The tester, tested", verdict]
    if body["stopped"]:
        page.append(f"The run ended early: {text(body['stopped'])}.")
    rows = [
        [
            text(row["family"]),
            *(str(row[key]) for key in ("planted", "equivalent", "killed", "survived", "hung", "failed")),
            number(row["median"]),
            number(row["p90"]),
            share(row["named_op"], row["killed"]),
            share(row["named_argument"], row["killed"]),
        ]
        for row in body["families"]
    ]
    page += ["## By family", table(HEADS, rows)]
    page.append(
        f"The first finding names the faulty op in {share(body['named_op'], body['killed'])} of the kills, "
        f"and its argument, too, in {share(body['named_argument'], body['killed'])}."
    )
    if alive:
        named = [(code(row["id"]), row["outcome"], str(row["programs"]), text(row["why"])) for row in alive]
        page += [f"## {plural(len(alive), 'survivor')}", table(("mutant", "outcome", "programs", "why"), named, 2)]
    wrong = [row for row in body["equivalents"] if row["outcome"] in ("killed", "hung")]
    if wrong:
        page += ["## Listed as equivalent, and killed", ", ".join(code(row["id"]) for row in wrong)]
    if body["gone"]:
        page += ["## Listed as equivalent, and no longer there", ", ".join(map(code, body["gone"]))]
    if body["equivalents"]:
        listed = [(code(row["id"]), text(row["reason"])) for row in body["equivalents"]]
        page += [f"## {plural(len(listed), 'equivalent')}", table(("mutant", "reason"), listed, 2)]
    return page
