"""Told: all there is to say about a finding, in the subject's own spelling: data for a terminal, JSON and a script."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.checking.report import Checked
from paragrad.fuzz.checking.run import MOST_STATEMENTS
from paragrad.fuzz.editing import tidy
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.judge import Finding, diagnose, judge, reference
from paragrad.fuzz.program import Apply, Program, refs
from paragrad.fuzz.telling import reflection, rules, witnesses
from paragrad.fuzz.telling.expression import Expressions, lettered, unit_cotangents_dropped
from paragrad.fuzz.telling.writer import NoSpellingError, Writer
from paragrad.fuzz.trace import Engine, Trace

FORWARD_RIGHT = "the forward is right here, its backward is not"
IMPORT = "import"
"""The op of a finding that is about the import, and has no program."""
FORWARD_WRONG = "the backward fits the engine's own forward: the forward is what differs"


@dataclass(slots=True)
class Told:
    """A finding and what is known about it; "" or None where there is nothing to say.

    `what` is the number in question, such as `d/da`; `got` and `expected` are the judge's arrays, `torch` is what torch
    makes of the whole program. `difference` (of the true forward) and `own_difference` (of the engine's) are for
    `element`, at which got and expected are farthest apart; `forward` says what these two prove. `also` names ops with
    the same fault.
    """

    severity: str
    finding: Finding
    program: Program
    trace: Trace
    expression: str
    at: str
    what: str
    first: str
    programs: int = 1
    also: tuple[str, ...] = ()
    element: tuple[int, ...] = ()
    got: Any = None
    expected: Any = None
    torch: Any = None
    difference: float | None = None
    own_difference: float | None = None
    forward: str = ""
    diagnosis: str = ""
    rule: str = ""
    where: str = ""
    id: str = ""
    known: str = ""

    @property
    def expected_dtype(self) -> str:
        """The dtype that torch's number has."""
        return str(self.expected.dtype) if isinstance(self.expected, np.ndarray) else "float64"

    @property
    def title(self) -> str:
        """What is wrong, in a few words."""
        return self.finding.title.replace("of walk", "of the walk")


def writer_of(engine: Engine) -> Writer:
    """The spelling of an engine; torch's where it told none."""
    if not isinstance(engine, Foreign):
        return Writer({})
    return Writer(engine.hello.ops, str(engine.hello.spelling.get("data", "{}.data")))


def tell(checked: Checked, engine: Engine) -> Told:
    """A finding as a good colleague tells it; its program is written in letters, and run once more."""
    with np.errstate(all="ignore"):
        return _told(checked, engine)


def _told(checked: Checked, engine: Engine) -> Told:
    program, finding, trace, torchs = prepared(checked, engine)
    expressions = Expressions(program, writer_of(engine), _shapes(torchs if torchs.values else trace))
    shown = finding.variable
    told = Told(
        checked.severity,
        finding,
        program,
        trace,
        expressions.line(shown if finding.of_gradient else None),
        expressions.leaves(),
        _what(program, finding),
        first(program, finding, expressions),
        checked.programs,
        tuple(checked.also),
        id=checked.id,
        known=checked.known,
        got=finding.found,
        expected=finding.expected,
        diagnosis=finding.diagnosis,
    )
    if finding.kind in ("value", "gradient") and shown is not None:
        _numbers(told, engine, torchs, shown)
    if finding.of_gradient:
        told.rule = rules.of_gradient(finding.op, finding.argument) or ""
    elif finding.kind in ("value", "unreadable"):
        told.rule = rules.of_value(finding.op) or ""
    elif finding.kind == "crash" and not told.diagnosis:
        told.diagnosis = reflection.missing_reflection(program, finding)
    if finding.op == IMPORT and isinstance(engine, Foreign):
        told.where = _import_line(engine)
    elif finding.kind == "crash" and trace.failure is not None:
        told.where = trace.failure.where
    elif isinstance(engine, Foreign):
        told.where = reflection.blamed(engine, program, finding, finding.variable)
    return told


def prepared(checked: Checked, engine: Engine) -> tuple[Program, Finding, Trace, Trace]:
    """The program in letters, without inputs and cotangents that say nothing, if it still shows the finding."""
    short = 0 < len(checked.program.statements) <= MOST_STATEMENTS and checked.severity != "hang"
    program = lettered(checked.program)
    if not short:
        return program, checked.finding, Trace(), Trace()
    trace = engine.run(program)
    torchs = reference(program, trace)
    plain = unit_cotangents_dropped(program, _shapes(torchs))
    smaller = tidy(plain, list(enumerate(plain.inputs)), plain.statements)
    if smaller is not None and smaller != program:
        smaller = lettered(smaller)
        shown = engine.run(smaller)
        expected = reference(smaller, shown)
        again = judge(smaller, shown, expected, engine)
        same = next((f for f in (*again.findings, *again.chosen) if f.cause == checked.finding.cause), None)
        if same is not None:
            if same.kind != "convention":
                diagnose(smaller, shown, expected, engine, same)
            return smaller, same, shown, expected
    return program, checked.finding, trace, torchs


def _shapes(trace: Trace) -> dict[int, tuple[int, ...]]:
    return {k: np.shape(a) for k, a in trace.values.items()}


def _what(program: Program, finding: Finding) -> str:
    """What is compared: `d/da`, or `v2`."""
    if finding.variable is None or finding.kind == "crash":
        return ""
    name = program.name(finding.variable)
    return f"d/d{name}" if finding.of_gradient else name


def first(program: Program, finding: Finding, expressions: Expressions) -> str:
    """The first node that diverges: `the gradient of a`, with how that is made, and through which op."""
    variable = finding.variable
    if variable is None or finding.kind == "crash":
        if not 0 <= finding.statement < len(program.statements):
            return ""
        statement = program.statements[finding.statement]
        return _made(expressions, statement) if isinstance(statement, Apply) else "the backward"
    maker = program.maker(variable)
    node = _made(expressions, maker) if isinstance(maker, Apply) else program.name(variable)
    if not finding.of_gradient:
        return node
    through = [s for _, s in program.applications() if s.op == finding.op and variable in _used(s)]
    via = f", through {_made(expressions, through[0])}" if len(through) == 1 and finding.op in TABLE else ""
    return f"the gradient of {node}{via}"


def _import_line(engine: Foreign) -> str:
    """The line of the subject's file at which its import ends."""
    failure, file = engine.hello.import_failure, engine.hello.spelling.get("file")
    if failure is None or failure.line is None or file is None:
        return ""
    try:
        text = Path(file).read_text(encoding="utf-8", errors="replace").splitlines()[failure.line - 1].strip()
    except (OSError, IndexError):
        return ""
    return f"{file}:{failure.line}: {text}"


def _used(statement: Apply) -> set[int]:
    return {k for a in (*statement.args, *statement.kwargs.values()) for k in refs(a)}


def _made(expressions: Expressions, statement: Apply) -> str:
    try:
        return expressions.statement(statement)
    except NoSpellingError:
        return f"{expressions.program.name(statement.outputs[0])} = {statement.op}(...)"


def _numbers(told: Told, engine: Engine, torchs: Trace, variable: int) -> None:
    """Fill in the witnesses of a number."""
    finding = told.finding
    found, expected = finding.found, finding.expected
    at = torchs.gradients.get(finding.statement, {}) if finding.of_gradient else torchs.values
    told.torch = at.get(variable)
    if found is None or expected is None or found.shape != expected.shape or found.dtype.kind != "f":
        return
    told.element = farthest(found, expected)
    if not finding.of_gradient or finding.kind != "gradient":
        return
    asked = finding.statement, variable, told.element
    told.difference = witnesses.exact_difference(told.program, torchs, *asked)
    told.own_difference = witnesses.own_difference(engine, told.program, told.trace, *asked)
    told.forward = of_forward(told.own_difference, float(found[told.element]), float(expected[told.element]))


def of_forward(own: float | None, got: float, expected: float) -> str:
    """What the difference of the engine's own forward proves, where it can tell got from expected."""
    if own is None or not np.isfinite(got) or not np.isfinite(expected) or witnesses.alike(got, expected, 1e-3):
        return ""
    if witnesses.alike(own, expected):
        return FORWARD_RIGHT
    return FORWARD_WRONG if witnesses.alike(own, got) else ""


def farthest(found: Any, expected: Any) -> tuple[int, ...]:
    """The element at which two arrays are farthest apart."""
    with np.errstate(all="ignore"):
        off = np.abs(found.astype(np.float64) - expected)
    off = np.where(np.isnan(found) & np.isnan(expected), 0.0, np.nan_to_num(off, nan=np.inf))
    return tuple(int(k) for k in np.unravel_index(int(np.argmax(off)), off.shape)) if off.size else ()
