"""When an error has grown: the two rules by which ULP and verdicts are compared.

On the same processor with the same libraries a run repeats bit for bit, so every larger number is a change of ours.
Elsewhere other SIMD kernels round otherwise: there an error may be FACTOR times the largest that the baseline, torch
then or torch now shows on the same inputs, and SLACK more; an elementwise op may use what it declares. Identical,
rounding and ill-conditioned are one there.
"""

from __future__ import annotations

from paragrad.reports.gate.accuracy.rows import JudgeRow, ProgramRow, UlpRow
from paragrad.reports.gate.accuracy.verdicts import NONE, ORDER

FACTOR, SLACK = 8.0, 8.0
SAME = "the same processor and libraries as the baseline's, where runs repeat bit for bit: no ULP may grow"
ELSEWHERE = (
    f"not the baseline's processor or libraries, so no error may be beyond {FACTOR:g} times the largest of "
    f"the baseline and torch on the same inputs, plus {SLACK:g} ULP, or what the op declares, "
    "and identical and rounding count as one"
)
RIGHT = ("identical", "rounding", "ill-conditioned")
BUG = "bug"


def rule(differences: list[str]) -> str:
    """The rule that is used, and why."""
    return f"{ELSEWHERE} ({'; '.join(differences)})" if differences else SAME


def larger(before: UlpRow, now: UlpRow, same: bool) -> bool:
    """Whether an error has grown."""
    if same:
        return now["max"] > before["max"] or now["p999"] > before["p999"] or now["wrong"] > before["wrong"]
    if now["declared"] is not None:
        limit = max(now["declared"], before["max"], now["torch"])
    else:
        limit = FACTOR * max(before["max"], before["torch"], now["torch"]) + SLACK
    wrong = max(before["wrong"], before["torch_wrong"], now["torch_wrong"])
    return now["max"] > limit or now["wrong"] > wrong


def smaller(before: UlpRow, now: UlpRow, same: bool) -> bool:
    """Whether an error has shrunk and none has grown; elsewhere nothing is said about that."""
    if not same or larger(before, now, same):
        return False
    return now["max"] < before["max"] or now["p999"] < before["p999"] or now["wrong"] < before["wrong"]


def told(row: UlpRow) -> str:
    """An error as people read it."""
    wrong = f", {row['wrong']} wrong" if row["wrong"] else ""
    if row["of"] == "exact value":
        return f"{row['wrong']} wrong"
    return f"max {row['max']:g}, 99.9 % {row['p999']:g} ULP{wrong}"


def rank(verdict: str, same: bool, redrawn: bool = False) -> int:
    """How bad a verdict is; of programs that the baseline did not have (`redrawn`) no more than whether it is a bug."""
    if (redrawn and verdict not in (BUG, NONE)) or (not same and verdict in RIGHT):
        return 0
    return ORDER.index(verdict) if verdict in ORDER else ORDER.index(NONE)


def program(before: ProgramRow, now: ProgramRow, same: bool, wider: bool) -> bool | None:
    """Whether whole programs became worse, or better (False); None where neither. Shares are of the same programs
    against the same bounds, so not where the judge became `wider`, and only where runs repeat."""
    redrawn = before["digest"] != now["digest"]
    old, new = rank(before["worst"], same, redrawn), rank(now["worst"], same, redrawn)
    if old != new or before["blamed"] != now["blamed"]:
        return new > old or (new == old and bool(now["blamed"]))
    if not same or wider or redrawn or before["share"] == now["share"]:
        return None
    return now["share"] > before["share"]


def told_program(row: ProgramRow) -> str:
    """A verdict and a share as people read them."""
    blamed = f" ({row['blamed']})" if row["blamed"] else ""
    return f"{row['worst']}{blamed}, error {row['share']:g} of its bound"


def width(before: JudgeRow, now: JudgeRow, same: bool) -> bool | None:
    """Whether a bound became wider, or narrower (False); None of another program. Elsewhere the numbers themselves are
    others, and with them what is left to a bound: one of twice the width and 4 ULP is the same there."""
    old, new = before["ulp"], now["ulp"]
    if before["digest"] != now["digest"]:
        return None
    if same:
        return None if old == new else new > old
    return True if new > 2 * old + 4 else None
