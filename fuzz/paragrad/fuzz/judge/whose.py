"""Whose bug it is, where subject and torch disagree about an op: the one's from whom the third opinion is farther.

The opinion shares no rule with either (`third`), so neither a broken engine nor a broken torch can vouch for itself.
Where there is none (a kink, operands that aren't finite) torch's choice is what is asked for, or nobody can tell.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from paragrad.fuzz.judge import third
from paragrad.fuzz.judge.hypotheses import View
from paragrad.fuzz.judge.verdict import REFERENCE, SUBJECT, UNCLEAR

CLEARLY = 0.25
"""One side has to be so much nearer to the opinion than the other."""
MOST_ELEMENTS = 8
"""An opinion costs several evaluations in long numbers; of so many elements one will have one."""


def whose(view: View) -> str:
    """SUBJECT, REFERENCE, or UNCLEAR where no element that is wrong has an opinion."""
    for element in wrong_elements(view):
        if (side := farther(view, element)) != UNCLEAR:
            return side
    return UNCLEAR


def wrong_elements(view: View) -> Iterator[tuple[int, ...]]:
    """The elements about which the two disagree, the most distant first."""
    with np.errstate(all="ignore"):
        off = np.abs(view.found.astype(np.float64) - view.exact)
    off = np.where(view.expected.accepts(view.found), -1.0, np.nan_to_num(off, nan=np.inf))
    for flat in np.argsort(-off, axis=None, kind="stable")[:MOST_ELEMENTS]:
        element = tuple(int(k) for k in np.unravel_index(flat, off.shape))
        if off[element] >= 0:
            yield element


def farther(view: View, element: tuple[int, ...]) -> str:
    """Which side's number is farther from the third opinion; UNCLEAR where the opinion is as far from both."""
    values = view.local.values
    if view.operand is None:
        opinion = third.value(view.statement, values, view.output, element)
    else:
        opinion = third.gradient(view.statement, values, view.incoming, view.operand, element)
    if opinion is None:
        return UNCLEAR
    numbers = float(view.found[element]), float(view.exact[element])
    largest = float(np.finfo(view.found.dtype).max) if view.found.dtype.kind == "f" else np.inf
    if abs(opinion.value) > largest:
        # It overflows for everybody: infinite is right.
        mine, theirs = (0.0 if np.isinf(x) or abs(x) > largest else np.inf for x in numbers)
    else:
        mine, theirs = (abs((x - opinion.value) - opinion.low) if np.isfinite(x) else np.inf for x in numbers)
    # Where both are off by about as much, rounding may decide which is the farther.
    if min(mine, theirs) > CLEARLY * max(mine, theirs) or opinion.error > CLEARLY * max(mine, theirs):
        return UNCLEAR
    return SUBJECT if mine > theirs else REFERENCE
