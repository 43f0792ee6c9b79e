"""Text that came from elsewhere, made harmless: control characters shown as escapes, one line, not too long."""

from __future__ import annotations

import re

CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
"""What XML 1.0 forbids or advises against, ends lines unseen, turns the direction of text, or steers a terminal."""
LONGEST = 400


def xml_plain(text: str) -> str:
    r"""Text with what XML 1.0 and UTF-8 can't hold, or a terminal obeys, shown as \x1b or \ud800."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text.replace("\r\n", "\n"))


def plain(text: str) -> str:
    """The same on one line."""
    return xml_plain(" ".join(text.split()))


def clipped(text: str, most: int = LONGEST) -> str:
    """Text of at most so many characters."""
    return text if len(text) <= most else text[: most - 4] + " ..."
