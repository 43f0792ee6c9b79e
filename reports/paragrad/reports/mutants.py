"""`paragrad mutants`: plant faults in our own engine, one at a time, and see whether the judge finds each."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import statistics
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from paragrad.fuzz.mutants import crew, lists
from paragrad.fuzz.mutants.crew import Log, ResumeError, Task
from paragrad.fuzz.mutants.families import catalogue
from paragrad.fuzz.mutants.hunt import Result
from paragrad.fuzz.mutants.mutant import Mutant
from paragrad.reports import record
from paragrad.reports.bodies.mutants import EquivalentRow, MutantFamilyRow, MutantsBody, SurvivorRow
from paragrad.reports.cli import FINDING, INTERRUPTED, OURS, PARITY, UsageError
from paragrad.reports.commands import BUILD, LINE_EVERY, save
from paragrad.reports.record import Record
from paragrad.reports.terminal import command, console_for

PROGRAMS, FEW, QUICKLY = 2000, 100, 200
"""The most programs for a mutant, for one that is listed as equivalent, and for one of the quick run."""
FOUND = ("killed", "hung")
"""A fault that ends the process, or keeps it from ending, is noticed as well as one of which the judge tells."""
LOG = BUILD / "mutants.jsonl"


@command
def mutants(options: argparse.Namespace) -> int:
    """Hunt, tell, and write the record; 1 where a mutant survives that should not, or a list is wrong."""
    if options.programs == 0 or options.jobs == 0:
        raise UsageError("--programs 0 and --jobs 0: nothing would be hunted; give 1 or more")
    if options.quick and options.only:
        raise UsageError("--quick has its own list of mutants: leave out --only")
    known = lists.equivalents()
    chosen = selected(options.only, options.quick)
    most = options.programs or (QUICKLY if options.quick else PROGRAMS)
    tasks = [Task(ident, min(most, FEW) if ident in known else most) for ident in chosen]
    console = console_for(options.json)
    jobs = options.jobs or crew.cores()
    console.print(f"paragrad mutants: {len(tasks)} mutants, up to {most} programs each, --seed {options.seed}")
    log = Log(LOG, options.seed)
    started, stopped = time.perf_counter(), ""
    try:
        done = log.read() if options.resume else {}
    except ResumeError as error:
        raise UsageError(str(error)) from error
    if not options.resume:
        log.start()
    results = {task.id: done[task] for task in tasks if task in done}
    if results:
        console.print(f"{len(results)} are in {LOG} already")
    try:
        with progress(console, len(tasks)) as tell:
            tell(len(results))
            for task, result in crew.run([t for t in tasks if t.id not in results], options.seed, jobs):
                log.add(task, result)
                results[task.id] = result
                tell(len(results))
    except KeyboardInterrupt:
        stopped = "interrupted"
        console.print(f"interrupted: --resume takes it up with what {LOG} holds")
    if stopped and not any(result.outcome != "failed" for ident, result in results.items() if ident not in known):
        return INTERRUPTED
    if not results:
        return OURS
    gone = sorted(set(known) - set(catalogue()))
    told = body(chosen, results, known, gone, time.perf_counter() - started, stopped)
    asked = {"programs": most, "only": options.only, "quick": options.quick, "jobs": jobs}
    page = from_body(told, options.seed, asked, len(tasks))
    summary(console, told)
    console.print(f"record: {save(page, options.json, BUILD / 'mutants.json')}", markup=False)
    wrong = told["survivors"] or told["gone"] or any(row["outcome"] in FOUND for row in told["equivalents"])
    return INTERRUPTED if stopped else FINDING if wrong else PARITY


def selected(only: list[str], quick: bool) -> list[str]:
    """The ids of the mutants to hunt. Raises UsageError for a name that is no family and no op."""
    known = catalogue()
    if quick:
        listed = lists.quick()
        gone = [ident for ident in listed if ident not in known]
        if gone:
            raise UsageError(f"{lists.QUICK.name}: there is no mutant {gone[0]}: take it out, or mend its id")
        return listed
    names = {mutant.family for mutant in known.values()} | {mutant.op for mutant in known.values()}
    for name in only:
        if name not in names and name not in known:
            near = difflib.get_close_matches(name, [*names, *known], 3)
            hint = f"did you mean {' or '.join(near)}?" if near else "see build/mutants.md for families and ops"
            raise UsageError(f"--only {name}: no family, op or mutant of this name; {hint}")
    return [i for i, m in known.items() if not only or m.family in only or m.op in only or i in only]


@contextlib.contextmanager
def progress(console: Console, total: int) -> Iterator[Callable[[int], None]]:
    """A bar where somebody watches, a line now and then elsewhere."""
    columns = (TextColumn("hunting"), BarColumn(), TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("hunting", total=total)
        last = time.monotonic()

        def tell(done: int) -> None:
            nonlocal last
            bar.update(task, completed=done)
            if not console.is_terminal and time.monotonic() - last > LINE_EVERY:
                last = time.monotonic()
                console.print(f"hunting {done}/{total}")

        yield tell


def body(
    chosen: list[str], results: dict[str, Result], known: dict[str, str], gone: list[str], elapsed: float, stopped: str
) -> MutantsBody:
    """What came out, family by family, every survivor and every equivalent by name."""
    every = catalogue()
    families: dict[str, list[Mutant]] = {}
    for ident in chosen:
        families.setdefault(every[ident].family, []).append(every[ident])
    real = [results[i] for i in chosen if i in results and i not in known]
    alive = [result for result in real if result.outcome in ("survived", "failed")]
    killed = [result for result in real if result.outcome == "killed"]
    return {
        "families": [family_row(name, members, results, known) for name, members in families.items()],
        "survivors": [survivor_row(result) for result in alive],
        "equivalents": [equivalent_row(results[i], known[i]) for i in chosen if i in known and i in results],
        "gone": gone,
        "killed": len(killed),
        "hung": sum(result.outcome == "hung" for result in real),
        "median": middle([result.programs for result in killed]),
        "p90": ninth([result.programs for result in killed]),
        "named_op": sum(result.blame in ("op", "argument") for result in killed),
        "named_argument": sum(result.blame == "argument" for result in killed),
        "elapsed": round(elapsed, 3),
        "stopped": stopped,
    }


def middle(counts: list[int]) -> float | None:
    """The median."""
    return float(statistics.median(counts)) if counts else None


def ninth(counts: list[int]) -> float | None:
    """The 90th percentile: nine in ten are no larger."""
    return float(sorted(counts)[-(-9 * len(counts) // 10) - 1]) if counts else None


def family_row(name: str, members: list[Mutant], results: dict[str, Result], known: dict[str, str]) -> MutantFamilyRow:
    """One family."""
    real = [results[m.id] for m in members if m.id not in known and m.id in results]
    killed = [result for result in real if result.outcome == "killed"]
    counts = [result.programs for result in killed]
    return {
        "family": name,
        "planted": len(members),
        "equivalent": sum(m.id in known for m in members),
        "killed": len(killed),
        "survived": sum(result.outcome == "survived" for result in real),
        "hung": sum(result.outcome == "hung" for result in real),
        "failed": sum(result.outcome == "failed" for result in real),
        "median": middle(counts),
        "p90": ninth(counts),
        "named_op": sum(result.blame in ("op", "argument") for result in killed),
        "named_argument": sum(result.blame == "argument" for result in killed),
    }


def survivor_row(result: Result) -> SurvivorRow:
    """A mutant that no program killed, with what can be said of the reason."""
    return {
        "id": result.id,
        "description": catalogue()[result.id].description,
        "outcome": result.outcome,
        "programs": result.programs,
        "why": result.said,
    }


def equivalent_row(result: Result, reason: str) -> EquivalentRow:
    """A mutant that is listed as equivalent, and whether it was."""
    return {"id": result.id, "reason": reason, "outcome": result.outcome, "programs": result.programs}


def from_body(told: MutantsBody, seed: int, asked: dict[str, object], requested: int) -> Record:
    """The record: mutants that were listed as equivalent are filtered, those on which the judge failed crashed."""
    failed = sum(row["failed"] for row in told["families"])
    listed = len(told["equivalents"])
    judged = sum(row["killed"] + row["survived"] + row["hung"] for row in told["families"])
    counts: record.Counts = {
        "requested": requested,
        "judged": judged,
        "filtered": {"listed as equivalent": listed},
        "crashed": failed,
        "not_run": requested - judged - failed - listed,
    }
    return record.new("mutants", seed, asked, counts, told)


def summary(console: Console, told: MutantsBody) -> None:
    """What a person needs to know, in five seconds."""
    found = told["killed"] + told["hung"]
    real = found + len(told["survivors"])
    for row in told["survivors"]:
        console.print(f"{row['outcome']}: {row['description']} ({row['id']}): {row['why']}", markup=False)
    for equivalent in told["equivalents"]:
        if equivalent["outcome"] in FOUND:
            told_of = f"{equivalent['id']} is listed as equivalent ({equivalent['reason']}) and was killed"
            console.print(f"{told_of}: take it off {lists.EQUIVALENTS.name}", markup=False)
    for ident in told["gone"]:
        console.print(f"{lists.EQUIVALENTS.name} lists {ident}, which does not exist: take it off", markup=False)
    apart = f"{told['hung']} of them by a process that hung or died; {len(told['equivalents'])} equivalents apart"
    console.print(f"killed     {found} of {real} ({100 * found / max(1, real):.2f}%), {apart}")
    if told["killed"]:
        named = 100 * told["named_op"] / told["killed"], 100 * told["named_argument"] / told["killed"]
        console.print(f"programs   median {told['median']:g}, 90th percentile {told['p90']:g} until killed")
        console.print(f"blamed     the right op in {named[0]:.1f}%, the right argument in {named[1]:.1f}%")
