"""`paragrad diff`: every value and gradient of one computation, torch's beside the engine's, and why."""

from __future__ import annotations

import argparse
import contextlib
import gc
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.checking.nearest import hint
from paragrad.fuzz.diffing.comparison import Comparison, compare, root
from paragrad.fuzz.diffing.computation import DiffError, Labelled
from paragrad.fuzz.diffing.lettering import root_of
from paragrad.fuzz.diffing.nearest import MOST, near
from paragrad.fuzz.diffing.weighted import of_one_number
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.known import OWN, PEERS, known
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.engines.worker.errors import SubjectError
from paragrad.fuzz.program import Program
from paragrad.reports.ci.plain import xml_plain
from paragrad.reports.cli import FINDING, PARITY, UsageError
from paragrad.reports.diff.body import body
from paragrad.reports.diff.output import refuse, write
from paragrad.reports.diff.sources import computation
from paragrad.reports.render import diff as render
from paragrad.reports.terminal import command, console_for

LARGE = 5_000
"""Nodes of a graph that takes seconds to judge."""
NARROW, WIDE = 60, 100
"""Columns that are used of a terminal; where there is none, 80."""


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Without the search for cycles: among the nodes of a large graph it takes half of the time, and finds none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@command
@uncollected()
def run(options: argparse.Namespace) -> int:
    """Compare, tell, and write the record if asked to."""
    refuse(options)
    try:
        asked, found_in = computation(options)
        if asked.program.count > LARGE:
            print(f"paragrad diff: judging a graph of {asked.program.count:,} nodes takes a while", file=sys.stderr)
        chosen = options.engine or found_in or ("own.Value" if is_scalar(asked.program) else "own")
        with known(chosen) or foreign(chosen) as engine:
            asked = of_one_number(asked)
            found = compare(asked, engine, around(asked.program, options, root_of(asked.program)))
            told = body(found, shown(found, options), typed(options), following(found, chosen))
    except (DiffError, SubjectError) as error:
        raise UsageError(str(error)) from error
    console = console_for(options.json)
    width = max(NARROW, min(WIDE, console.width)) if console.is_terminal else render.WIDTH
    for line in render.lines(told, width):
        style = "bold red" if line.startswith((render.STAR, "DIVERGENCE")) else None
        console.print(xml_plain(line), markup=False, style="bold green" if line.startswith("PARITY") else style)
    write(told, options)
    return FINDING if told["verdict"] == "divergence" else PARITY


def is_scalar(program: Program) -> bool:
    """Whether a Value can run it: single float64 numbers, and no op that it lacks."""
    if program.optimizer is not None:
        return False
    ops = OwnScalar().ops()
    whole = all(type(s).__name__ in ("Apply", "Backward", "ZeroGrad") for s in program.statements)
    single = all(spec.shape == () and spec.dtype.name == "float64" for spec in program.inputs)
    return whole and single and all(s.op in ops for _, s in program.applications())


def foreign(name: str) -> Foreign:
    """Somebody else's engine, in a child process. Raises UsageError where no such file is there."""
    from paragrad.reports.targets import is_path, target_of

    if not is_path(name) and "." not in name and ":" not in name:
        told = hint(name, [*OWN, *PEERS], f"name file.py:Class, or one of {', '.join([*OWN, *PEERS])}")
        raise UsageError(f"--engine {name}: there is no engine of this name; {told}")
    return Foreign(target_of(name, {}, Path.cwd()))


def shown(found: Comparison, options: argparse.Namespace) -> list[int]:
    """The variables that are told."""
    return around(found.program, options, found.star if found.star is not None else root(found))


def around(program: Labelled, options: argparse.Namespace, centre: int | None) -> list[int]:
    """The variables that are asked for, around `centre` where no other node is named.

    Raises DiffError for a label that there is not.
    """
    if options.most < 1:
        raise DiffError(f"--most {options.most}: nothing would be shown")
    if options.node is not None:
        numbers = {program.name(k): k for k in range(program.count)}
        if options.node not in numbers:
            told = hint(options.node, numbers, f"there are {', '.join(list(numbers)[:12])}")
            raise DiffError(f"--node {options.node}: no node has this label; {told}")
        centre = numbers[options.node]
    elif program.count <= options.most and options.depth is None:
        return list(range(program.count))
    return near(program, program.count - 1 if centre is None else centre, options.depth, options.most)


def typed(options: argparse.Namespace) -> str:
    """The command as it was typed, to be typed again."""
    words = ["paragrad", "diff", options.what, *options.values]
    for name in ("engine", "node", "depth"):
        if getattr(options, name) is not None:
            words += [f"--{name}", str(getattr(options, name))]
    words += ["--dtype", options.dtype] if options.dtype != "float64" else []
    return shlex.join([*words, *(["--most", str(options.most)] if options.most != MOST else [])])


def following(found: Comparison, engine: str) -> str:
    """The next command where something diverges: the check of the op that is blamed; "" where there is none."""
    if not found.findings:
        return ""
    op = found.findings[0].op
    only = ["--only", op] if op in TABLE else []
    if isinstance(found.engine, Foreign):
        return shlex.join(["paragrad", "check", engine, *only])
    sampled = op in TABLE and TABLE[op].sample is not None
    return shlex.join(["paragrad", "parity", *(only if sampled else []), "--quick"])
