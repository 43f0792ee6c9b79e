"""A name that is not known, and the one that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def hint(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """ "did you mean relu or relu6?", or `otherwise` where nothing is near."""
    names = list(known)
    near = [n for n in names if n.lower() == name.lower()] or difflib.get_close_matches(name, names, 3)
    return f"did you mean {' or '.join(near)}?" if near else otherwise
