"""What a page is made of. Each block is plain data; `templates/blocks.html.jinja` has a macro of the same name.

Words are `str` and become escaped text; only what is `Markup` is taken as it is, and that is built by `format` of a
constant or by the plots, which escape what they are given.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from markupsafe import Markup

from paragrad.reports.html.stepper.data import Stepper

Words = str | Markup
Tone = Literal["good", "bad", "open", "plain"]


@dataclass(frozen=True, slots=True)
class Tile:
    """A number that one should see first; `tone` never tells by colour alone: `mark` is the word for it."""

    label: str
    value: str
    note: Words = ""
    tone: Tone = "plain"
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph."""

    words: Words
    kind: Literal["prose"] = "prose"


@dataclass(frozen=True, slots=True)
class Note:
    """A paragraph that is set off: what is missing, or what to beware of."""

    words: Words
    tone: Tone = "open"
    kind: Literal["note"] = "note"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: what is shown, by what it is sorted where that is something else, and a class."""

    shown: Words
    sort: float | None = None
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A head; `numeric` columns are aligned right and sorted as numbers; `facet` ones get a menu of their values."""

    name: str
    numeric: bool = False
    facet: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that sorts; it filters, too, where it is `long`. `ids` are the rows' anchors, "" for none.

    The rows of a `packed` one, plain words all, are data that the script makes a table of: a third of the size. The
    caption of a `titled` one is seen: nothing above says what it is.
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: list[tuple[Cell, ...]]
    ids: tuple[str, ...] = ()
    packed: bool = False
    titled: bool = False
    kind: Literal["table"] = "table"

    @property
    def data(self) -> dict[str, Any]:
        """What the script makes rows of."""
        return {"ids": list(self.ids), "rows": [[str(cell.shown) for cell in row] for row in self.rows]}

    @property
    def long(self) -> bool:
        """Whether filtering is of use."""
        return len(self.rows) > 8

    @property
    def numeric(self) -> str:
        """The classes that align numbers, by column: a class a cell would weigh more than the numbers."""
        return " ".join(f"n{place}" for place, column in enumerate(self.columns, 1) if column.numeric)

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Neighbouring columns of one group: its name and how many they are."""
        found: list[tuple[str, int]] = []
        for column in self.columns:
            if found and found[-1][0] == column.group:
                found[-1] = (column.group, found[-1][1] + 1)
            else:
                found.append((column.group, 1))
        return found if any(name for name, _ in found) else []

    @property
    def facets(self) -> list[tuple[int, str, list[str]]]:
        """Columns with a menu: their place, name and values."""
        return [
            (place, column.name, list(dict.fromkeys(str(row[place].shown) for row in self.rows)))
            for place, column in enumerate(self.columns)
            if column.facet
        ]


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot, or panels of one, with its caption and the numbers behind it. `data` is for the script (a matrix).

    `palette` "counts" colours levels as amounts, "" as errors.
    """

    id: str
    title: str
    caption: Words
    drawings: list[Markup]
    table: Table | None = None
    key: Markup | None = None
    data: Any = None
    palette: Literal["", "counts"] = ""
    kind: Literal["figure"] = "figure"


@dataclass(frozen=True, slots=True)
class Code:
    """Lines as they are, under a name, with a button that copies them."""

    name: str
    text: str
    folded: bool = False
    kind: Literal["code"] = "code"


@dataclass(frozen=True, slots=True)
class Card:
    """A program with what is to be said of it: a title, words, its table, drawing and scripts."""

    id: str
    title: Words
    words: list[Words]
    drawing: Markup | None
    codes: list[Code]
    kind: Literal["card"] = "card"


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what is known under them."""

    pairs: list[tuple[str, Words]]
    kind: Literal["facts"] = "facts"


Block = Prose | Note | Table | Figure | Code | Card | Facts | Stepper


@dataclass(frozen=True, slots=True)
class Section:
    """A heading that can be linked to, and what stands under it. `id` is ours, never a subject's word."""

    id: str
    title: str
    blocks: list[Block]


@dataclass(frozen=True, slots=True)
class Page:
    """The whole: a title, the answer in a sentence, the numbers to see first, and the sections."""

    title: str
    answer: Words
    tone: Tone
    tiles: list[Tile] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)


def row(*cells: Cell | Words | None) -> tuple[Cell, ...]:
    """Cells of words and of cells; None is an empty one."""
    return tuple(cell if isinstance(cell, Cell) else Cell("" if cell is None else cell) for cell in cells)


def columns(*names: str, numeric: Iterable[str] = (), facet: Iterable[str] = ()) -> tuple[Column, ...]:
    """Heads, some of them of numbers, some with a menu."""
    numbers, menus = set(numeric), set(facet)
    return tuple(Column(name, name in numbers, name in menus) for name in names)


def link(anchor: str, words: Words) -> Markup:
    """A link inside the page."""
    return Markup('<a href="#{}">{}</a>').format(anchor, words)


LINK = re.compile(r'<a href="#([^"]*)">(.*?)</a>| data-to="([^"]*)"', re.DOTALL)
"""What `link` makes, or where a mark of a plot leads."""


def linked(words: Markup, anchors: Collection[str]) -> Markup:
    """The words, or a plot, without links that lead to none of these anchors."""
    # Escaped words hold neither a bracket nor a quotation mark, so a match is a link of ours.
    return Markup(LINK.sub(lambda found: found[0] if (found[1] or found[3]) in anchors else found[2] or "", words))


def code(words: object) -> Markup:
    """A name or a short piece of code."""
    return Markup("<code>{}</code>").format(words)
