"""paragrad.fuzz: random Programs, the engines that run them, the judge of what comes out, and the shrinker.

Where to put what: a new kind of program is a file in `strategies/`, an engine a file in `engines/`, anything about
tolerance belongs to `judge/` and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # torch and Hypothesis load when a check is asked for
    from paragrad.fuzz.checking.inside import check

__all__ = ["check"]


def __getattr__(name: str) -> object:
    """`check`, at its first use."""
    if name == "check":
        from paragrad.fuzz.checking.inside import check

        return check
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
