"""What was found out about a subject before anything is tried: every op, what its value is, and what was left out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.checking.trials import tried
from paragrad.fuzz.engines.known import Started
from paragrad.fuzz.engines.worker.protocol import Hello, Spelling
from paragrad.reports.ci.plain import xml_plain
from paragrad.reports.findings import width_of

RIGHT = "right"
NUMBERS = {"both": "on either side", "left": "on the left", "right": "on the right", "none": "no"}
FORMS = {"vn": "with a number on the right: ", "nv": "with a number on the left: "}
HEADERS = ("op", "as you write it", "takes numbers", "its value")


def introduce(console: Console, engine: Started, only: frozenset[str] | None) -> None:
    """Tell it: as a table where somebody watches, line by line elsewhere."""
    hello = engine.hello
    console.print(f"paragrad check: {hello.engine} ({hello.kind}s), {len(engine.ops())} ops", markup=False)
    for what, found in hello.probe:
        console.print(f"  {what}: {found}", markup=False)
    if console.is_terminal:
        table = Table(*HEADERS, title="ops found", title_justify="left")
        for row, wrong in rows(hello):
            table.add_row(*(escape(xml_plain(cell)) for cell in row), style="red" if wrong else None)
        console.print(table)
    else:
        for row, _ in rows(hello):
            told(console, " | ".join(row))
    for line in left_out(hello, only):
        told(console, line)
    for note in engine.notes:
        told(console, f"note: {note}")


def told(console: Console, line: str) -> None:
    """A line of the introduction, wrapped."""
    width = width_of(console)
    console.print(textwrap.fill(xml_plain(line), width, initial_indent="  ", subsequent_indent="    "), markup=False)


def rows(hello: Hello) -> Iterator[tuple[tuple[str, ...], bool]]:
    """A row an op, by HEADERS, and whether its value is wrong already."""
    for name, spelling in sorted(hello.ops.items()):
        numbers = "" if spelling.arity == 1 else NUMBERS.get(spelling.numbers, spelling.numbers)
        yield (
            (name, spelling.spelled, numbers, value(spelling)),
            bool(spelling.tried) and RIGHT not in spelling.tried.values(),
        )


def value(spelling: Spelling) -> str:
    """What is known of an op's value before it is tried."""
    if not spelling.tried:
        return "not looked at"
    told = [FORMS.get(form, "") + word for form, word in spelling.tried.items() if word != RIGHT]
    return "; ".join([*(["confirmed"] if RIGHT in spelling.tried.values() else []), *told])


def left_out(hello: Hello, only: frozenset[str] | None) -> Iterator[str]:
    """What is not tried, a line each, with what would include it."""
    names = frozenset(hello.ops).intersection(TABLE)
    if never := sorted(names.difference(op.name for op in tried(names))):
        yield f"found, and not tried by a check: {', '.join(never)}"
    if only is not None:
        yield f"left out by --only: {', '.join(sorted(names - only)) or 'nothing'}"
    for name, spelling in sorted(hello.ops.items()):
        if spelling.also:
            other = ", ".join(spelling.also)
            yield f"{name} is also written {other}: not tried (--map {name}={spelling.also[0]!r} takes that one)"
    if hello.unmatched:
        told = ", ".join(hello.unmatched)
        yield f"matches no op, and is not tried: {told} (--map op={_bare(hello.unmatched[0])} says which op one is)"
    if len(hello.backwards) > 1:
        yield f"these look like a backward: {', '.join(hello.backwards)} (--map backward=NAME checks another one)"


def _bare(name: str) -> str:
    return name.partition(" ")[0]
