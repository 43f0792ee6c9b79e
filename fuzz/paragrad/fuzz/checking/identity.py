"""The id of a finding: short, readable, and the same whatever the seed, the numbers and the shrinking.

It says how bad, what and where, such as `wrong-gradient-relu-input`: what findings have in common that are one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable


def identity(cause: Iterable[str]) -> str:
    """The id of a cause, which begins with its severity: lower-case words joined by `-`, no word twice in a row."""
    words = [word for part in cause for word in re.split(r"[^a-z0-9_]+", part.lower()) if word]
    return "-".join(word for k, word in enumerate(words) if k == 0 or word != words[k - 1])
