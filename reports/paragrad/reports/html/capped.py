"""A page cut to a size: no table, text or plot without an end, and a line in words for what was left out.

A link to what was cut is no link, so the page is cut twice: what is left has the anchors that may be led to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from markupsafe import Markup, escape

from paragrad.reports.html.blocks import (
    Block,
    Card,
    Cell,
    Code,
    Facts,
    Figure,
    Note,
    Page,
    Prose,
    Section,
    Table,
    linked,
)
from paragrad.reports.html.stepper.data import Stepper
from paragrad.reports.html.words import plural

W = TypeVar("W", bound=str)


@dataclass(frozen=True, slots=True)
class Caps:
    """The most rows of a table that is packed and of one that is written out, of which a browser takes far fewer a
    second; blocks of a section; and characters of a cell or sentence, of a listing, and of the plots or the drawing of
    a block."""

    rows: int = 4_000
    written: int = 1_000
    blocks: int = 400
    words: int = 4_000
    listing: int = 60_000
    drawing: int = 1_500_000

    def less(self) -> Caps:
        """Half of all."""
        return Caps(*(max(1, getattr(self, name) // 2) for name in self.__dataclass_fields__))


def capped(page: Page, caps: Caps, file: str) -> Page:
    """The page with no more than `caps` allow; `file` is where the rest is said to be."""
    left = set(anchors(Cutter(caps, file).page(page)))
    return Cutter(caps, file, left).page(page)


def anchors(page: Page) -> Iterator[str]:
    """What a link on a page can lead to."""
    for section in page.sections:
        yield section.id
        for block in section.blocks:
            if isinstance(block, Table | Figure | Card | Stepper):
                yield block.id
            table = block.table if isinstance(block, Figure) else block
            if isinstance(table, Table):
                yield from (table.id, *table.ids)
            if isinstance(block, Stepper):
                yield from (step.id for step in block.steps)


class Cutter:
    """Cuts blocks, and undoes links to other than these anchors; None leaves all."""

    def __init__(self, caps: Caps, file: str, anchors: Collection[str] | None = None) -> None:
        self.caps = caps
        self.file = file
        self.anchors = anchors

    def page(self, page: Page) -> Page:
        """Every part of the page, cut."""
        tiles = [replace(tile, value=self.words(tile.value), note=self.words(tile.note)) for tile in page.tiles]
        sections = [self.section(section) for section in page.sections]
        return replace(page, answer=self.words(page.answer), tiles=tiles, sections=sections)

    def section(self, section: Section) -> Section:
        """At most so many blocks, each cut, and what is left out."""
        kept: list[Block] = []
        for block in section.blocks[: self.caps.blocks]:
            kept += self.block(block)
        left = len(section.blocks) - self.caps.blocks
        if left > 0:
            kept.append(Note(f"And {plural(left, 'part')} more (in {self.file})."))
        return replace(section, blocks=kept)

    def block(self, block: Block) -> list[Block]:
        """The block as far as there is room, and a note on the rest."""
        if isinstance(block, Prose | Note):
            return [replace(block, words=self.words(block.words))]
        if isinstance(block, Facts):
            return [replace(block, pairs=[(name, self.words(told)) for name, told in block.pairs[: self.caps.rows]])]
        if isinstance(block, Code):
            return [self.listing(block)]
        if isinstance(block, Table):
            return self.table(block)
        if isinstance(block, Card):
            drawing = block.drawing if block.drawing is None or len(block.drawing) <= self.caps.drawing else None
            codes = [self.listing(code) for code in block.codes]
            words = [self.words(told) for told in block.words]
            return [replace(block, title=self.words(block.title), words=words, drawing=drawing, codes=codes)]
        if isinstance(block, Stepper):
            return [block]  # it cuts itself, for its steps have to fit together
        return self.figure(block)

    def table(self, table: Table) -> list[Block]:
        """The first rows."""
        most = self.caps.rows if table.packed else min(self.caps.rows, self.caps.written)
        rows = [tuple(self.cell(cell) for cell in row) for row in table.rows[:most]]
        kept = replace(table, rows=rows, ids=table.ids[:most])
        left = len(table.rows) - most
        return [kept, Note(f"And {plural(left, 'row')} more (in {self.file}).")] if left > 0 else [kept]

    def cell(self, cell: Cell) -> Cell:
        """A cell, the very one where nothing is cut."""
        shown = self.words(cell.shown)
        return cell if shown is cell.shown else replace(cell, shown=shown)

    def figure(self, figure: Figure) -> list[Block]:
        """The plots, or a note where they are too large."""
        if sum(map(len, figure.drawings)) > self.caps.drawing:
            return [Note(f"{figure.title}: too large to be drawn here (its numbers are in {self.file}).")]
        drawings = [self.kept(drawing) for drawing in figure.drawings]
        whole = replace(figure, caption=self.words(figure.caption), drawings=drawings)
        if figure.table is None:
            return [whole]
        table, *notes = self.table(figure.table)
        assert isinstance(table, Table)
        return [replace(whole, table=table), *notes]

    def listing(self, code: Code) -> Code:
        """A listing to its last whole line."""
        if len(code.text) <= self.caps.listing:
            return code
        text = code.text[: self.caps.listing].rpartition("\n")[0] or code.text[: self.caps.listing]
        left = len(code.text) - len(text)
        return replace(code, text=f"{text}\n... and {left:,} characters more (in {self.file})")

    def words(self, words: W) -> W:
        """A sentence; markup that is too long becomes its text, for a tag is not to be cut."""
        if len(words) <= self.caps.words:
            return self.kept(words) if isinstance(words, Markup) else words  # type: ignore[return-value]  # of the kind it was
        text = words.striptags() if isinstance(words, Markup) else str(words)
        told = f"{text[: self.caps.words]} ... (whole in {self.file})"
        return escape(told) if isinstance(words, Markup) else told  # type: ignore[return-value]  # as above

    def kept(self, words: Markup) -> Markup:
        """Markup with the links that lead to something."""
        if self.anchors is None:
            return words
        left = linked(words, self.anchors)
        return words if left == words else left


__all__ = ["Caps", "capped"]
