"""The few, rich choices from which a batch of programs follows: Hypothesis draws them, a seeded generator the rest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """How the programs of one batch look.

    `dtype` is "float32", "float64" or "mixed" (integers and bools take part, too). `values` is how inputs are filled:
    "normal", "lattice" (zeros, -0.0, ties and kinks), "extreme" (huge and tiny), "special" (inf and NaN among them).
    `growth` is how operands are chosen: "recent" gives chains, "any" diamonds and reuse, "first" wide fans.
    `second` asks for second derivatives; `scalar` keeps every input 0-d.
    """

    dtype: str = "float32"
    values: str = "normal"
    growth: str = "any"
    strided: bool = False
    empty: bool = False
    second: bool = False
    scalar: bool = False


DTYPES = ("float32", "float64", "mixed")
VALUES = ("normal", "lattice", "extreme", "special")
GROWTH = ("recent", "any", "first")
