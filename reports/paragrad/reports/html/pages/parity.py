"""What the judge said about random programs: verdicts, programs, time."""

from __future__ import annotations

from paragrad.reports.bodies.parity import ParityBody
from paragrad.reports.html.blocks import Block, Facts, Figure, Note, Section, Table, columns, row
from paragrad.reports.html.plots.bars import Bar, Part, bars
from paragrad.reports.html.words import num, number, of_bound, plural, share, whole
from paragrad.reports.record import Record

VERDICTS = ("identical", "rounding", "convention", "ill-conditioned", "bug")


def verdicts(body: ParityBody, record: Record) -> Section:
    """Elements by verdict, as shares and as counts."""
    names = list(dict.fromkeys([*VERDICTS, *body["values"], *body["gradients"]]))
    kinds = (("values", body["values"]), ("gradients", body["gradients"]))
    shown, table = [], []
    for what, counts in kinds:
        total = sum(counts.values())
        table.append(row(what, *(whole(counts.get(name, 0)) for name in names)))
        if total:
            parts = tuple(
                Part(100 * counts.get(name, 0) / total, f"v{min(k, 5)}", f"{what}, {name}: {counts.get(name, 0):,} "
                     f"({share(counts.get(name, 0), total)})")
                for k, name in enumerate(names)
            )  # fmt: skip
            shown.append(Bar(what, parts, f"{total:,}"))
    key = [(f"v{min(k, 5)}", name) for k, name in enumerate(names)]
    blocks: list[Block] = []
    if body["stopped"]:
        blocks.append(Note(f"The run ended early: {body['stopped']}."))
    table_of = Table("verdicts-table", "Elements by verdict", columns("elements", *names, numeric=names), table)
    caption = (
        "Each element of each value and gradient is judged alone. Rounding is a difference that the bound of its own "
        f"operation explains; the largest such error ÷ bound was {of_bound(body['largest'], 4)}."
    )
    if shown:
        drawn = bars("Elements by verdict", shown, "share of elements, %", key)
        blocks.append(Figure("verdicts-figure", "Elements by verdict.", caption, [drawn], table_of))
    else:
        blocks += [Note("No element was compared."), table_of]
    families = ", ".join(f"{name} {n:,}" for name, n in body["families"].items())
    pairs = [
        ("programs", f"{plural(record['counts']['judged'], 'program')} judged: {families or 'none'}"),
        ("structures", f"{body['distinct']:,} distinct; {plural(body['replayed'], 'past failure')} replayed first"),
        ("run", f"{number(body['elapsed'])} s, seed {record['seed']}"),
    ]
    blocks.append(Facts([*pairs]))
    return Section("verdicts", "Verdicts", blocks)


def time(body: ParityBody) -> Section:
    """The loop's seconds by part."""
    total = sum(body["seconds"].values())
    if not total:
        return Section("time", "Where the run's time went", [Note("This record holds no times.")])
    rows = [row(part, num(spent), share(spent, total)) for part, spent in body["seconds"].items()]
    shown = [Bar(part, (Part(spent, "s0", f"{part}: {number(spent)} s, {share(spent, total)}"),), share(spent, total))
             for part, spent in body["seconds"].items()]  # fmt: skip
    table = Table(
        "time-table", "Seconds by part of the loop", columns("part", "seconds", "share", numeric=("seconds",)), rows
    )
    drawn = bars("Seconds by part of the loop", shown, "seconds")
    caption = f"{number(total)} s of {number(body['elapsed'])} s."
    return Section("time", "Where the run's time went", [Figure("time-figure", "Fuzz loop.", caption, [drawn], table)])
