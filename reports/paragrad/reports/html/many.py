"""Programs of which there may be many: the first ones are shown in full, the others are named in a table."""

from __future__ import annotations

from paragrad.reports.html.blocks import Block, Note, Words, link

CARDS = 40
"""Programs of a section that are shown in full."""


def shown(anchor: str, place: int, words: str) -> Words:
    """The name of the program at a place, from 1 on: a link where the program is shown in full."""
    return link(anchor, words) if place <= CARDS else words


def more(count: int) -> list[Block]:
    """A line on the programs that the table alone names, where there are such."""
    if count <= CARDS:
        return []
    return [Note(f"And {count - CARDS} more: the table names them, the record has them whole.")]
