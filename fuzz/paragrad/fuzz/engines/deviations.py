"""Where peers are known to differ from torch: `peers/deviations.json`, one entry an engine and op, with its reason.

An entry holds the smallest program that shows the difference. A fault is one by the peer's own lights, a convention a
choice that its authors made: neither says anything about the judge, so the search for its false alarms leaves the op
out. A formula is sound, and rounds more than the judge allows for: a false alarm that is known.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path

from paragrad.fuzz.encoding import from_json
from paragrad.fuzz.program import Program

FILE = Path(__file__).parent / "peers" / "deviations.json"
KINDS = ("fault", "convention", "formula")


@dataclass(frozen=True, slots=True)
class Deviation:
    """A peer, an op, whether it is one of KINDS, why, and a program that shows it."""

    engine: str
    op: str
    kind: str
    reason: str
    program: Program


@functools.cache
def deviations() -> tuple[Deviation, ...]:
    """All that are known."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(
        Deviation(row["engine"], row["op"], row["kind"], row["reason"], from_json(row["program"])) for row in rows
    )


def of(engine: str) -> tuple[Deviation, ...]:
    """Those of one peer."""
    return tuple(d for d in deviations() if d.engine == engine)
