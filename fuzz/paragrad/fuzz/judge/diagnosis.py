"""diagnose(): what is behind a finding. Which hypothesis reproduces the subject's numbers, and whose bug it is.

An op that is blamed is asked again, alone, at the values in question and at others beside them, so that a fault of the
rule is told from one at special values, and a constant factor from chance. Where the walk is blamed, its terms are
recombined.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from paragrad.engine import dtypes
from paragrad.fuzz.in_place import OPERATORS
from paragrad.fuzz.judge.blame import WALK, replays
from paragrad.fuzz.judge.bounds import UNIT
from paragrad.fuzz.judge.drawn import settled
from paragrad.fuzz.judge.expected import exactly
from paragrad.fuzz.judge.gradients import BackwardCheck, has_hidden
from paragrad.fuzz.judge.hypotheses import HYPOTHESES, View, constant_factor, differences
from paragrad.fuzz.judge.intake import take_in
from paragrad.fuzz.judge.isolate import isolate, shows
from paragrad.fuzz.judge.kinks import hull, samples
from paragrad.fuzz.judge.local import LocalReference, RefusedError
from paragrad.fuzz.judge.placed import FAILS, IN_PLACE, UNRECORDED
from paragrad.fuzz.judge.single import in_single_precision
from paragrad.fuzz.judge.verdict import REFERENCE, SUBJECT, UNCLEAR, Finding
from paragrad.fuzz.judge.walks import still_explained, walk_faults
from paragrad.fuzz.judge.whose import whose
from paragrad.fuzz.program import Apply, Array, Backward, Program
from paragrad.fuzz.trace import Engine, Trace

VARIANTS = 8
"""How often a blamed op is asked again at other values."""
NONE = "no hypothesis reproduces these numbers"
CANCELS = "digits are lost: larger numbers cancel on the way, as e^2x and 1 do in (e^2x - 1) / (e^2x + 1) near 0"
SMALL, CANCELLED = 2.0**-4, 64
"""Values below the one that are off by fewer units than the other, of a number of size 1, tell of cancellation."""
HIDDEN = "the engine shows nothing in between, so that the op can't be told"
WITH_ENGINE = "a third opinion, high-precision differences of the forward, is with the engine"
NEARLY = 1e-3
"""The relative error below which it is told: a formula that is nearly right is not another one."""


def diagnose(program: Program, trace: Trace, reference: Trace, engine: Engine, finding: Finding) -> None:
    """Fill in `diagnosis` and `whose` of a finding that `judge` made of this trace."""
    try:
        Diagnosis(program, take_in(program, trace)[0], reference, engine, finding).run()
    except RefusedError:
        finding.diagnosis, finding.whose = NONE, UNCLEAR


class Diagnosis:
    """One finding, with what is needed to look behind it."""

    def __init__(self, program: Program, trace: Trace, reference: Trace, engine: Engine, finding: Finding) -> None:
        self.program = program
        self.trace = trace
        self.reference = reference
        self.engine = engine
        self.finding = finding

    def run(self) -> None:
        """Say what is behind it."""
        finding = self.finding
        if finding.whose == REFERENCE:
            return
        finding.whose = SUBJECT  # of shapes, dtypes, and what is or isn't there, torch is the definition
        if finding.argument == IN_PLACE:
            told = FAILS if finding.kind == "crash" else UNRECORDED
            finding.diagnosis = told.format(OPERATORS[finding.op].rstrip("="))
        elif finding.kind in ("shape", "missing") and finding.of_gradient:
            finding.diagnosis = self.of_shape()
        elif finding.kind == "step":
            finding.whose = UNCLEAR
        elif finding.kind in ("value", "gradient") and finding.variable is not None:
            self.numbers(finding.variable)

    def numbers(self, variable: int) -> None:
        """Of numbers that are wrong."""
        finding = self.finding
        check = self.check() if finding.kind == "gradient" else None
        if has_hidden(self.program) or (check is not None and check.hides(variable)):
            finding.diagnosis, finding.whose = HIDDEN, UNCLEAR
            return
        if check is not None and finding.op == WALK:
            finding.diagnosis = self.of_walk(check, variable) or NONE
            return
        views = list(self.value_views() if check is None else self.gradient_views(check))
        finding.whose = whose(views[0]) if views else UNCLEAR
        finding.diagnosis = WITH_ENGINE if finding.whose == REFERENCE else of_views(views) if views else NONE

    def of_walk(self, check: BackwardCheck, variable: int) -> str:
        """The fault of the walk. Many look alike at 0 and 1, which shrinking leaves: other numbers tell them apart."""
        assert self.finding.found is not None
        texts = walk_faults(check, variable, self.finding.found)
        for program in moved(self.program):
            if len(texts) < 2:
                break
            trace = take_in(program, self.engine.run(program))[0]
            found = trace.gradients.get(check.at, {}).get(variable)
            beside = self.check_of(program, trace)
            if found is not None and not beside.hides(variable):
                with contextlib.suppress(RefusedError):
                    texts = still_explained(beside, variable, found, texts) or texts
        return texts[0] if texts else ""

    def check(self) -> BackwardCheck:
        """The backward in question."""
        return self.check_of(self.program, self.trace)

    def check_of(self, program: Program, trace: Trace) -> BackwardCheck:
        """The same backward, of the program or of one with other numbers."""
        at = self.finding.statement
        return BackwardCheck(program, trace, at, frozenset(self.reference.gradients[at]), self.engine.foreign)

    def of_shape(self) -> str:
        """Of a gradient that has another shape than its variable, or that isn't there."""
        finding = self.finding
        assert finding.variable is not None
        found = self.trace.gradients.get(finding.statement, {}).get(finding.variable)
        if found is None:
            return "nothing arrives: the walk or the pullback leaves it out"
        if finding.kind == "missing":
            return "it is left from an earlier backward: this one does not reach the variable"
        if not found.shape and not found.any():
            return "nothing arrives: it is still the 0 that it was made with"
        value = self.trace.values[finding.variable]
        for statement in (s for _, s in self.program.applications() if s.op == finding.op):
            if any(self.trace.values[k].shape == found.shape for k in statement.outputs if k in self.trace.values):
                return "broadcasting is not undone: the gradient has the shape of the result, not of the operand"
        return "it is transposed" if found.shape == value.shape[::-1] else NONE

    def value_views(self) -> Iterator[View]:
        """The op whose value is wrong, at the values in question, then at others."""
        finding = self.finding
        statement = self.program.statements[finding.statement] if finding.statement >= 0 else None
        values = self.trace.at(finding.statement)
        if not isinstance(statement, Apply) or not shows(values, statement):
            return
        alone, _ = isolate(settled(statement, values), values, frozenset())
        output = statement.outputs.index(finding.variable)
        for program in variants(alone):
            call = program.statements[0]
            assert isinstance(call, Apply)
            found = take_in(program, self.engine.run(program))[0].values.get(call.outputs[output])
            local = LocalReference(call, dict(enumerate(s.array() for s in program.inputs)), frozenset())
            try:
                expected = local.values_expected()[output] or exactly(local.native_values()[output])
            except RefusedError:
                continue
            if found is not None and found.shape == expected.torch.shape:
                yield View(call, local, [], None, found, expected, output)

    def gradient_views(self, check: BackwardCheck) -> Iterator[View]:
        """The pullback that is blamed, likewise."""
        finding = self.finding
        assert finding.variable is not None
        for replay in replays(self.engine, check, finding.variable):
            wrong = [part for part in replay.wrong if part[1] == finding.argument]
            if replay.consumer.statement.op != finding.op or not wrong:
                continue
            index = wrong[0][0]
            for program in variants(replay.program):
                yield from gradient_view(self.engine, program, index)
            return


def gradient_view(engine: Engine, program: Program, index: int) -> Iterator[View]:
    """What the subject gives for one operand of a Program of one op; nothing where it or torch fails."""
    call, walk = program.statements
    assert isinstance(call, Apply) and isinstance(walk, Backward)
    values = {k: spec.array() for k, spec in enumerate(program.inputs)}
    requiring = frozenset(k for k, spec in enumerate(program.inputs) if spec.requires_grad)
    seeds = dict(zip(walk.roots, walk.cotangents, strict=True))
    given = [seeds.get(output) for output in call.outputs]
    incoming = [None if k is None else values[k] for k in given]
    trace = take_in(program, engine.run(program))[0]
    found = trace.gradients.get(1, {}).get(index)
    local = LocalReference(settled(call, {**trace.values}), values, requiring)
    local.shown = None if engine.foreign else trace.values.get(call.outputs[0])
    try:
        expected = local.gradients_expected(incoming).get(index)
    except RefusedError:
        return
    if found is not None and expected is not None and found.shape == expected.torch.shape:
        yield View(call, local, incoming, index, found, expected)


def variants(program: Program) -> Iterator[Program]:
    """A Program of one op itself, then with its numbers moved at random: signs and zeros stay, ties break."""
    yield program
    rng = np.random.default_rng(0)
    for _ in range(VARIANTS):
        inputs = [
            replace(spec, storage=(spec.storage * rng.uniform(0.6, 1.4, spec.storage.shape)).astype(spec.dtype))
            if spec.dtype.kind == "f"
            else spec
            for spec in program.inputs
        ]
        yield replace(program, inputs=inputs)


def moved(program: Program) -> Iterator[Program]:
    """The Program with its numbers moved at random, zeros too, so that no two are equal and no term vanishes."""
    rng = np.random.default_rng(0)
    for _ in range(VARIANTS):
        inputs = []
        for spec in program.inputs:
            if spec.dtype.kind == "f":
                shape = spec.storage.shape
                numbers = np.where(spec.storage == 0, rng.uniform(0.3, 0.9, shape), spec.storage)
                spec = replace(spec, storage=(numbers * rng.uniform(0.6, 1.4, shape)).astype(spec.dtype))
            inputs.append(spec)
        yield replace(program, inputs=inputs)


def of_views(views: list[View]) -> str:
    """The first hypothesis that reproduces every wrong view; where only the first is wrong, what is special there."""
    with np.errstate(all="ignore"):
        first, *others = views
        wrong = [first, *[v for v in others if v.wrong and np.isfinite(v.exact).all()]]
        if overflow := overflows(first):
            return overflow
        if first.operand is None and all(cancels(v) for v in wrong):
            return CANCELS
        for hypothesis in HYPOTHESES:
            for name in [text for text, predicted in hypothesis(first) if first.matches(predicted)]:
                if all(any(t == name and v.matches(p) for t, p in hypothesis(v)) for v in wrong[1:]):
                    return name
        if others and len(wrong) == 1:
            return special(first)
        if text := constant_factor(wrong):
            return text
        if text := in_single_precision(wrong):
            return text
        for text, predicted in differences(first):
            if predicted is not None and _explained(first, predicted):
                return text
        return NONE + nearly(first)


def nearly(view: View) -> str:
    """Of numbers that are right to a few digits, how far off they are; "" of others."""
    off = np.abs(view.found - view.exact) / np.abs(view.exact)
    off = off[np.isfinite(off)]
    largest = float(off.max()) if off.size else 0.0
    what = "value" if view.operand is None else "gradient"
    return f"; the relative error of this op is {largest:.2g}, in the {what}" if 0 < largest < NEARLY else ""


def cancels(view: View) -> bool:
    """Whether a small value is off by no more than numbers of size 1 are rounded by."""
    unit = UNIT[dtypes.as_dtype(view.found.dtype)]
    small = np.abs(view.exact) <= SMALL
    return bool(small.any() and (~small | (np.abs(view.found - view.exact) <= CANCELLED * unit)).all())


def overflows(view: View) -> str:
    """Where what is right is finite and the subject's is not."""
    lost = np.isfinite(view.expected.torch) & ~np.isfinite(view.found)
    operands = [view.local.values[k] for k in view.local.operands if view.local.values[k].dtype.kind == "f"]
    if lost.any() and all(np.isfinite(a).all() for a in operands):
        return "overflow: the result is finite, a number on the way to it is not (an unstable formula, or 0/0)"
    return ""


def special(view: View) -> str:
    """What is special about values at which alone an op is wrong."""
    operands = {k: v for k, v in view.local.values.items() if v.dtype.kind == "f" and k in view.local.operands}
    if at_kink(view):
        return "it is wrong at a tie or kink only, beside it it is right"
    if any(not np.isfinite(a).all() for a in operands.values()):
        return "it is wrong only where an operand is inf or NaN"
    if any((a == 0).any() for a in operands.values()):
        return "it is wrong only where an operand is 0"
    return "it is wrong at these values only, beside them it is right"


def at_kink(view: View) -> bool:
    """Whether torch's gradient beside a wrong element depends on the side."""
    if view.operand is None:
        return False
    try:
        around = [s[view.operand] for s in samples(view.local, view.incoming) if view.operand in s]
    except RefusedError:
        return False
    if not around:
        return False
    below, above = hull(around)
    wide = above - below > 1e-5 * np.maximum(np.abs(below), np.abs(above))
    return bool((wide & ~view.expected.accepts(view.found)).any())


def _explained(view: View, predicted: Array) -> bool:
    """Whether a prediction leaves less than a twentieth of the error unexplained."""
    off = np.abs(view.found - view.exact)
    return bool((np.abs(view.found - predicted) <= 0.05 * off + view.expected.bound).all() and off.any())
