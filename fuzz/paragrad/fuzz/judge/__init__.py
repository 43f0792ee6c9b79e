"""The judge: the only tolerance policy in the project.

Local first. A variable's value is judged at the subject's own operands, a gradient at the subject's own values and
incoming gradients, so errors don't travel and each wrong number has its own author. What agrees with torch's trace
within 4 u passes at once (`agreement`); the rest is recomputed by torch in higher precision (`local`, `gradients`) and
may differ by what running error analysis allows one op (`bounds`). `blame` names the pullback or the walk, `diagnosis`
says which fault reproduces the numbers. Stretches that a Trace hides are judged end to end (`end_to_end`).
"""

from paragrad.fuzz.judge.diagnosis import diagnose
from paragrad.fuzz.judge.judge import judge
from paragrad.fuzz.judge.reference import reference
from paragrad.fuzz.judge.verdict import VERDICTS, Finding, Judgement

__all__ = ["VERDICTS", "Finding", "Judgement", "diagnose", "judge", "reference"]
