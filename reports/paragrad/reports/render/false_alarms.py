"""The page of a false-alarms record: how many elements of sound engines were judged, and what was called wrong."""

from __future__ import annotations

from paragrad.reports.bodies.false_alarms import AlarmRow, FalseAlarmsBody
from paragrad.reports.record import Record
from paragrad.reports.render.markdown import by_verdict, code, fence, plural, table, text

STAGES = {True: "as it is used", False: "each number by its bound"}


def blocks(body: FalseAlarmsBody, record: Record) -> list[str]:
    """The page, block by block."""
    alarms, judged = body["alarms"], f"{record['counts']['judged']:,} gradient elements"
    page = ["# False alarms", f"**{plural(len(alarms), 'false alarm')}** in {judged} of sound engines."]
    if body["stopped"]:
        page.append(f"The run ended early: {text(body['stopped'])}.")
    if body["absent"]:
        page.append(f"Not installed, and so not judged: {text(', '.join(body['absent']))}.")
    if body["needless"]:
        page.append(f"No longer different from torch, and to be judged again: {text('; '.join(body['needless']))}.")
    for rank, alarm in enumerate(alarms, 1):
        page += _alarm(rank, alarm)
    rows = [
        (r["engine"], STAGES[r["staged"]], r["family"], r["dtype"], str(r["programs"]), str(r["gradients"]))
        for r in body["rows"]
    ]
    heads = ("engine", "judged", "family", "dtype", "programs", "gradient elements")
    page += ["## Judged", table(heads, rows, left=4)]
    page += ["## Elements by verdict", by_verdict(body["values"], body["gradients"])]
    refused = ", ".join(f"{text(reason)}: {count}" for reason, count in sorted(body["refused"].items()))
    page.append(f"Programs that torch refused: {refused or 'none'}. The run took {body['elapsed']:.0f} s.")
    return page


def _alarm(rank: int, alarm: AlarmRow) -> list[str]:
    where = f" of {code(alarm['argument'])}" if alarm["argument"] else ""
    engine = f"{text(alarm['engine'])}, {STAGES[alarm['staged']]}"
    return [
        f"## {rank}. {text(alarm['kind'])} of {code(alarm['op'])}{where}: {engine}",
        text(alarm["message"]),
        fence(alarm["table"]),
        f"Seen in {plural(alarm['programs'], 'program')} ({alarm['family']}, {alarm['dtype']}); "
        f"the smallest is {code(alarm['file'])}.",
    ]
