"""What random programs reached: pairs of ops that fed one another, classes of operands, and what was never reached."""

from __future__ import annotations

from paragrad.reports.bodies.parity import CoverageBody, ParityBody
from paragrad.reports.html.blocks import Block, Column, Figure, Note, Prose, Section, Table, code, columns, row
from paragrad.reports.html.plots.heat import scale
from paragrad.reports.html.plots.matrix import LABELLED, PAIRS, matrix, numbers
from paragrad.reports.html.words import num, plural, share, whole

INPUT, TIE = "input", "tie"
LEVEL_NAMES = ("none", "1+", "3+", "10+", "30+", "100+", "300+", "1000+", "3000+")
CLASSES = ("normal", "zero", "tie", "huge", "tiny", "inf", "NaN", "size 0", "strided")
"""The order in which classes are shown, as far as a record has them; others follow."""
OF_FLOATS = ("huge", "tiny", "inf", "NaN")
"""Classes that whole numbers and truths can't have."""


def section(body: ParityBody) -> Section:
    """All of it; an honest line for a record that has none."""
    coverage = body["coverage"]
    blocks: list[Block] = _never(body)
    if coverage["edges"]:
        blocks.append(_edges(coverage))
    else:
        blocks.append(Note("The parity record holds no edges between ops."))
    if coverage["classes"]:
        blocks.append(_classes(coverage))
    else:
        blocks.append(Note("The parity record holds no classes of operands."))
    if body["ops"]:
        rarest = sorted(body["ops"].items(), key=lambda item: (item[1], item[0]))
        lines = [row(code(op), num(n)) for op, n in rarest]
        heads = columns("op", "uses", numeric=("uses",))
        blocks.append(Table("uses", "Uses of each op, the rarest first", heads, lines, titled=True))
    return Section("coverage", "Coverage: what was reached", blocks)


def _never(body: ParityBody) -> list[Block]:
    """Ops that could be drawn and were not."""
    ops, uses = body["coverage"]["ops"], body["ops"]
    never = [op for op in ops if not uses.get(op, 0)]
    if never:
        return [Note(f"Never drawn, {plural(len(never), 'op')}: {', '.join(never)}.", "bad")]
    return [Prose(f"Each of {plural(len(ops), 'op')} that could be drawn was.")] if ops else []


def _edges(coverage: CoverageBody) -> Figure:
    edges = coverage["edges"]
    users = sorted({*coverage["ops"], *(user for of in edges.values() for user in of)})
    makers = [INPUT, *sorted({*coverage["ops"], *edges} - {INPUT})]
    counts = {maker: {user: edges.get(maker, {}).get(user, 0) for user in users} for maker in makers}
    used = {maker: {user: n for user, n in of.items() if n} for maker, of in edges.items()}
    reached, possible = sum(map(len, used.values())), len(makers) * len(users)
    # The script writes the names from the plot's data when the table is opened: a page has no room for both.
    by = {m: len(used.get(m, {})) for m in makers}
    lines = [row(code(m), whole(by[m]), whole(len(users) - by[m]), None, None) for m in makers]
    heads = (
        Column("result of"),
        Column("users reached", True),
        Column("never", True),
        Column("never used by"),
        Column("used by"),
    )
    return Figure(
        "edges",
        "Which op's result fed which op.",
        f"{reached:,} of {possible:,} pairs were exercised ({share(reached, possible)}); some fit no dtype or shape "
        "and never can be. Down: the maker of an operand (first: the program's inputs); across: its user. The table "
        "lists what was never reached.",
        [matrix("Pairs of ops, maker and user", makers, users, counts, PAIRS)],
        Table("edges-table", "Pairs of ops, maker by maker", heads, lines),
        key=scale(LEVEL_NAMES, "uses"),
        data=numbers(makers, users, used, PAIRS, "→"),
        palette="counts",
    )


def _ordered(found: set[str]) -> list[str]:
    return [name for name in CLASSES if name in found] + sorted(found - set(CLASSES))


def _asked(coverage: CoverageBody, op: str, dtype: str, name: str) -> bool:
    """Whether an op can be given such an operand, and it makes a difference."""
    return op in coverage["ties"] if name == TIE else name not in OF_FLOATS or dtype.startswith("float")


def _classes(coverage: CoverageBody) -> Figure:
    classes = coverage["classes"]
    dtypes = sorted({dtype for of in classes.values() for dtype in of})
    names = _ordered({name for of in classes.values() for by in of.values() for name in by})
    ops = sorted({*coverage["ops"], *classes})
    across = [f"{dtype} {name}" for dtype in dtypes for name in names]
    counts: dict[str, dict[str, int | None]] = {}
    table = []
    for op in ops:
        counts[op] = {}
        for dtype, of in sorted(classes.get(op, {}).items()):
            asked = [name for name in names if of.get(name, 0) or _asked(coverage, op, dtype, name)]
            counts[op] |= {f"{dtype} {name}": of.get(name, 0) for name in asked}
            never = ", ".join(name for name in asked if not of.get(name, 0))
            table.append(row(code(op), dtype, *(whole(of.get(name, 0)) for name in names), never))
    heads = columns("op", "dtype", *names, "never", numeric=names, facet=("dtype",))
    across = [name for name in across if any(name in of for of in counts.values())]
    total = sum(len(of) for of in counts.values())
    reached = sum(bool(n) for of in counts.values() for n in of.values())
    empty = [op for op in ops if not counts[op]]
    told = f" Never run, and so empty: {', '.join(empty)}." if empty else ""
    return Figure(
        "classes",
        "Which classes of operands each op saw.",
        f"{reached:,} of {total:,} combinations of op, dtype and class ({share(reached, total)}). "
        "Nothing is drawn where an op was never run in a dtype, where that has no such number, or where a tie makes no "
        f"difference.{told}",
        [matrix("Uses by op, dtype and class of operand", ops, across, counts, LABELLED)],
        Table("classes-table", "Uses by op, dtype and class of operand", heads, table),
        key=scale(LEVEL_NAMES, "uses"),
        data=numbers(ops, across, counts, LABELLED, "in"),
        palette="counts",
    )
