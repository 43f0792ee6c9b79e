"""The pieces of a Markdown page: tables, fences, numbers, and the facts that every page ends with."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping, Sequence

from paragrad.reports.record import Record


def text(content: object) -> str:
    """Words that came from elsewhere, so that they can neither break a table nor pass for markup."""
    flat = " ".join(str(content).split())
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", html.escape(flat, quote=False))


def code(content: object) -> str:
    """A name or a short piece of code inside a sentence or a table."""
    flat = " ".join(str(content).split()).replace("|", "\\|")
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", flat)), default=0))
    space = " " if "`" in flat else ""
    return f"{ticks}{space}{flat}{space}{ticks}"


def fence(content: str) -> str:
    """Lines shown as they are."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", content)), default=0))
    return f"{ticks}\n{content.rstrip()}\n{ticks}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A table; the first `left` columns are aligned left, the rest right."""
    marks = ["---" if k < left else "---:" for k in range(len(heads))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (heads, marks, *rows))


def by_verdict(values: Mapping[str, int], gradients: Mapping[str, int]) -> str:
    """A table of elements by the judge's verdict, those of values above those of gradients."""
    verdicts = list(dict.fromkeys([*values, *gradients]))
    rows = [
        [what, *(str(counts.get(verdict, 0)) for verdict in verdicts)]
        for what, counts in (("values", values), ("gradients", gradients))
    ]
    return table(["", *verdicts], rows)


def number(value: float | None, digits: int = 3) -> str:
    """A number to a few digits."""
    if value is None:
        return "-"
    if value == int(value) and abs(value) < 10**6:
        return str(int(value))
    return f"{value:.{digits}g}"


def of_bound(ratio: float, digits: int) -> str:
    """An error ÷ bound to so many decimals, cut off and not rounded: what is less than 1 never reads as 1."""
    scale = 10**digits
    return f"{math.floor(ratio * scale) / scale:.{digits}f}"


def seconds(value: float) -> str:
    """A time in the unit that suits it."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if value * scale >= 1:
            return f"{value * scale:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def plural(count: int, word: str) -> str:
    """1 finding, 2,000 findings."""
    return f"{count} {word}" if count == 1 else f"{count:,} {word}s"


OF_ALL = frozenset(("only", "families", "ops", "engines", "peers", "dtype", "dtypes"))
"""Options that leave something out; where they are not given, it is all."""


def option(name: str, value: object) -> str:
    """An option as one would say it."""
    if isinstance(value, list) and value:
        return ", ".join(map(str, value))
    if value is None or value == []:
        return "all" if name in OF_ALL else "none"
    return str(value)


def options_told(options: Mapping[str, object]) -> str:
    """Options by name, as one would say them."""
    return "; ".join(f"{text(name)}: {text(option(name, value))}" for name, value in options.items()) or "-"


IN_FULL = 200
"""Findings that a page shows in full."""


def more(count: int) -> list[str]:
    """A line on the findings that a page has no room for, where there are such."""
    return [f"And {count - IN_FULL} more findings, in the record."] if count > IN_FULL else []


def facts(record: Record) -> list[str]:
    """Who ran what where, and how much of it was judged."""
    machine, counts, versions = record["machine"], record["counts"], record["versions"]
    commit = record["commit"]
    changed = " with changes" if commit and commit["dirty"] else ""
    filtered = ", ".join(f"{text(reason)}: {n}" for reason, n in counts["filtered"].items())
    rows = [
        ("CPU", f"{text(machine['cpu'])}, {plural(machine['cores'], 'core')}"),
        ("BLAS", ", ".join(f"{name}: {text(blas)}" for name, blas in machine["blas"].items())),
        ("threads", ", ".join(f"{name}: {n or 'its own choice'}" for name, n in machine["threads"].items())),
        ("settings", "; ".join(f"{name}={text(value)}" for name, value in machine["settings"].items()) or "defaults"),
        ("system", text(machine["os"])),
        ("versions", ", ".join(f"{name} {version or '-'}" for name, version in versions.items())),
        ("commit", f"{commit['id'][:12]}{changed}" if commit else "-"),
        ("made", record["created"]),
        ("seed", "-" if record["seed"] is None else str(record["seed"])),
        ("options", options_told(record["options"])),
        ("requested", str(counts["requested"])),
        ("judged", str(counts["judged"])),
        ("filtered", filtered or "0"),
        ("crashed", str(counts["crashed"])),
        ("not run", str(counts["not_run"])),
    ]
    return ["## The run", table(("", ""), rows, left=2)]
