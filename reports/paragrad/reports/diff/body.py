"""A comparison as the body of a diff record: plain data, in which every node, term and finding is told."""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.diffing.as_test import as_test
from paragrad.fuzz.diffing.comparison import Compared, Comparison, fill, root
from paragrad.fuzz.diffing.differences import differences
from paragrad.fuzz.diffing.guessed import Term
from paragrad.fuzz.diffing.nearest import operands
from paragrad.fuzz.diffing.not_finite import remarks
from paragrad.fuzz.diffing.terms import Terms, explain
from paragrad.fuzz.encoding import to_json
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.inside import Inside
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.program import Apply, Array, Ref
from paragrad.fuzz.telling import reflection, rules
from paragrad.fuzz.telling.writer import NoSpellingError, Writer, text
from paragrad.reports.bodies.diff import (
    DiffBody,
    DiffCompared,
    DiffFinding,
    DiffNode,
    DiffNumber,
    DiffPlace,
    DiffTerm,
)
from paragrad.reports.findings import plain

MOST_ELEMENTS = 256
"""Elements of an array that a record holds; of a larger one it has shape, norm and worst element."""
LARGEST_PROGRAM = 2_000
"""Statements of a Program that a record holds."""
HIDDEN: DiffNumber = {"state": "hidden", "shape": [], "dtype": "", "elements": None, "norm": None}
NONE: DiffNumber = {"state": "none", "shape": [], "dtype": "", "elements": None, "norm": None}


def body(found: Comparison, shown: Sequence[int], command: str, following: str) -> DiffBody:
    """The body; `shown` are the variables that are told, `command` was typed, `following` is what to type next."""
    fill(found, list(shown))
    computation, program = found.computation, found.program
    failure = found.trace.failure
    terms = Terms(found)
    explain(found, terms)
    small = len(program.statements) <= LARGEST_PROGRAM
    reached = [k for k in sorted(shown, reverse=True) if k in found.gradients]
    return {
        "verdict": "divergence" if found.findings else "parity",
        "engine": found.engine.name,
        "command": command,
        "source": {"form": computation.form, "name": computation.name, "text": computation.text},  # type: ignore[typeddict-item]  # one of the forms
        "program": to_json(program) if small else {},
        "root": root(found),
        "size": program.count,
        "nodes": nodes(found, shown, terms),
        "order": reached,
        "star": found.star,
        "findings": [finding_of(found, one) for one in found.findings],
        "failure": "" if failure is None else f"{failure.type}: {failure.message}",
        "unjudged": len(found.left.difference(shown)),
        "notes": notes(found, len(shown)),
        "test": as_test(found, command),
        "next": following,
    }


def notes(found: Comparison, shown: int) -> list[str]:
    """What a reader has to know about how it was made."""
    said = list(found.computation.notes)
    if shown < found.program.count:
        told = f"the graph has {found.program.count:,} nodes, shown are the {shown} nearest to"
        name = found.program.name(found.star) if found.star is not None else "the one asked for, or to the root"
        said.append(f"{told} {name}; --node LABEL, --depth N and --most N show others")
    if found.large and found.findings:
        said.append("of a graph this large the first fault is told, and what else is wrong only among the nodes shown")
    if found.seen_is_torchs:
        told = f"{found.engine.name} does not show every gradient on the way: terms are told with torch's numbers"
        said.append(told)
    return said + remarks(found.program, found.torchs, found.at)


def nodes(found: Comparison, shown: Sequence[int], terms: Terms) -> list[DiffNode]:
    """Each variable."""
    program = found.program
    wanted = {}
    for k, compared in found.gradients.items():
        value = found.torchs.values.get(k)
        if value is not None and value.size and value.dtype.kind == "f":
            wanted[k] = compared.worst if compared.worst is not None else (0,) * value.ndim
    slopes = {} if found.at is None else differences(program, found.torchs, found.at, wanted)
    made: list[DiffNode] = []
    for k in shown:
        maker = program.statements[found.makers[k]] if k in found.makers else None
        given = terms.given(k) if k in found.gradients else None
        made.append(
            {
                "number": k,
                "label": program.name(k),
                "op": op_of(found, k),
                "made": made_by(found, k),
                "operands": []
                if not isinstance(maker, Apply)
                else [{"parameter": name, "node": used} for name, used in operands(maker, TABLE[maker.op].parameters)],
                "place": place_of(found, k),
                "meaning": (rules.of_value(maker.op) or "") if isinstance(maker, Apply) else "",
                "value": compared_of(found.values[k]),
                "gradient": compared_of(found.gradients[k]) if k in found.gradients else None,
                "difference": plain(slopes.get(k)),
                "given": None if given is None else number(given),
                "terms": [term_of(t) for t in terms.of(k)] if k in found.gradients else [],
            }
        )
    return made


def op_of(found: Comparison, variable: int) -> str:
    """The op that made a variable; input or constant of a leaf."""
    program = found.program
    if variable < len(program.inputs):
        return "input" if program.inputs[variable].requires_grad else "constant"
    maker = program.statements[found.makers[variable]]
    return maker.op if isinstance(maker, Apply) else "grad"


def made_by(found: Comparison, variable: int) -> str:
    """The call in the names of the nodes; of a leaf nothing."""
    program = found.program
    maker = program.statements[found.makers[variable]] if variable in found.makers else None
    if not isinstance(maker, Apply):
        return ""
    ranks = [found.torchs.values[a.index].ndim for a in maker.args if isinstance(a, Ref)]
    try:
        told = text(Writer({}).call(maker, lambda k: _name(program.name(k)), ranks[0] if ranks else 0))
    except (NoSpellingError, SyntaxError, ValueError):
        told = f"{maker.op}(...)"
    place = f"[{maker.outputs.index(variable)}]" if len(maker.outputs) > 1 else ""
    return told + place


def _name(label: str) -> ast.Name:
    return ast.Name(label, ast.Load())


def place_of(found: Comparison, variable: int) -> DiffPlace | None:
    """Where a node is written."""
    place = found.computation.places.get(variable)
    return None if place is None else {"line": place.line, "column": place.column, "end": place.end, "text": place.text}


def number(array: Array) -> DiffNumber:
    """An array as data."""
    with np.errstate(all="ignore"):
        norm = float(np.sqrt(np.sum(np.square(array.astype(np.float64)))))
    return {
        "state": "shown",
        "shape": list(array.shape),
        "dtype": array.dtype.name,
        "elements": plain(array) if array.size <= MOST_ELEMENTS else None,
        "norm": plain(norm),
    }


def side(array: Any, shown: bool = True) -> DiffNumber:
    """What one side shows."""
    if not shown:
        return dict(HIDDEN)  # type: ignore[return-value]  # a copy is a dict
    return dict(NONE) if array is None else number(array)  # type: ignore[return-value]  # as above


def compared_of(one: Compared) -> DiffCompared:
    """A number on both sides as data."""
    mine = _at(one.mine, one.worst)
    torchs = _at(one.torch, one.worst)
    return {
        "mine": side(one.mine, one.shown),
        "torch": side(one.torch),
        "expected": None if one.expected is None else number(one.expected),
        "error": plain(one.error),
        "worst": None if one.worst is None else list(one.worst),
        "worst_mine": mine,
        "worst_torch": torchs,
        "verdict": one.verdict,  # type: ignore[typeddict-item]  # one of VERDICTS
    }


def _at(array: Array | None, element: tuple[int, ...] | None) -> float | str | None:
    if array is None or element is None or len(element) != array.ndim:
        return None
    found = float(array[element])
    return found if math.isfinite(found) else repr(found)


def term_of(term: Term) -> DiffTerm:
    """One contribution as data."""
    return {
        "user": term.user,
        "parameter": term.parameter,
        "upstream": number(term.upstream),
        "local": None if term.local is None else number(term.local),
        "symbol": term.symbol,
        "rule": term.rule,
        "expected": number(term.expected),
        "mine": None if term.mine is None else number(term.mine),
        "accumulated": number(term.accumulated),
        "undone": term.undone,
        "right": term.right,
    }


def finding_of(found: Comparison, finding: Finding) -> DiffFinding:
    """A finding as data."""
    rule = ""
    if finding.of_gradient:
        rule = rules.of_gradient(finding.op, finding.argument) or ""
    elif finding.kind == "value":
        rule = rules.of_value(finding.op) or ""
    first = finding is found.findings[0]
    where = "" if reflection.lacking(found.program, finding) else finding.where
    if not where and first and isinstance(found.engine, Foreign | Inside):
        where = reflection.blamed(found.engine, found.program, finding, found.star)
    diagnosis = finding.diagnosis or reflection.missing_reflection(found.program, finding)
    return {
        "node": found.star if first else finding.variable,
        "kind": finding.kind,
        "op": finding.op,
        "argument": finding.argument,
        "title": finding.title.replace("of walk", "of the walk"),
        "message": finding.message,
        "diagnosis": diagnosis,
        "whose": finding.whose,
        "rule": rule,
        "where": where,
    }
