"""What got worse, and what better: each kind of row with its own idea of worse.

Of an op that is gone nothing else is said, and of a row that is gone because its op is now listed as not measured only
that. In an op with a bug a planted fault may undo it, so its mutants say nothing. What is made of others (a layer of
ops, a training run of ops, walk and optimizer) says nothing where one of these changed, for it changed with them. A row
of other programs than the baseline's (`drawn.py`) is worse where it has a bug, or an error beyond the wider rule. What
is new and no exclusion is told as better: it asks to be taken into the baseline.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from paragrad.fuzz.judge.conventions import probe
from paragrad.fuzz.judge.conventions.table import alike
from paragrad.fuzz.judge.conventions.table import parts as parts_of
from paragrad.fuzz.judge.conventions.table import same as same_part
from paragrad.fuzz.judge.conventions.table import told as told_part
from paragrad.reports.bodies.gate import ChangeRow, What
from paragrad.reports.gate.accuracy import compositions, growth, repro, ulps
from paragrad.reports.gate.accuracy.parts import Parts
from paragrad.reports.gate.accuracy.rows import KEYS, Key, Row, Rows, by_key, select
from paragrad.reports.gate.accuracy.scalars import PREFIX as VALUE
from paragrad.reports.gate.accuracy.verdicts import NONE
from paragrad.reports.gate.accuracy.witness import witness

GONE = "gone"
COMPUTED = ("ulp", "verdict", "convention", "dtype", "op", "program")
"""Kinds of rows in which an op shows that it computes something else."""
DRAWN = ("ulp", "verdict", "dtype", "op")
"""Kinds of rows that are of the programs of their op."""
WALKS = {compositions.WALK, compositions.SCALAR_WALK}
ABROAD = "long double"
"""In the reason for a row that other machines can't have: a truth of more digits than float64."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was."""

    kind: What
    row: Row
    what: str
    before: str
    after: str
    worse: bool = True
    was: Row | None = None
    """The row of the baseline, where errors are compared with it."""
    shows: str = ""
    """The command that shows it, where that is known; else it is looked for."""

    def told(self, shown: bool = False) -> ChangeRow:
        """As the record has it, with the command that shows it; if that is to be `shown`, a program to paste."""
        found = witness(self.kind, self.row, self.was, self.after) if shown and not self.shows else None
        command = self.shows or found or repro.repro(self.kind, self.row)
        return {"kind": self.kind, "what": self.what, "before": self.before, "after": self.after, "repro": command}


class Comparison:
    """The rows of a baseline and those of now, as far as both are asked about.

    `only` are ops, none for all; `same` says whether runs repeat bit for bit (growth.py); `others` tells of mutants
    that were hunted and not found, `instead` of those that are hunted in the place of others.
    """

    def __init__(
        self,
        before: Rows,
        now: Rows,
        same: bool,
        only: Sequence[str] = (),
        others: dict[str, str] | None = None,
        instead: dict[str, str] | None = None,
        parts: Parts | None = None,
    ) -> None:
        self.before = select(before, lambda row: not only or row["op"] in only)
        self.now = select(now, lambda row: not only or row["op"] in only)
        self.same = same
        self.others = others or {}
        self.instead = instead or {}
        self.parts = parts or {}
        self.lost = {name for (name,) in by_key("op", self.before).keys() - by_key("op", self.now).keys()}
        self.redrawn = {name for (name,), row, new in self.pairs("op") if row and new and row["drawn"] != new["drawn"]}
        self.broken = {row["op"].removeprefix(VALUE) for row in self.now["verdict"] if row["worst"] == "bug"}
        self.absent = {row["what"]: row["reason"] for row in self.now["exclusion"] if row["list"] == ulps.LIST}

    def checked(self) -> dict[str, int]:
        """How many things of each kind the baseline or this run has."""
        return {kind: len(by_key(kind, self.before).keys() | by_key(kind, self.now).keys()) for kind in KEYS}

    def changes(self) -> list[Change]:
        """All, by kind and key."""
        makers = {
            "ulp": self.ulp,
            "verdict": self.verdict,
            "op": self.op,
            "convention": self.convention,
            "dtype": self.dtype,
            "mutant": self.mutant,
            "exclusion": self.exclusion,
            "program": self.program,
            "judge": self.judge,
        }
        found = [change for make in makers.values() for change in make()]
        found = [change for change in found if change.kind == "op" or change.row["op"] not in self.lost]
        return [change for worse in (True, False) for change in self.heard([c for c in found if c.worse is worse])]

    def heard(self, found: Sequence[Change]) -> list[Change]:
        """The changes but for those of what is made of something else that changed. A bug that is blamed on the
        walk in an op's own programs is the walk's where the walk is told of, and no reason to be silent about it."""
        suspects = {op for (op, *case), made in self.parts.items() if not case and made <= WALKS}
        moved = movers(found) - suspects
        certain = [c for c in found if c.row["op"] not in suspects and self.made_of(c).isdisjoint(moved)]
        told = movers(certain)
        doubtful = [c for c in found if c.row["op"] in suspects and self.made_of(c).isdisjoint(told)]
        after = set() if told & WALKS else movers(doubtful)
        return [c for c in found if c in doubtful or (c in certain and self.made_of(c).isdisjoint(after))]

    def made_of(self, change: Change) -> set[str]:
        """What the subject of a change is made of, but for what is made of it in turn: sum and expand are each other's
        pullbacks, and neither is to be silent. Nothing for what stands by itself."""
        op = change.row["op"]
        case = change.row.get("case", change.row.get("of", ""))
        made = self.parts.get((op,), set()) | self.parts.get((op, case), set())
        return {part for part in made if op not in self.parts.get((part, "gradient"), ())}

    def pairs(self, kind: What) -> Iterator[tuple[Key, Any, Any]]:
        """Rows before and now, by key; None where there is none."""
        before, now = by_key(kind, self.before), by_key(kind, self.now)
        for name in sorted(before.keys() | now.keys()):
            yield name, before.get(name), now.get(name)

    def is_redrawn(self, kind: What, before: Row | None, now: Row | None) -> bool:
        """Whether a row is of other programs than it was."""
        if kind in DRAWN:
            return any(row["op"] in self.redrawn for row in (before, now) if row)
        return bool(before and now and before.get("digest") != now.get("digest"))

    def redrawn_rows(self) -> list[Row]:
        """The rows that are of other programs than they were, but for those that say so."""
        found = ((kind, before, now) for kind in KEYS if kind != "op" for _, before, now in self.pairs(kind))
        return [before or now for kind, before, now in found if self.is_redrawn(kind, before, now)]

    def ulp(self) -> Iterator[Change]:
        """Larger errors, and errors that are measured no more; with other programs, another argument may have one."""
        for _, before, now in self.pairs("ulp"):
            row = before or now
            redrawn = self.is_redrawn("ulp", before, now)
            same = self.same and not redrawn
            what = f"{row['op']} {row['dtype']} {row['of']}"
            if now is None:
                reason = self.absent.get(f"{row['op']} {row['dtype']}")
                if reason is None and not redrawn:
                    yield Change("ulp", row, what, growth.told(before), "not measured")
            elif before is None:
                if not redrawn:
                    yield Change("ulp", row, what, "not measured", growth.told(now), worse=False)
            elif growth.larger(before, now, same):
                yield Change("ulp", now, what, growth.told(before), growth.told(now), was=before)
            elif growth.smaller(before, now, same):
                yield Change("ulp", row, what, growth.told(before), growth.told(now), worse=False)
            if before and now and (now["declared"] or 0) > (before["declared"] or 0):
                yield Change("ulp", row, f"{what}, declared", f"{before['declared']} ULP", f"{now['declared']} ULP")

    def verdict(self) -> Iterator[Change]:
        """Worse verdicts."""
        for _, before, now in self.pairs("verdict"):
            row = now or before
            was, has = before["worst"] if before else NONE, now["worst"] if now else NONE
            redrawn = self.is_redrawn("verdict", before, now)
            old, new = growth.rank(was, self.same, redrawn), growth.rank(has, self.same, redrawn)
            if old != new:
                yield Change("verdict", row, f"{row['op']} {row['dtype']} {row['of']}", was, has, worse=new > old)

    def op(self) -> Iterator[Change]:
        """Ops that are gone, and parameters, gradients and methods that ops no longer have."""
        for (name,), before, now in self.pairs("op"):
            if before is None or now is None:
                words = ("a public op", GONE) if before else ("none", "a public op")
                yield Change("op", before or now, name, *words, worse=now is None, shows=repro.lost(name))
                continue
            for field, word in (("parameters", "parameter"), ("gradients", "gradient of")):
                shows = repro.listed(name, field)
                for item in before[field]:
                    if item not in now[field]:
                        yield Change("op", before, f"{name}: {word} {item}", "there", GONE, shows=shows)
                for item in now[field]:
                    if item not in before[field]:
                        yield Change("op", before, f"{name}: {word} {item}", "none", "there", worse=False)
            if before["method"] != now["method"]:
                words = ("there", GONE) if before["method"] else ("none", "there")
                method = f"Tensor.{name.partition('.')[0]}"
                yield Change("op", before, method, *words, worse=before["method"], shows=repro.lost(method))

    def convention(self) -> Iterator[Change]:
        """Points at which ours chooses otherwise than it did; better where it now chooses as torch does."""
        torchs = functools.cache(probe)
        for _, before, now in self.pairs("convention"):
            row = before or now
            dtype, what = row["dtype"], f"{row['point']} in {row['dtype']}"
            if before is None:
                yield Change("convention", row, what, "not asked", "asked", worse=False)
            elif now is None:
                yield Change("convention", row, what, "asked", "asked no more")
            elif not self.answered(before["answer"], now["answer"], dtype):
                torch = torchs()[dtype].get(row["point"].removeprefix(VALUE))
                like = torch is not None and self.answered(torch, now["answer"], dtype)
                yield Change("convention", row, what, *moved(before["answer"], now["answer"], dtype), worse=not like)

    def answered(self, one: Any, other: Any, dtype: str) -> bool:
        """Whether two answers agree. The sign of a zero counts where runs repeat bit for bit: elsewhere another SIMD
        kernel picks another of two equal zeros."""
        return alike(one, other, dtype) and (not self.same or not _signs(one, other))

    def dtype(self) -> Iterator[Change]:
        """Results in another dtype. Where an op gives none any more, its verdict says so; of other programs some may
        give one that none gave before."""
        for _, before, now in self.pairs("dtype"):
            if not before or not now or before["result"] == now["result"]:
                continue
            old, new = (set(row["result"].split(" or ")) for row in (before, now))
            if old.isdisjoint(new) or not self.is_redrawn("dtype", before, now):
                what = f"{before['op']}({before['operands']})"
                yield Change("dtype", before, what, before["result"], now["result"], shows=repro.result(before))

    def mutant(self) -> Iterator[Change]:
        """Faults that are found no more."""
        for (name,), before, now in self.pairs("mutant"):
            if before is None:
                if name not in self.instead.values():
                    yield Change("mutant", now, name, "not hunted", "killed", worse=False)
            elif now is None and name not in self.instead and before["op"] not in self.broken:
                yield Change("mutant", before, name, "killed", self.others.get(name, "gone: there is no such mutant"))

    def exclusion(self) -> Iterator[Change]:
        """New entries, and entries that are no longer needed."""
        for (where, what), before, now in self.pairs("exclusion"):
            if before is None and not (ABROAD in now["reason"] and not self.same and where == ulps.LIST):
                yield Change("exclusion", now, f"{where}: {what}", "not excluded", f"excluded: {now['reason']}")
            elif now is None:
                yield Change("exclusion", before, f"{where}: {what}", "excluded", "not excluded", worse=False)

    def program(self) -> Iterator[Change]:
        """Worse verdicts, and larger errors against their bounds where programs and bounds are the same."""
        judge = [(before, now) for _, before, now in self.pairs("judge") if before != now]
        wider = any(not self.is_redrawn("judge", before, now) for before, now in judge)
        for _, before, now in self.pairs("program"):
            row = before or now
            what = f"{row['op']}: {row['case']}"
            if now is None:
                yield Change("program", row, what, growth.told_program(before), "not measured")
            elif before is None:
                yield Change("program", row, what, "not measured", growth.told_program(now), worse=False)
            elif (worse := growth.program(before, now, self.same, wider)) is not None:
                yield Change("program", now, what, growth.told_program(before), growth.told_program(now), worse)

    def judge(self) -> Iterator[Change]:
        """Wider bounds."""
        for _, before, now in self.pairs("judge"):
            row = before or now
            what = f"bound of the judge on the {row['case']} in {row['dtype']}"
            if before is None or now is None:
                words = ("measured", "not measured") if before else ("not measured", "measured")
                yield Change("judge", row, what, *words, worse=now is None)
            elif (worse := growth.width(before, now, self.same)) is not None:
                words = (f"{before['ulp']} ULP", f"{now['ulp']} ULP")
                yield Change("judge", row, what, *words, worse=worse, shows=repro.passed(before))


def movers(found: Sequence[Change]) -> set[str]:
    """The ops that compute something else than they did."""
    return {change.row["op"] for change in found if change.kind in COMPUTED}


def moved(before: Any, now: Any, dtype: str) -> tuple[str, str]:
    """What of an answer is not as it was, before and now."""
    old, new = parts_of(before), parts_of(now)
    signs = _signs(before, now)
    names = [n for n in dict.fromkeys([*old, *new]) if n in signs or not same_part(old.get(n), new.get(n), dtype)]
    first, second = (", ".join(f"{n} {told_part(side.get(n))}" for n in names) for side in (old, new))
    return first, second


def _signs(one: Any, other: Any) -> set[str]:
    """The parts of two answers that differ in the sign of a zero. Of copies of a point the signs are not kept."""
    old, new = parts_of(one), parts_of(other)
    pairs = {n: (old[n], new[n]) for n in old.keys() & new.keys() if isinstance(old[n], list)}
    return {n for n, (a, b) in pairs.items() if isinstance(b, list) and _zeros(a) != _zeros(b)}


def _zeros(numbers: list[Any]) -> list[float]:
    """1 for 0.0, -1 for -0.0, and 0 for any other number, NaN too."""
    return [math.copysign(1.0, float(x)) if float(x) == 0.0 else 0.0 for x in numbers]
