"""The accuracy report's arithmetic: distances in ULP, the truths and their independence, rows and what has none."""

from __future__ import annotations

import inspect
import itertools
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.judge.third.functions import FUNCTIONS
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.reports import accuracy, record
from paragrad.reports.accuracy import choices, depth, measure, points
from paragrad.reports.accuracy.long_double import LONG
from paragrad.reports.accuracy.truth import NoTruth, answers, in_dtype
from paragrad.reports.accuracy.ulp import EDGES, Errors, Mismatches, Truth, distance, spacing

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)


@pytest.mark.parametrize("dtype", [F32, F64], ids=["float32", "float64"])
def test_the_spacing_is_numpys(dtype: np.dtype[Any]) -> None:
    limits = np.finfo(dtype)
    points = np.array([1, 1.5, 2, 3e-5, 0.1, float(limits.tiny), float(limits.smallest_subnormal), 1e30], dtype)
    assert np.array_equal(spacing(points.astype(np.float64), dtype), np.spacing(points).astype(np.float64))


def test_the_truth_decides_the_binade() -> None:
    """Just below 1 the spacing is half of that at 1: a result that rounded up to 1 must not look twice as good."""
    below = np.array([1 - 2.0**-26])
    assert distance(np.array([1.0], np.float32), Truth.of(below)).tolist() == [2.0**-26 / 2.0**-24]


def test_correct_rounding_is_half_an_ulp_and_a_neighbour_more() -> None:
    values = np.random.default_rng(3).standard_normal(4000)
    rounded = values.astype(np.float32)
    errors = distance(rounded, Truth.of(values))
    assert 0.49 < errors.max() <= 0.5
    next_one = np.nextafter(rounded, np.float32(np.inf), dtype=np.float32)
    assert distance(next_one, Truth.of(values)).min() >= 0.5


def test_float64_is_measured_beyond_its_own_digits() -> None:
    """hi + lo: a double that is off by 0.3 ULP of its truth is told from one that is right."""
    truth = Truth(np.array([1.0]), np.array([0.3 * 2.0**-52]))
    assert distance(np.array([1.0]), truth) == pytest.approx(0.3)


def test_what_has_no_distance_is_counted_apart() -> None:
    truth = Truth.of(np.array([1.0, 0.0, 1e300, np.nan, 2.0]))
    engine = np.array([1.0, 1e-30, np.inf, 0.0, np.nan], np.float32)
    torch = np.array([1.0, 0.0, np.inf, 0.0, 2.0], np.float32)
    errors = Errors()
    errors.add(engine, torch, truth)
    quantity = errors.quantity()
    assert quantity is not None
    assert (quantity["count"], quantity["beyond"]) == (5, 2)
    assert quantity["engine"] == {"max": 0.0, "p999": 0.0, "median": 0.0, "unlike": 2, "bins": [1, *[0] * len(EDGES)]}
    assert quantity["torch"]["unlike"] == 0
    mismatches = Mismatches()
    mismatches.add(np.array([1, 2]), np.array([1, 3]), Truth.of(np.array([1, 3])))
    assert mismatches.exact() == {"count": 2, "engine": 1, "torch": 0}


def one_op(name: str, *arrays: Any, arguments: tuple[Any, ...] = ()) -> Program:
    """name(*arrays, *arguments), carried back with a random cotangent."""
    inputs = [Input.of(f"x{k}", np.asarray(a), True) for k, a in enumerate(arrays)]
    shape = np.broadcast_shapes(*(np.shape(a) for a in arrays))
    inputs.append(Input.of("c0", np.random.default_rng(0).standard_normal(shape)))
    output = len(inputs)
    apply = Apply(name, (*map(Ref, range(len(arrays))), *arguments), {}, (output,))
    return Program(inputs, [apply, Backward((output,), (output - 1,))])


def test_mpmath_gives_values_and_derivatives() -> None:
    x, y = np.array([[0.3], [1.7]]), np.array([0.9, 2.5, 0.1])
    program = one_op("div", x, y)
    found = answers(TABLE["div"], program, "float64", PyTorch().run(program))
    assert found.method == "mpmath, 60 digits"
    cotangent = program.inputs[2].array()
    with mp.workdps(60):
        exact = sum(mp.mpf(c) / mp.mpf(b) for c, b in zip(cotangent[1].tolist(), y.tolist(), strict=True))
        assert abs(mp.mpf(found.gradients[0].hi[1, 0]) + found.gradients[0].lo[1, 0] - exact) < 1e-30
    assert found.gradients[1].hi.shape == (3,)


def test_a_kink_has_no_true_derivative() -> None:
    """What torch chose there is a convention, and no distance from it is an error; nor where two kinks cancel."""
    x = np.array([-0.0, 2.0, -1.0])
    program = one_op("abs", x)
    found = answers(TABLE["abs"], program, "float64", PyTorch().run(program))
    assert np.isnan(found.gradients[0].hi).tolist() == [True, False, False]
    inputs = [Input.of("x0", x, True), Input.of("c0", np.ones(3))]
    twice = Program(inputs, [Apply("maximum", (Ref(0), Ref(0)), {}, (2,)), Backward((2,), (1,))])
    found = answers(TABLE["maximum"], twice, "float64", PyTorch().run(twice))
    assert np.isnan(found.gradients[0].hi).all()


def test_what_cancels_exactly_is_zero() -> None:
    """A central difference leaves 1e-40 behind, which would be 1e16 ULP of nothing."""
    x = np.array([0.3, 2.0])
    inputs = [Input.of("x0", x, True), Input.of("c0", np.ones(2))]
    for op in ("sub", "div"):
        same = Program(inputs, [Apply(op, (Ref(0), Ref(0)), {}, (2,)), Backward((2,), (1,))])
        assert answers(TABLE[op], same, "float64", PyTorch().run(same)).gradients[0].hi.tolist() == [0.0, 0.0]
    leaves = [Input.of("x0", np.array(1.7), True), Input.of("x1", np.ones(2)), Input.of("c0", np.array([3.0, -3.0]))]
    spread = Program(leaves, [Apply("mul", (Ref(0), Ref(1)), {}, (3,)), Backward((3,), (2,))])
    assert answers(TABLE["mul"], spread, "float64", PyTorch().run(spread)).gradients[0].hi == 0.0


def plant(monkeypatch: pytest.MonkeyPatch, name: str, rule: Any) -> None:
    """Replace the pullback of `input` for a test."""
    monkeypatch.setitem(TABLE[name].pullbacks, "input", rule)
    monkeypatch.setattr(TABLE[name], "fused", {})
    monkeypatch.setattr(TABLE[name], "plans", {})


def test_the_truth_of_float64_shares_no_fault_with_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test the tester: an engine whose rule is off by 1e-14 is measured as such."""
    plant(monkeypatch, "mul", lambda g, other: g * other * (1 + 1e-14))
    row = measure.Row(TABLE["mul"], "float64")
    row.measure(5, 0, measure.Tally())
    result = row.result()
    assert result is not None
    gradient = result["gradients"]["input"]
    assert gradient["engine"]["median"] > 20 > gradient["torch"]["median"], gradient


@pytest.mark.skipif(not LONG, reason="long double is float64 here, so there is no truth to dispute")
def test_a_gradient_that_torch_disputes_has_no_truth_and_takes_none_from_the_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is measured of a value is the same whatever its rule does; the gradient is wrong, or missing, or raises."""

    def refuse(g: object, other: object, shape: object) -> object:
        raise ArithmeticError("planted")

    sound = measure.Row(TABLE["matmul"], "float64")
    sound.measure(6, 0, measure.Tally())
    program = one_op("matmul", np.ones((2, 2)), np.ones((2, 2)))
    for rule in (lambda g, other, shape: 2 * g, lambda g, other, shape: None, refuse):
        with monkeypatch.context() as patch:
            plant(patch, "matmul", rule)
            found = answers(TABLE["matmul"], program, "float64", PyTorch().run(program))
            assert found.values.keys() == {0, 1, 2, 3}
            assert 0 in found.disputed
            assert 0 not in found.gradients
            row = measure.Row(TABLE["matmul"], "float64")
            row.measure(6, 0, measure.Tally())
        assert row.value.quantity() == sound.value.quantity()
        assert row.gradients["input"].unlike["engine"] > sound.gradients["input"].unlike["engine"]


@pytest.mark.skipif(not LONG, reason="long double is float64 here, so there is no truth to dispute")
def test_a_value_that_torch_disputes_has_no_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    program = one_op("matmul", np.ones((2, 2)), np.ones((2, 2)))
    torch = PyTorch().run(program)
    torch.values[3] = 2 * torch.values[3]
    with pytest.raises(NoTruth, match="less than half the digits of a value"):
        answers(TABLE["matmul"], program, "float64", torch)


@pytest.mark.skipif(not LONG, reason="long double is float64 here")
def test_long_double_is_closer_than_float64() -> None:
    program = one_op("matmul", *np.random.default_rng(1).standard_normal((2, 3, 3)))
    torch = PyTorch().run(program)
    found = answers(TABLE["matmul"], program, "float64", torch)
    assert found.method == "long double"
    assert np.any(found.values[3].lo), "a truth without a second part knows no more than float64"
    assert distance(torch.values[3], found.values[3]).max() < 100


@pytest.mark.skipif(not LONG, reason="long double is float64 here")
def test_digits_to_spare_inside_an_op_are_not_taken_for_the_truth() -> None:
    """var goes on in float64; given long doubles it must not fall back to that."""
    row = measure.Row(TABLE["var"], "float64")
    row.measure(8, 0, measure.Tally())
    assert not row.blind()
    value = row.value.quantity()
    assert value is not None
    assert value["engine"]["max"] > 0
    row.value.engine = [np.zeros_like(errors) for errors in row.value.engine]
    assert row.blind()
    assert row.result() is None


def test_functions_take_the_tables_arguments() -> None:
    """A function is called by the table's parameter names: a renamed one would lose the op its truth."""
    for name in FUNCTIONS.keys() & TABLE.keys():
        parameters = inspect.signature(FUNCTIONS[name]).parameters
        missing = set(TABLE[name].parameters) - set(parameters)
        assert not missing, f"functions.py: {name} does not take {missing}, which the op table has"


def test_numbers_are_rounded_before_anybody_computes() -> None:
    program = Program([Input.of("x0", np.ones(2, np.float32))], [Apply("add", (Ref(0), 0.1), {"alpha": (0.1,)}, (1,))])
    (statement,) = in_dtype(program, "float32").statements
    assert isinstance(statement, Apply)
    assert statement.args == (Ref(0), float(np.float32(0.1)))
    assert statement.kwargs == {"alpha": (float(np.float32(0.1)),)}


def test_a_small_run_is_a_record_and_repeats() -> None:
    made = [accuracy.run(5, 60, ops=["mul", "max.dim", "getitem"], programs=4) for _ in range(2)]
    assert made[0]["body"] == made[1]["body"]
    counts = made[0]["counts"]
    assert counts["requested"] == counts["judged"] == 24
    rows = {(row["op"], row["dtype"]): row for row in made[0]["body"]["rows"]}
    assert len(rows) == 6
    assert rows["mul", "float32"]["value"]["engine"]["max"] <= rows["mul", "float32"]["declared"] == 0.5
    assert rows["max.dim", "float64"]["exact"]["engine"] == 0


def test_what_could_not_be_measured_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(measure.EXCLUDED, "exp", "only for this test")
    made = accuracy.run(5, 60, ops=["exp", "mul"], dtypes=["float32"], programs=2)
    assert made["body"]["absent"] == [{"op": "exp", "dtype": "float32", "reason": "only for this test"}]
    with pytest.raises(record.RecordError, match="nothing was judged"):
        accuracy.run(5, 1e-9, ops=["mul"], programs=2)
    with pytest.raises(ValueError, match="no op of the table is called nonsense"):
        accuracy.run(5, ops=["nonsense"])
    monkeypatch.setitem(measure.EXCLUDED, "gone", "an exclusion that nothing needs any more")
    with pytest.raises(ValueError, match="no op of the table is called gone"):
        accuracy.run(5, ops=["mul"])


def test_an_engine_that_fails_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(input: Any, other: Any) -> Any:
        raise ArithmeticError("planted")

    monkeypatch.setattr(TABLE["mul"], "compute", broken)
    tally = measure.Tally()
    row = measure.Row(TABLE["mul"], "float32")
    row.measure(3, 0, tally)
    assert tally.counts()["crashed"] == 3
    assert row.result() is None
    assert row.absent()["reason"] == "the engine fails: ArithmeticError: planted"


@pytest.mark.parametrize("wanted", [1, 5, 50])
def test_a_graph_has_the_depth_it_says(wanted: int) -> None:
    program = depth.program(random.Random(wanted), wanted)
    deep = dict.fromkeys(range(len(program.inputs)), 0)
    for _, statement in program.applications():
        deep[statement.outputs[0]] = 1 + max(deep[a.index] for a in statement.args if isinstance(a, Ref))
    assert max(deep.values()) == wanted
    assert Own().run(program).failure is None


def test_error_against_depth() -> None:
    rows = depth.measure(1, 3, lambda: False)
    assert [row["depth"] for row in rows] == list(depth.DEPTHS)
    assert depth.error(np.array([1.0], np.float32), np.array([1.0 + 2.0**-24])) == pytest.approx(1.0)
    assert depth.error(None, np.ones(1)) is None
    assert depth.error(np.array([np.inf], np.float32), np.ones(1)) is None
    assert not depth.measure(1, 3, lambda: True)


def test_no_random_graph_is_beyond_its_bound() -> None:
    """More than 1 would be a fault, in the engine, in a bound or in torch; a point near 1 shows that bounds bind."""
    found, counts = points.measure(0, lambda: False, each=1)
    assert len(found) > (40 if LONG else 20)
    assert {(p["family"], p["dtype"]) for p in found} >= {(family, "float32") for family in points.FAMILIES}
    assert {p["dtype"] for p in found} == ({"float32", "float64"} if LONG else {"float32"})
    assert not [p for p in found if max(p["engine"], p["torch"]) > 1]
    assert max(p["engine"] for p in found) > 0.3
    assert max(p["ops"] for p in found) == max(points.SIZES)
    assert counts["judged"] == len(found)
    assert counts["not_run"] == 0
    assert counts["requested"] == counts["judged"] + counts["not_compared"]


def test_graphs_that_there_was_no_time_for_are_counted() -> None:
    clock = itertools.count()
    found, counts = points.measure(0, lambda: next(clock) >= 5, each=1)
    assert 0 < len(found) == counts["judged"] <= 5
    assert counts["judged"] + counts["not_compared"] == 5
    assert counts["not_run"] == counts["requested"] - 5 > 0
    nothing, none = points.measure(0, lambda: True, each=1)
    assert (nothing, none["not_run"]) == ([], none["requested"])


def test_points_repeat() -> None:
    made = [[points.point(*drawn) for drawn in itertools.islice(points.programs(7), 12)] for _ in range(2)]
    assert made[0] == made[1]


@pytest.mark.parametrize("family", points.FAMILIES)
def test_a_point_is_shown_by_a_script(family: str, tmp_path: Path) -> None:
    """The number in the record gives the program again, and its script shows what the record says."""
    of = (drawn for drawn in points.programs(7) if drawn[0] == family and drawn[2] > 1)
    row = next(row for drawn in of if (row := points.point(*drawn)))
    path = tmp_path / "shown.py"
    path.write_text(measure.script(family, row["dtype"], row["program"], 7), encoding="utf-8")
    assert f"{row['engine']} of its end-to-end bound" in path.read_text(encoding="utf-8")
    shown = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True).stdout
    assert "torch" in shown
    with pytest.raises(ValueError, match=f"numbers 0 to {points.count(family) - 1}, not 1000"):
        measure.script(family, "float32", 1000, 7)
    with pytest.raises(ValueError, match="not in float16"):
        measure.script(family, "float16", 1, 7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_wrong_gradient_is_beyond_its_bound(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test the tester: an engine whose numbers are all off by a hundred roundings."""
    if dtype == "float64" and not LONG:
        pytest.skip("long double is float64 here, so that float64 has no truth")
    program = one_op("mul", *np.random.default_rng(2).standard_normal((2, 3)).astype(dtype))
    program.inputs[2] = Input.of("c0", program.inputs[2].array().astype(dtype))
    right = points.point("graph", dtype, 0, program)
    assert right is not None
    assert right["engine"] <= 1
    assert right["ops"] == 1
    assert 1 <= right["condition"] < 10

    class Off(Own):
        def read(self, tensor: Any) -> Any:
            return super().read(tensor) * tensor.array.dtype.type(1 + 100 * np.finfo(dtype).eps)

    monkeypatch.setattr(points, "Own", Off)
    wrong = points.point("graph", dtype, 0, program)
    assert wrong is not None
    assert wrong["engine"] > 10
    assert wrong["torch"] == right["torch"]


def test_what_may_overflow_or_jump_is_no_point() -> None:
    x = Input.of("x0", np.array([88.0, 1.0], np.float32), True)
    seed = Input.of("c0", np.array([1e30, 1.0], np.float32))
    program = Program([x, seed], [Apply("exp", (Ref(0),), {}, (2,)), Backward((2,), (1,))])
    (gradient,) = points.gradients(program, "float32")
    assert gradient.known().tolist() == [False, True]
    # 1e8 + 1 - 1e8 is 0 in float32 and 1 in float64, which lie on either side of the kink.
    big = Input.of("x1", np.array([1e8], np.float32), True)
    steps = [
        Apply("add", (Ref(0), 1.0), {}, (2,)),
        Apply("sub", (Ref(2), 1e8), {}, (3,)),
        Apply("sub", (Ref(3), 0.5), {}, (4,)),
        Apply("relu", (Ref(4),), {}, (5,)),
    ]
    kinked = Program([big, Input.of("c0", np.ones(1, np.float32))], [*steps, Backward((5,), (1,))])
    assert points.point("graph", "float32", 0, kinked) is None


def test_choices_are_told_with_their_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    found = choices.measure()
    assert found["points"] > 1000
    assert found["differing"]
    assert all(row["reason"] and row["torch"] != row["engine"] for row in found["differing"])
    point = found["differing"][0]["point"].partition(" in float")[0]
    others = {name: reason for name, reason in choices.DIFFERENT.items() if name != point}
    monkeypatch.setattr(choices, "DIFFERENT", others)
    unexplained = [row["point"] for row in choices.measure()["differing"] if not row["reason"]]
    assert unexplained
    assert all(name.startswith(point) for name in unexplained)
