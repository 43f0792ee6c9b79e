"""Why one may believe the numbers: what the judge finds of planted faults, and how often it is wrong itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from markupsafe import Markup

from paragrad.reports.bodies.false_alarms import FalseAlarmsBody
from paragrad.reports.bodies.mutants import MutantsBody
from paragrad.reports.ci.plain import clipped
from paragrad.reports.html.blocks import (
    Block,
    Card,
    Code,
    Note,
    Prose,
    Section,
    Table,
    Tile,
    Tone,
    Words,
    code,
    columns,
    row,
)
from paragrad.reports.html.many import CARDS, more, shown
from paragrad.reports.html.words import LACKING, num, plural, share, whole
from paragrad.reports.record import COMMANDS, Kind, Record
from paragrad.reports.render.false_alarms import STAGES

KINDS: tuple[Kind, ...] = ("mutants", "false-alarms")


def missing(kind: Kind, beside: Mapping[str, Record]) -> Markup:
    """A line that says which record is not there, or why it was refused, and the command that makes it."""
    if (why := getattr(beside, "refused", {}).get(kind)) is not None:
        return Markup("The {} record beside this one was refused: {}. {} makes it again.").format(
            kind, clipped(why), code(COMMANDS[kind])
        )
    return Markup("No {} record lies beside this one: make it with {}.").format(kind, code(COMMANDS[kind]))


def origin(found: Record, shown: Record) -> Words:
    """When a record beside was made, and whether from other code than the one that is shown."""
    made = found["created"][:16].replace("T", " ")
    mine, its = shown["commit"], found["commit"]
    if mine and its and mine["id"] != its["id"]:
        return f"made {made} UTC, of another commit ({its['id'][:12]})"
    return f"made {made} UTC"


def found_share(body: MutantsBody) -> tuple[int, int]:
    """Planted faults that were found, and all that a program can show."""
    found = body["killed"] + body["hung"]
    return found, found + len(body["survivors"])


def tiles(record: Record, beside: Mapping[str, Record]) -> list[Tile]:
    """The mutation score and the false-alarm figure; a tile that says so where there is none."""
    shown = []
    if (mutants := beside.get("mutants")) is not None:
        body = cast(MutantsBody, mutants["body"])
        found, all_of = found_share(body)
        tone: Tone = "good" if found == all_of else "open"
        note = Markup("{} of {} planted faults found, {}").format(found, all_of, origin(mutants, record))
        shown.append(
            Tile("Mutation score", share(found, all_of), note, tone, "all found" if found == all_of else "some live")
        )
    else:
        shown.append(Tile("Mutation score", LACKING, missing("mutants", beside), "open", "not measured"))
    if (alarms := beside.get("false-alarms")) is not None:
        count = len(alarms["body"]["alarms"])
        note = Markup("in {} gradient elements of sound engines, {}").format(
            f"{alarms['counts']['judged']:,}", origin(alarms, record)
        )
        shown.append(
            Tile("False alarms", f"{count:,}", note, "bad" if count else "good", "none" if not count else "look")
        )
    else:
        shown.append(Tile("False alarms", LACKING, missing("false-alarms", beside), "open", "not measured"))
    return shown


def section(beside: Mapping[str, Record]) -> Section:
    """Both records, as far as they are there."""
    blocks: list[Block] = [
        Prose(
            "A harness that never complains proves nothing. So faults are planted in a sound engine, and the share "
            "that the judge finds is its mutation score; and sound engines, torch among them, are judged, where each "
            "complaint is a false alarm."
        )
    ]
    mutants, alarms = beside.get("mutants"), beside.get("false-alarms")
    blocks += [Note(missing("mutants", beside))] if mutants is None else _mutants(cast(MutantsBody, mutants["body"]))
    blocks += (
        [Note(missing("false-alarms", beside))] if alarms is None else _alarms(cast(FalseAlarmsBody, alarms["body"]))
    )
    return Section("trust", "Why one may believe it", blocks)


def _mutants(body: MutantsBody) -> list[Block]:
    keys = ("planted", "equivalent", "killed", "survived", "hung", "failed")
    numeric = (*keys, "programs, median", "programs, 90 %", "right op", "right argument")
    lines = [
        row(
            r["family"], whole(r["planted"]), whole(r["equivalent"]), whole(r["killed"]), whole(r["survived"]),
            whole(r["hung"]), whole(r["failed"]), num(r["median"]), num(r["p90"]),
            share(r["named_op"], r["killed"]), share(r["named_argument"], r["killed"]),
        )
        for r in body["families"]
    ]  # fmt: skip
    blocks: list[Block] = []
    if body["stopped"]:
        blocks.append(Note(f"The mutants run ended early: {body['stopped']}."))
    blocks.append(
        Table("mutants", "Planted faults by family", columns("family", *numeric, numeric=numeric), lines, titled=True)
    )
    if body["survivors"]:
        named = [
            row(code(s["id"]), s["description"], s["outcome"], whole(s["programs"]), s["why"])
            for s in body["survivors"]
        ]
        heads = columns(
            "mutant", "what it does", "outcome", "programs", "why", numeric=("programs",), facet=("outcome",)
        )
        blocks.append(Prose(f"{plural(len(named), 'fault')} not found:"))
        blocks.append(Table("survivors", "Planted faults that were not found", heads, named))
    if body["equivalents"]:
        named = [row(code(e["id"]), e["reason"], e["outcome"], whole(e["programs"])) for e in body["equivalents"]]
        heads = columns("mutant", "why no program can show it", "outcome", "programs", numeric=("programs",))
        blocks.append(Prose(f"{plural(len(named), 'fault')} listed as ones that no program can show:"))
        blocks.append(Table("equivalents", "Faults listed as equivalent", heads, named))
    if body["gone"]:
        blocks.append(Note(f"Listed as equivalent, and no longer there: {', '.join(body['gone'])}."))
    return blocks


def _alarms(body: FalseAlarmsBody) -> list[Block]:
    numeric = ("programs", "values", "gradients")
    lines = [
        row(
            r["engine"],
            STAGES[r["staged"]],
            r["family"],
            r["dtype"],
            whole(r["programs"]),
            whole(r["values"]),
            whole(r["gradients"]),
        )
        for r in body["rows"]
    ]
    heads = columns(
        "engine", "judged", "family", "dtype", *numeric, numeric=numeric, facet=("engine", "judged", "dtype")
    )
    blocks: list[Block] = []
    if body["stopped"]:
        blocks.append(Note(f"The false-alarms run ended early: {body['stopped']}."))
    if body["absent"]:
        blocks.append(Note(f"Not installed, and so not judged: {', '.join(body['absent'])}."))
    if body["needless"]:
        blocks.append(Note(f"No longer different from torch, and to be judged again: {'; '.join(body['needless'])}."))
    blocks.append(Table("sound", "Elements of sound engines that were judged", heads, lines, titled=True))
    if body["alarms"]:
        named = [
            row(
                shown(f"alarm-{k}", k, f"{k}. {a['kind']}"),
                a["engine"],
                code(a["op"]),
                a["message"],
                whole(a["programs"]),
            )
            for k, a in enumerate(body["alarms"], 1)
        ]
        heads = columns("alarm", "engine", "op", "message", "programs", numeric=("programs",))
        blocks.append(Table("alarms", "False alarms by cause", heads, named, titled=True))
    for k, a in enumerate(body["alarms"][:CARDS], 1):
        of = f" of {a['argument']}" if a["argument"] else ""
        told: list[Words] = [a["message"], Markup("The smallest program is {}.").format(code(a["file"]))]
        title = f"False alarm {k}: {a['kind']} of {a['op']}{of}, {a['engine']}, {STAGES[a['staged']]}"
        blocks.append(Card(f"alarm-{k}", title, told, None, [Code(f"Table of alarm {k}", a["table"])]))
    return [*blocks, *more(len(body["alarms"]))]
