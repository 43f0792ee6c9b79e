"""The mutant rows: which planted faults of the quick list the judge still finds.

The faults of the baseline are hunted, too, where they left the list. One that survives is hunted again as
`paragrad mutants --only ID` hunts it, with ten times the programs, so chance loses none. A fault is known by the place
in the source that it changes; where that was edited, another of the same family and op takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from paragrad.fuzz.mutants import crew, lists
from paragrad.fuzz.mutants.crew import Task
from paragrad.fuzz.mutants.families import catalogue
from paragrad.fuzz.mutants.hunt import Result
from paragrad.reports.gate.accuracy.rows import MutantRow
from paragrad.reports.mutants import FOUND, PROGRAMS, QUICKLY

SEED = 0
AGAIN = 20
"""Survivors that are hunted again: where there are more, chance is no explanation."""
Hunt = Callable[[Iterable[Task], int, int], Iterator[tuple[Task, Result]]]


@dataclass(slots=True)
class Hunted:
    """The faults that were found, and for the others what became of them; `instead` has those that took a place."""

    killed: list[MutantRow] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)
    instead: dict[str, str] = field(default_factory=dict)


def wanted(
    known: Sequence[MutantRow], only: Collection[str], lost: Collection[str] = ()
) -> tuple[list[str], dict[str, str]]:
    """The ids to hunt, none of ops that are `lost`, and by id of the baseline that no longer exists the one that is
    hunted in its place."""
    mutants, listed = catalogue(), lists.equivalents()
    ops = {row["id"]: row["op"] for row in known}
    ops |= {i: mutants[i].op for i in [*ops, *lists.quick()] if i in mutants}
    asked = [i for i in ops if ops[i] not in lost and (not only or ops[i] in only)]
    free: dict[tuple[str, str], list[str]] = {}
    for ident, mutant in mutants.items():
        if ident not in asked and ident not in listed:
            free.setdefault((mutant.family, mutant.op), []).append(ident)
    instead: dict[str, str] = {}
    for row in known:
        if row["id"] in asked and row["id"] not in mutants:
            near = free.get((row["id"].partition(":")[0], row["op"]))
            if near:
                instead[row["id"]] = near.pop(0)
    return [i for i in asked if i in mutants] + list(instead.values()), instead


def measure(
    known: Sequence[MutantRow],
    only: Collection[str],
    lost: Collection[str],
    tell: Callable[[int, int], None],
    jobs: int = 0,
    hunt: Hunt = crew.run,
) -> Hunted:
    """Hunt; `tell` is told mutants done and mutants in all."""
    ids, instead = wanted(known, only, lost)
    jobs = jobs or crew.cores()
    done: dict[str, Result] = {}
    for task, result in hunt([Task(i, QUICKLY) for i in ids], SEED, jobs) if ids else ():
        done[task.id] = result
        tell(len(done), len(ids))
    alive = [i for i in ids if done[i].outcome not in FOUND]
    if 0 < len(alive) <= AGAIN:
        for task, result in hunt([Task(i, PROGRAMS) for i in alive], SEED, jobs):
            done[task.id] = result
    mutants = catalogue()
    found = Hunted(instead={old: new for old, new in instead.items() if done[new].outcome in FOUND})
    for ident in ids:
        if done[ident].outcome in FOUND:
            found.killed.append({"op": mutants[ident].op, "id": ident})
        else:
            found.others[ident] = f"{done[ident].outcome} {done[ident].programs} programs: {done[ident].said}"
    return found
