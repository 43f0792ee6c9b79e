"""A diff as lines for a terminal and a page: node by node in the order of the backward, then what is wrong and why."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any

from paragrad.reports.bodies.diff import DiffBody, DiffCompared, DiffFinding, DiffNode, DiffNumber, DiffTerm
from paragrad.reports.record import Record
from paragrad.reports.render.markdown import code, fence, text

WIDTH = 80
INDENT = 6
"""Columns before what is told of a node."""
UNDER = " " * (INDENT + 10)
DIGITS = (6, 9, 17)
"""Significant digits: as few as tell two numbers apart."""
STAR = "* "
LEAST = 0.01
"""Fractions of a bound of which one digit is enough."""
NAMED = 4
"""Nodes that the verdict names."""


def blocks(body: DiffBody, record: Record) -> list[str]:
    """The page's blocks."""
    told = [f"# {text(_title(body))}", verdict_line(body) if body["verdict"] == "parity" else ""]
    if body["findings"]:
        told[1] = f"**{text(verdict_line(body))}**"
        first = body["findings"][0]
        said = (
            ("seen", first["message"]),
            ("why", first["diagnosis"]),
            ("where", first["where"]),
            ("meant", first["rule"]),
        )
        told += ["\n".join(f"- {what}: {text(words)}" for what, words in said if words)]
    told += [f"- {text(note)}" for note in body["notes"]]
    told += ["## Node by node", fence("\n".join(node_lines(body, WIDTH)))]
    if body["next"]:
        told.append(f"Next: {code(body['next'])}")
    return told


def lines(body: DiffBody, width: int = WIDTH) -> list[str]:
    """All of it for a terminal; the last line is the next command where something diverges."""
    found = [*_wrapped(_title(body), width, "", "  ")]
    found += _wrapped(f"mine is {body['engine']}; nodes in the order of the backward", width, "", "  ")
    for note in body["notes"]:
        found += _wrapped(f"note: {note}", width, "", "  ")
    found += ["", *node_lines(body, width), *_wrapped(verdict_line(body), width, "", "  ")]
    for finding in body["findings"][:1]:
        found += finding_lines(body, finding, width)
    more = [f"{f['title']} at {_label(body, f['node'])}" for f in body["findings"][1:]]
    if more:
        shown = "; ".join(more[:4]) + (f"; and {len(more) - 4} more" if len(more) > 4 else "")
        found += _row("also", shown, width)
    if body["next"]:
        found.append(f"next: {body['next']}")
    return found


def verdict_line(body: DiffBody) -> str:
    """The verdict in a line."""
    if body["verdict"] == "parity":
        shown, size, unjudged = len(body["nodes"]), body["size"], body["unjudged"]
        of = f"{shown:,} nodes that are shown" if unjudged else f"{size:,} node{'s' if size != 1 else ''}"
        told = f"PARITY: {of}, nothing differs from torch but by rounding"
        kinds = {n["gradient"]["verdict"] for n in body["nodes"] if n["gradient"] is not None}
        kinds |= {n["value"]["verdict"] for n in body["nodes"]}
        other = sorted(kinds & {"convention", "ill-conditioned"})
        if other:
            told += f", or where that is no fault ({', '.join(other)})"
        lost = [n["label"] for n in body["nodes"] if _not_finite(n)]
        if lost:
            told += f"; nan or inf at {', '.join(lost[:NAMED])}" + (", ..." if len(lost) > NAMED else "")
        if unjudged:
            told += f"; {unjudged:,} of the other {size - shown:,} nodes differ from torch's and were not judged"
        return told if "hidden" not in kinds else f"{told}; what is hidden was judged from its ends"
    first = body["findings"][0]
    at = "" if first["node"] is None else f" at {_label(body, first['node'])}"
    return f"DIVERGENCE{at}: {first['title']}"


def _not_finite(node: DiffNode) -> bool:
    """Whether a value or a gradient of torch's holds nan or inf: its norm does."""
    sides = [node["value"]["torch"], *([node["gradient"]["torch"]] if node["gradient"] is not None else [])]
    return any(isinstance(side["norm"], str) for side in sides)


def finding_lines(body: DiffBody, finding: DiffFinding, width: int) -> list[str]:
    """Why, where, and what was meant."""
    found = _row("seen", finding["message"], width)
    found += _row("why", finding["diagnosis"], width)
    found += _row("where", finding["where"], width)
    return found + _row("meant", finding["rule"], width)


def node_lines(body: DiffBody, width: int) -> list[str]:
    """Each node, root first; the starred one marked."""
    labels = {node["number"]: node["label"] for node in body["nodes"]}
    root = "L" if body["root"] is None else labels.get(body["root"], "L")
    found: list[str] = []
    for node in sorted(body["nodes"], key=lambda n: -n["number"]):
        found += [*_node(body, node, labels, root, width), ""]
    return found


def _node(body: DiffBody, node: DiffNode, labels: Mapping[int, str], root: str, width: int) -> list[str]:
    mark = STAR if node["number"] == body["star"] else "  "
    made = f"{node['label']} = {node['made']}" if node["made"] else f"{node['label']}, {_leaf(node)}"
    place = _place(body, node)
    gap = width - len(mark) - len(made) - len(place)
    head = f"{mark}{made}{' ' * gap}{place}" if place and gap >= 2 else f"{mark}{made}"
    found = [head] if len(head) <= width else _wrapped(head, width, "", " " * INDENT)
    if place and gap < 2:
        found += _wrapped(place, width, " " * INDENT, " " * INDENT)
    found += _compared("value", node["value"], None, width)
    if node["gradient"] is not None:
        found += _compared("gradient", node["gradient"], node["difference"], width)
        found += _sum(node, labels, root, width)
    return found


def _leaf(node: DiffNode) -> str:
    return "an input" if node["op"] == "input" else "a constant" if node["op"] == "constant" else node["op"]


def _place(body: DiffBody, node: DiffNode) -> str:
    """Where the node is written: the column of an expression, the line of a file."""
    place = node["place"]
    if place is None:
        return ""
    words = textwrap.shorten(place["text"], 48, placeholder="...")
    if body["source"]["form"] == "file":
        return f"line {place['line']}: {words}"
    where = f"column {place['column'] + 1}"
    if "\n" in body["source"]["text"]:
        where = f"line {place['line']}, {where}"
    return f"{where}: {words}" if node["made"] else where


def _compared(what: str, one: DiffCompared, difference: Any, width: int) -> list[str]:
    """Both sides, how far off, and the verdict; below the witness, and of an array the worst element."""
    mine, torch = one["mine"], one["torch"]
    apart = one["verdict"] in ("bug", "inherited", "convention")  # else the last digits only distract
    told = [f"mine {_short(mine, torch if apart else None)}", f"torch {_short(torch, mine if apart else None)}"]
    verdict: str = one["verdict"]
    if isinstance(one["error"], float) and verdict not in ("identical", "hidden"):
        verdict += f", {_digits(one['error'], 2 if one['error'] >= LEAST else 1)} of bound"
    elif one["error"] == "inf" and isinstance(mine["norm"], float):  # no bound but 0 is passed so far
        verdict += ", exact expected"
    # As columns where they fit, so that the eye can go down them.
    line = " " * INDENT + what.ljust(10) + told[0].ljust(20) + told[1].ljust(20) + verdict
    fits = len(line) <= width and all(len(part) < 20 for part in told)
    found = [line] if fits else _wrapped(what.ljust(10) + "; ".join([*told, verdict]), width, " " * INDENT, UNDER)
    if apart and one["worst"] and one["worst_mine"] is not None:
        pair = _apart(one["worst_mine"], one["worst_torch"])
        found += _wrapped(f"worst element {one['worst']}: {pair[0]}, torch {pair[1]}", width, UNDER, UNDER)
    if difference is not None:
        at = f" of element {one['worst'] or [0] * len(torch['shape'])}" if torch["shape"] else ""
        found += _wrapped(f"finite difference{at} {_digits(difference, 6)}", width, UNDER, UNDER)
    return found


def _sum(node: DiffNode, labels: Mapping[int, str], root: str, width: int) -> list[str]:
    """The gradient as the sum over its edges, in symbols and in numbers."""
    name, terms = node["label"], node["terms"]
    given = node["given"]
    if not terms:
        if given is None:
            return []
        return [" " * INDENT + f"d{root}/d{name} = {_short(given)}, where the backward starts"]
    users = [labels.get(t["user"], f"v{t['user']}") for t in terms]
    symbols = [f"d{root}/d{u} · d{u}/d{name}" for u in users]
    numbers = [_product(t) for t in terms]
    if given is not None:
        symbols.insert(0, "what was there")
        numbers.insert(0, _short(given))
    total = _short(terms[-1]["accumulated"])
    left = f"d{root}/d{name} = "
    pad = " " * (INDENT + len(left))
    found = _wrapped(left + " + ".join(symbols), width, " " * INDENT, pad)
    told = " + ".join(numbers)
    if told != total:
        told += f" = {total}"
    found += _wrapped(f"= {told}", width, " " * (INDENT + len(left) - 2), pad)
    for term, user in zip(terms, users, strict=True):
        said = [f"d{user}/d{name} = {term['symbol']}"] if term["symbol"] not in ("", "1") else []
        said += [term["undone"]] if term["undone"] else []
        if term["right"] is False:
            gave = "nothing" if term["mine"] is None else _short(term["mine"], term["expected"])
            of = "" if said else f"d{user}/d{name}: "
            said.append(f"{of}mine contributes {gave}, expected {_short(term['expected'], term['mine'])}")
        if said:
            found += _wrapped("; ".join(said), width, " " * (INDENT + 2), pad)
    return found


def _product(term: DiffTerm) -> str:
    """upstream·local in numbers; of arrays their contribution."""
    local = term["local"]
    if local is None or local["shape"] or term["upstream"]["shape"]:
        return _short(term["expected"])
    factors = [_short(term["upstream"]), _short(local)]
    return "·".join(f"({f})" if f.startswith("-") else f for f in factors)


def _short(one: DiffNumber | None, other: DiffNumber | None = None) -> str:
    """A number with as many digits as tell it from the other; an array by shape and norm."""
    if one is None or one["state"] == "hidden":
        return "not shown"
    if one["state"] == "none":
        return "none"
    if not one["shape"]:
        held = other["elements"] if other is not None and other["state"] == "shown" and not other["shape"] else None
        return _apart(one["elements"], held)[0]
    if one["elements"] is not None and _count(one["shape"]) <= 4:
        return _listed(one["elements"])
    shape = "(" + ", ".join(map(str, one["shape"])) + (",)" if len(one["shape"]) == 1 else ")")
    return f"{shape} of norm {_digits(one['norm'], 6)}"


def _count(shape: list[int]) -> int:
    return math.prod(shape)


def _listed(elements: Any) -> str:
    if isinstance(elements, list):
        return "[" + ", ".join(map(_listed, elements)) + "]"
    return _digits(elements, 6)


def _apart(one: Any, other: Any) -> tuple[str, str]:
    """Two numbers with as many digits as tell them apart."""
    for digits in DIGITS:
        told = _digits(one, digits), _digits(other, digits)
        if told[0] != told[1] or one == other:
            break
    return told


def _digits(value: Any, digits: int) -> str:
    return f"{value:.{digits}g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _title(body: DiffBody) -> str:
    """What was asked about, and at which numbers."""
    source = body["source"]
    what = source["name"] if source["form"] != "expression" else " ".join(source["text"].split())
    leaves = [n for n in body["nodes"] if n["op"] == "input" and not n["value"]["torch"]["shape"]]
    at = ", ".join(f"{n['label']} = {_short(n['value']['torch'])}" for n in leaves[:8])
    whole = textwrap.shorten(what, 300, placeholder="...")
    return f"{whole}  at {at}" if at else whole


def _label(body: DiffBody, number: int | None) -> str:
    return next((n["label"] for n in body["nodes"] if n["number"] == number), "a node that is not shown")


def _row(label: str, words: str, width: int) -> list[str]:
    if not words:
        return []
    return _wrapped(f"{label}".ljust(7) + " ".join(words.split()), width, "  ", " " * 9)


def _wrapped(words: str, width: int, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        words, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    ) or [first]
