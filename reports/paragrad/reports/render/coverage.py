"""Coverage on a page: how much of what could be reached was, and what never was."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from paragrad.reports.bodies.parity import CoverageBody
from paragrad.reports.render.markdown import plural, table, text

INPUT = "input"
FLOATS = ("float32", "float64")
CLASSES = ("normal", "zero", "tie", "huge", "tiny", "inf", "NaN", "size 0", "strided")
"""In the order of `paragrad.fuzz.coverage`, which says what each means."""
LISTED = 12
"""Names in a list before it ends with how many more there are."""


def blocks(body: CoverageBody) -> list[str]:
    """Edges, then classes of operands."""
    ops = body["ops"]
    if not ops:
        return []
    page = ["## Coverage", _edges(body)]
    makers = {maker for maker in body["edges"] if maker != INPUT}
    users = {user for maker, by in body["edges"].items() if maker != INPUT for user in by}
    used = {user for by in body["edges"].values() for user in by}
    page += _never("Never used", ops, used)
    page += _never("Whose result no op ever used", [op for op in ops if op in used], makers)
    page += _never("Never given another op's result", [op for op in ops if op in used], users)
    page.append(table(("operand", *FLOATS, "never"), [row(body, name) for name in CLASSES], left=1))
    page.append(
        "Ops that were given such an operand, of those that were given any of the dtype; never: in neither of the two. "
        "Huge and tiny: the square overflows, or is below the normal numbers. A tie is asked of ops that choose."
    )
    return page


def _edges(body: CoverageBody) -> str:
    """How many pairs of maker and user were exercised."""
    count = len(body["ops"])
    between = sum(len(by) for maker, by in body["edges"].items() if maker != INPUT)
    uses = sum(n for by in body["edges"].values() for n in by.values())
    share = f"{100 * between / count**2:.0f}%"
    return (
        f"{between} of {count**2} edges from op to op ({share}; not every pair can be), "
        f"{len(body['edges'].get(INPUT, {}))} of {count} ops on inputs, in {plural(uses, 'use')}."
    )


def _never(what: str, ops: Iterable[str], reached: Collection[str]) -> list[str]:
    """A line with the ops that were not reached; none where there are none."""
    missing = [op for op in ops if op not in reached]
    return [f"{what} ({len(missing)}): {listed(missing)}."] if missing else []


def listed(names: list[str]) -> str:
    """Names, the first few of them."""
    shown = ", ".join(text(name) for name in names[:LISTED])
    return shown if len(names) <= LISTED else f"{shown} and {len(names) - LISTED} more"


def row(body: CoverageBody, name: str) -> tuple[str, ...]:
    """One class: ops reached by dtype, and those that it reached in none."""
    classes = body["classes"]
    asked = [op for op in body["ops"] if op in classes and (name != "tie" or op in body["ties"])]
    cells = []
    reached: set[str] = set()
    for dtype in FLOATS:
        known = [op for op in asked if dtype in classes[op]]
        found = {op for op in known if name in classes[op][dtype]}
        reached |= found
        cells.append(f"{len(found)} of {len(known)}")
    missing = [op for op in asked if op not in reached and any(dtype in classes[op] for dtype in FLOATS)]
    return (name, *cells, f"{len(missing)}: {listed(missing)}" if missing else "-")
