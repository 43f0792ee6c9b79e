"""A Markdown page cut to what a GitHub job summary takes: never in the middle of a table, a fence or a paragraph.

The longest tables and fences lose their last rows first, each with a line that counts them; where that is not enough,
sections go from the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from paragrad.reports.render.markdown import plural

LIMIT = 1_000_000
"""Bytes. GitHub refuses a step's summary from 1 MiB on, and others may write to it, too."""
GIANT = 20
"""A row that takes more than this part of the room is left out."""
FENCE = re.compile(r"`{3,}|~{3,}")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a page: `head` and `tail` belong to it whole, `rows` may be fewer, and `dropped` are gone already."""

    head: tuple[str, ...]
    rows: tuple[str, ...]
    tail: tuple[str, ...]
    word: str
    dropped: int = 0

    def without_giants(self, most: int) -> Block:
        """The block without rows of more than so many bytes: a single one could take the room of all others."""
        kept = tuple(row for row in self.rows if _size(row) <= most)
        return replace(self, rows=kept, dropped=len(self.rows) - len(kept))

    def cut(self, most: int) -> str:
        """The block with at most so many rows, and what is left out."""
        left = self.dropped + max(0, len(self.rows) - most)
        if left == 0:
            return "\n".join((*self.head, *self.rows, *self.tail))
        told = f"*{plural(left, self.word)} left out: a job summary has room for 1 MiB.*"
        rows = self.rows[:most]
        kept = "\n".join((*self.head, *rows, *self.tail)) if rows else ""
        return f"{kept}\n\n{told}" if kept else told


def summary(page: str, limit: int = LIMIT) -> str:
    """The page where it fits in `limit` bytes of UTF-8, else as much of it as does."""
    if _size(page) <= limit:
        return page
    found = [block.without_giants(limit // GIANT) for block in blocks(page)]
    longest = max(len(block.rows) for block in found)

    def cut(most: int) -> str:
        return "\n\n".join(block.cut(most) for block in found) + "\n"

    if _size(cut(1)) <= limit:
        return cut(_largest(longest, lambda most: _size(cut(most)) <= limit))
    kept = _largest(len(found), lambda count: _size(_first(found, count)) <= limit)
    return _first(found, kept)


def _first(found: Sequence[Block], count: int) -> str:
    """The first blocks with a row each, and how many are left out."""
    told = f"*{plural(len(found) - count, 'section')} left out: a job summary has room for 1 MiB.*"
    return "\n\n".join([*(block.cut(1) for block in found[:count]), told]) + "\n"


def _largest(most: int, fits: Callable[[int], bool]) -> int:
    """The largest whole number up to `most` that fits; 0 does."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def blocks(page: str) -> list[Block]:
    """The page in pieces: fences, tables, and what stands between blank lines."""
    found: list[Block] = []
    lines = page.split("\n")
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        end = _end(lines, at)
        part = lines[at:end]
        if FENCE.match(part[0]):
            found.append(Block((part[0],), tuple(part[1:-1]), (part[-1],), "line"))
        elif part[0].startswith("|"):
            found.append(Block(tuple(part[:2]), tuple(part[2:]), (), "row"))
        elif part[0].startswith("#"):
            found.append(Block(tuple(part), (), (), "line"))
        else:
            found.append(Block((), ("\n".join(part),), (), "paragraph"))
        at = end
    return found


def _end(lines: Sequence[str], start: int) -> int:
    """The line behind the block that starts here."""
    fence = FENCE.match(lines[start])
    for at in range(start + 1, len(lines)):
        if fence is not None:
            if lines[at].rstrip() == fence[0]:
                return at + 1
        elif not lines[at].strip() or lines[at].startswith("|") != lines[start].startswith("|"):
            return at
    return len(lines)


def _size(text: str) -> int:
    return len(text.encode("utf-8", errors="backslashreplace"))
