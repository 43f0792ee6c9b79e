"""What needs no programs of its own: the ops there are, our engine's conventions, and every list of exclusions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paragrad.engine as pg
from paragrad.engine import Tensor, nn, optim, scalar_nn
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.deviations import deviations
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.judge.conventions import probe
from paragrad.fuzz.judge.conventions.ours import DIFFERENT
from paragrad.fuzz.judge.third.registry import EXCLUDED
from paragrad.fuzz.mutants import lists
from paragrad.fuzz.mutants.families import catalogue
from paragrad.reports.accuracy import declared
from paragrad.reports.gate.accuracy import layers, scalars
from paragrad.reports.gate.accuracy.rows import ConventionRow, ExclusionRow, OpRow

EXPORTING: dict[str, Any] = {"": pg, layers.PREFIX: nn, "optim.": optim, "scalar_nn.": scalar_nn}
"""Modules, by what stands before their names."""


def ops() -> list[OpRow]:
    """The public ops of the table, those of Value, and every name that the engine's modules export.

    What is drawn of them is not asked.
    """
    found: list[OpRow] = [
        {
            "op": name,
            "parameters": list(op.parameters),
            "gradients": sorted(op.pullbacks),
            "method": hasattr(Tensor, name.partition(".")[0]),
            "drawn": "",
        }
        for name, op in TABLE.items()
        if not op.internal
    ]
    found += scalars.public()
    for prefix, module in EXPORTING.items():
        names = [prefix + name for name in module.__all__ if hasattr(module, name)]
        found += [{"op": name, "parameters": [], "gradients": [], "method": False, "drawn": ""} for name in names]
    return found


def conventions() -> list[ConventionRow]:
    """What our own engines do at every point."""
    found: list[ConventionRow] = [
        {"op": op_of(point), "point": point, "dtype": dtype, "answer": dict(answer)}
        for dtype, answers in probe(Own()).items()
        for point, answer in answers.items()
    ]
    return [*found, *scalars.conventions()]


def op_of(point: str) -> str:
    """The op that a point calls."""
    return point.partition("(")[0]


def exclusions(ulps: Path) -> Iterator[ExclusionRow]:
    """Every entry of every list of what is left out; `ulps` is the file of declared ULP, which may not be there."""
    mutants = catalogue()
    for ident, reason in lists.equivalents().items():
        of = mutants[ident].op if ident in mutants else ""
        yield {"op": of, "list": "equivalent mutants", "what": ident, "reason": reason}
    for point, reason in DIFFERENT.items():
        yield {"op": op_of(point), "list": "conventions that differ", "what": point, "reason": reason}
    for known in deviations():
        what = f"{known.engine} {known.op} {known.kind}"
        yield {"op": known.op, "list": "known differences of peers", "what": what, "reason": known.reason}
    for name, reason in EXCLUDED.items():
        yield {"op": name, "list": "no third opinion", "what": name, "reason": reason}
    for name, op in TABLE.items():
        if not op.twice:
            reason = "the table says that torch has none"
            yield {"op": name, "list": "no second derivative", "what": name, "reason": reason}
        if not op.internal and op.sample is None:
            yield {"op": name, "list": "no samples", "what": name, "reason": "the table has no sample for it"}
    if ulps.is_file():
        for name, entry in declared.load(ulps).items():
            if entry.reason:
                yield {"op": name, "list": "loose declared ULP", "what": name, "reason": entry.reason}
