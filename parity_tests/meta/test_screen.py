"""The screen lets pass what is right and nothing that the judge would not; faults planted in it are seen."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest

from paragrad.engine.ops.table import TABLE, Op
from paragrad.fuzz.checking.screening import screened
from paragrad.fuzz.checking.trials import STAGES, Choice, tried
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.judge import alike, judge, reference
from paragrad.fuzz.judge import screen as module
from paragrad.fuzz.judge.screen import screen
from paragrad.fuzz.program import Apply, Array, Backward, Input, Program, Ref, ZeroGrad
from paragrad.fuzz.trace import Engine, Failure, Trace
from parity_tests.meta import learner
from parity_tests.meta.learner import Learner


class SomebodysScalar(OwnScalar):
    """Our scalar engine, as if it were not."""

    foreign = True


def drawn(ops: list[Op], count: int, seed: int = 0) -> Iterator[Program]:
    """So many programs of each stage but that of deep graphs."""
    for name in ("single ops", "graphs", "repeated backward"):
        choice = Choice(ops, True, random.Random(seed))
        yield from islice(STAGES[name][0](choice), count)


def let_pass(engine: Engine, programs: list[Program]) -> tuple[int, list[str]]:
    """How many programs the screen lets pass, and what the judge objects to in these."""
    traces = [engine.run(program) for program in programs]
    passed, objections = 0, []
    for program, trace, screened_as in zip(programs, traces, screen(programs, traces, engine.foreign), strict=True):
        if screened_as is None:
            continue
        passed += 1
        judged = judge(program, trace, reference(program, trace), engine, first=True)
        objections += [finding.message for finding in judged.findings]
        objections += [judged.refused] if judged.refused else []
        for mine, theirs in ((screened_as.values, judged.values), (screened_as.gradients, judged.gradients)):
            if sum(mine.values()) != sum(theirs.values()):
                objections.append(f"{sum(mine.values())} numbers, of which the judge sees {sum(theirs.values())}")
    return passed, objections


@pytest.mark.parametrize("engine", [OwnScalar(), SomebodysScalar()], ids=["own", "foreign"])
def test_what_is_right_passes(engine: Engine) -> None:
    programs = list(drawn(tried(engine.ops()), 60))
    passed, objections = let_pass(engine, programs)
    assert not objections
    assert passed > 0.9 * len(programs)


FAULTY = {
    "overwritten": Learner({"mul": learner.overwriting_mul}),
    "order": Learner(order=learner.breadth_first),
    "by value": Learner(order=learner.by_value),
    "stale": Learner(clean=False),
    "ties": Learner({"maximum": learner.maximum}),
    "hides": Learner(hides="all"),
    "sound": Learner(),
}
ADAPTED = [TABLE[name] for name in ("add", "mul", "tanh", "relu", "sigmoid", "maximum")]


@pytest.mark.parametrize("name", FAULTY)
def test_nothing_passes_that_the_judge_would_not_let_pass(name: str) -> None:
    engine = FAULTY[name]
    passed, objections = let_pass(engine, list(drawn(ADAPTED, 60, seed=1)))
    assert not objections
    assert (passed == 0) == (name == "hides")


def always(found: Array, expected: Array, size: Array) -> Array:
    return np.ones(found.shape, np.bool_)


def roughly(found: Array, expected: Array, size: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(np.abs(found - expected) <= 0.3 * size)


def without_held(self: module.Walks, position: int, statement: Backward) -> None:
    self.held.clear()
    BACKWARD(self, position, statement)


def one_share_lost(self: alike.Alike, row: int, incoming: float, place: int) -> None:
    WALK(self, row, incoming, place)
    if len(self.shares) > 1:
        self.shares[-1][-1] = self.shares[0][-1]


BACKWARD, WALK = module.Walks.take_backward, alike.Alike.walk
SEEDED: list[tuple[Any, str, Callable[..., Any]]] = [
    (module, "near", always),
    (module, "near", roughly),
    (module.Walks, "take_backward", without_held),
    (alike.Alike, "walk", one_share_lost),
]


@pytest.mark.parametrize(("owner", "name", "fault"), SEEDED, ids=[fault.__name__ for _, _, fault in SEEDED])
def test_a_fault_of_the_screen_is_seen(
    owner: Any, name: str, fault: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = list(drawn(ADAPTED, 25, seed=1))
    passed, _ = let_pass(FAULTY["sound"], programs)
    monkeypatch.setattr(owner, name, fault)
    objections = [let_pass(engine, programs)[1] for engine in FAULTY.values()]
    assert any(objections) or let_pass(FAULTY["sound"], programs)[0] < 0.9 * passed


def walked_twice() -> Program:
    """y = x · x + tanh(x · c), z = exp(x); a backward from y, one from both, zeros, and one from z."""
    inputs = [Input.of("x", np.array(0.7), True), Input.of("c", np.array(-1.3)), Input.of("w", np.array(0.4), True)]
    calls = [
        Apply("mul", (Ref(0), Ref(0)), {}, (3,)),
        Apply("mul", (Ref(0), Ref(1)), {}, (4,)),
        Apply("tanh", (Ref(4),), {}, (5,)),
        Apply("add", (Ref(3), Ref(5)), {}, (6,)),
        Apply("exp", (Ref(0),), {}, (7,)),
    ]
    walks = [Backward((6,), (None,), True), Backward((6, 7), (1, None), True), ZeroGrad(), Backward((7,), (1,))]
    return Program(inputs, [*calls, *walks])


def changed() -> Iterator[tuple[str, Trace]]:
    """The right trace of `walked_twice` with one thing changed, in every place."""
    right = PyTorch().run(walked_twice())
    for k, value in right.values.items():
        for text, other in wrong(value):
            yield f"value {k} {text}", replace(right, values={**right.values, k: other})
        yield f"value {k} left out", replace(right, values={v: a for v, a in right.values.items() if v != k})
    for at, shown in right.gradients.items():
        for k, gradient in shown.items():
            for text, other in [("none", None)] if gradient is not None else []:
                yield f"{at}: {k} {text}", replace(right, gradients={**right.gradients, at: {**shown, k: other}})
            for text, other in wrong(np.zeros(()) if gradient is None else gradient):
                yield f"{at}: {k} {text}", replace(right, gradients={**right.gradients, at: {**shown, k: other}})
        yield f"{at} left out", replace(right, gradients={a: g for a, g in right.gradients.items() if a != at})
        more = {**shown, 99: np.array(1.0)}
        yield f"{at}: a variable too many", replace(right, gradients={**right.gradients, at: more})
    yield "an input written to", replace(right, inputs_after={**right.inputs_after, 1: np.array(5.0)})
    yield "a failure", replace(right, failure=Failure(3, "ValueError", "no"))


def wrong(number: Array) -> Iterator[tuple[str, Any]]:
    yield "a little off", number * (1 + 1e-14) + (1e-300 if number == 0 else 0)
    yield "of the other sign", -number - (number == 0)
    yield "NaN", np.array(np.nan)
    yield "an array of one", number.reshape(1)
    yield "of another dtype", number.astype(np.float32)
    yield "no number", "0.5"


def test_one_wrong_number_is_left_to_the_judge() -> None:
    right = PyTorch().run(walked_twice())
    for foreign in (False, True):
        (judgement,) = screen([walked_twice()], [right], foreign)
        assert judgement is not None
        counted = judge(walked_twice(), right, right, SomebodysScalar())
        assert (judgement.values, judgement.gradients) == (counted.values, counted.gradients)
    traces = dict(changed())
    assert len(traces) > 150
    found = screen([walked_twice()] * len(traces), list(traces.values()), foreign=True)
    assert [text for text, judgement in zip(traces, found, strict=True) if judgement is not None] == []


def test_a_foreign_engine_may_show_zero_or_nothing_where_torch_has_none() -> None:
    right = PyTorch().run(walked_twice())
    last = max(right.gradients)
    assert right.gradients[last][3] is None
    for other in ({3: np.zeros(())}, {}):
        shown = {k: g for k, g in right.gradients[last].items() if k != 3} | other
        trace = replace(right, gradients={**right.gradients, last: shown})
        foreign, own = (screen([walked_twice()], [trace], foreign)[0] for foreign in (True, False))
        assert foreign is not None
        assert own is None


def test_vectors_give_torchs_bits() -> None:
    """What torch says of many applications at once is to the bit what it says of each."""
    ops = tried(alike.ELEMENTWISE)
    programs = list(islice(STAGES["single ops"][0](Choice(ops, True, random.Random(7))), 24 * len(ops)))
    traces = [PyTorch().run(program) for program in programs]
    asked: set[str] = set()
    for program, judgement in zip(programs, screen(programs, traces, foreign=False), strict=True):
        if judgement is not None:
            asked.update(statement.op for _, statement in program.applications())
            assert judgement.values["rounding"] == judgement.gradients["rounding"] == 0, program
    assert len(asked) > 40


def test_batches_lose_nothing() -> None:
    programs = list(drawn(ADAPTED, 70))
    engine = FAULTY["overwritten"]
    traces = [engine.run(program) for program in programs]
    together = screen(programs, traces, foreign=True)
    found = list(screened(zip(programs, traces, strict=True), foreign=True))
    assert [program for program, _, _ in found] == programs
    assert [judgement is None for _, _, judgement in found] == [judgement is None for judgement in together]
