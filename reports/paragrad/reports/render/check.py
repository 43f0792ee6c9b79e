"""The page of `paragrad check`: the verdict, each failing finding in full, the others in a table, what was tried."""

from __future__ import annotations

from paragrad.reports import checked
from paragrad.reports.bodies.check import Check, CheckError
from paragrad.reports.ci.plain import clipped
from paragrad.reports.render.markdown import IN_FULL, code, fence, more, options_told, plural, table, text

STOPPED = {"time": "the time was up before all programs ran", "interrupted": "it was interrupted"}


def page(body: Check | CheckError) -> str:
    """The whole page; a check has no record's facts to end with."""
    if body["verdict"] == "error":
        blocks = ["# Check against torch", "**Not possible.**", fence(str(body.get("error", "")))]
    else:
        blocks = _blocks(body)
    return "\n\n".join(blocks) + "\n"


def _blocks(body: Check) -> list[str]:
    failing = [row for row in body["findings"] if row["fails"]]
    others = [row for row in body["findings"] if not row["fails"]]
    counts, ops = body["counts"], body["ops"]
    engine = text(clipped(body["engine"]))
    if body["verdict"] == "parity":
        verdict = f"**Parity**: {engine} has nothing that fails."
    elif body["verdict"] == "interrupted":
        verdict = f"**Interrupted**: {engine}. {checked.INTERRUPTED}."
    else:
        gone = f", and {plural(len(body['gone']), 'known one')} gone" if body["gone"] else ""
        verdict = f"**{plural(len(failing), 'finding')}**{gone} in {engine}."
    found = ["# Check against torch", verdict]
    if body["stopped"]:
        found.append(f"The check ended early: {STOPPED.get(body['stopped'], text(body['stopped']))}.")
    for rank, row in enumerate(failing[:IN_FULL], 1):
        told = "\n".join(checked.lines(row, body["command"]))
        found += [f"## {rank}. {text(clipped(checked.title(row)))}", fence(told)]
    found += more(len(failing))
    if body["gone"]:
        mend = f"Known, and not found; {code(body['command'] + ' --accept')} takes out what the baseline holds:"
        found += ["## Gone", mend, ", ".join(map(code, body["gone"]))]
    if others:
        told_only = [
            (
                code(row["id"]),
                row["severity"],
                code(row["expression"]),
                text(checked.why(row)),
                text(row["known"] or ""),
            )
            for row in others
        ]
        found += ["## Told only", table(("id", "severity", "expression", "why", "known because"), told_only, left=5)]
    rows = [
        ("made", text(body["created"])),
        ("programs requested", str(counts["requested"])),
        ("judged", f"{counts['judged']} in {body['seconds']['total']:.1f} s"),
        ("filtered", ", ".join(f"{text(reason)}: {n}" for reason, n in counts["filtered"].items()) or "0"),
        ("ended or hung its process", str(counts["crashed"])),
        ("not run", str(counts["not_run"])),
        ("gradient elements", str(counts["gradients"])),
        ("its process started anew", str(counts["restarts"])),
        ("ops", ", ".join(map(code, ops["checked"])) or "none"),
        ("ops of which no program ran to its end", ", ".join(map(code, ops["not_compared"])) or "none"),
        ("matches no op", ", ".join(map(code, ops["unmatched"])) or "nothing"),
        ("command", code(body["command"])),
        ("options", options_told(body["options"])),
        ("notes", "; ".join(map(text, body["notes"])) or "none"),
    ]
    return [*found, "## Tried", table(("", ""), rows, left=2)]
