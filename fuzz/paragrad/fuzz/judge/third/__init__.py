"""The third opinion: what an op's numbers truly are, by an authority that shares no code with engine or torch.

It is asked where the two disagree. Every op of the table is stated here once more, from torch's documentation and in
mpmath numbers (`functions`, `predicates`: elementwise; `definitions_*`: the rest), and no derivative is stated at all:
`opinion` takes differences of the values, with as many digits as these need.
"""

from paragrad.fuzz.judge.third.opinion import Opinion, gradient, value
from paragrad.fuzz.judge.third.registry import DEFINITIONS, EXCLUDED

__all__ = ["DEFINITIONS", "EXCLUDED", "Opinion", "gradient", "value"]
