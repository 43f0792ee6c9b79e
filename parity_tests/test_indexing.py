"""Every form of index against torch: parts of every kind alone, in pairs and in triples, and the errors."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
import torch

import paragrad.engine as pg
from parity_tests.both_sides import Side, assert_parity, assert_same_error, listed
from parity_tests.ulps import assert_within_ulps

PARTS = (
    *("0", "-1", "3", "-4", ":", "1:", ":-1", "::2", "-2:9:3", "2:1", "::-1", "None", "...", "True", "False", "I(1)"),
    *("[0, 1]", "[1, -1, 1]", "[]", "I([[1, 0], [0, 0]])", "I([1, 1, 0])", "I([-1])", "I([2])", "B(True)", "B(False)"),
    *("B([True, False])", "B([True, False, True])", "B([[True, False, True], [False, True, True]])", "[True, False]"),
    *("1.0", "'a'", "T(2)", "(0, 1)", "np.int64(1)", "np.array([0, 1])", "I([])"),
)
FEW = ("-1", "1:", "None", "...", "True", "[0, 1]", "I([[1, 0]])", "I(1)", "B([True, False, True])", "[]")
SHAPES = ("2, 3", "3", "", "0, 3", "2, 0, 3")


def compare(case: str) -> str:
    """Value and gradient are torch's, or both refuse; says which it was.

    Of two faults in one index either may be reported: the class of the error is compared in `test_errors`.
    """
    ours, theirs = Side(pg), Side(torch)
    try:
        expected = theirs.evaluate(case)
    except (IndexError, ValueError, TypeError):
        with pytest.raises((IndexError, ValueError, TypeError)):
            ours.evaluate(case)
        return "refused"
    own = ours.evaluate(case)
    assert_within_ulps(own.detach().numpy(), expected.detach().numpy(), 0, case)
    ours.backward(own)
    theirs.backward(expected)
    found, wanted = (side.leaves[0].grad.numpy() for side in (ours, theirs))
    assert_within_ulps(found, wanted, 0, f"{case}: gradient")
    return "indexed"


@pytest.mark.parametrize("first", PARTS)
def test_one_and_two_parts(first: str) -> None:
    compare(f"T(2, 3, 4)[{first}]")
    for second in PARTS:
        compare(f"T(2, 3, 4)[{first}, {second}]")


@pytest.mark.parametrize("shape", SHAPES)
def test_other_shapes(shape: str) -> None:
    for part in PARTS:
        compare(f"T({shape})[{part}]")
    for first, second in itertools.product(FEW, FEW):
        compare(f"T({shape})[{first}, {second}]")


@pytest.mark.parametrize("first", FEW)
def test_three_parts(first: str) -> None:
    found = [compare(f"T(2, 3, 4)[{first}, {b}, {c}]") for b, c in itertools.product(FEW, FEW)]
    assert found.count("indexed") > 40 or first.startswith("B")


FOUR = """
T(2, 3, 4, 2)[[0, 1], :, [1, 1], :] | T(2, 3, 4, 2)[:, [0, 1], :, [1, 1]] | T(2, 3, 4, 2)[0, :, [1, 1], [0, 1]]
T(2, 3, 4, 2)[[0, 1], 0, [1, 1], 1] | T(2, 3, 4, 2)[None, [0, 1], None, ..., I([1, 1])]
T(3, 3)[I([0, 0]), I([1, 1])] | T(2, 3, 4, 2)[..., B([[True, False]] * 4)]
T(2, 3, 4, 2)[:, B([[True, False, True, True]] * 3), 1] | T(2, 3, 4, 2)[1, ..., [0, 0, 0]]
T(2, 3, 4)[0, 0, ..., ..., 0] | T(2, 3, 4)[I(0):I(2), I([0, 1])] | T(4)[I([[0], [0]])]
T(2, 3, 4)[[[0, 1], [1, 0]], :, [[0, 1], [1, 0]]] | T(3, 0)[[7]] | T(2, 3, 0)[[0], [5]] | T(2, 3)[range(2)]
T(2, 3, 4)[B([True, False]), :, I([1, 2, 2])] | T(2, 3)[((0, 1), (1, 2))] | T(300, 5)[[3] * 9] | T(9, 300)[[3, 3, 1]]
T(2, 3)[np.array(1)] | T(2, 3)[[1.7]] | T(2, 3)[[True, 0]] | T(2, 3)[()] | T(5)[-100:100:2] | T(2, 3)[np.int64(0):2]
"""


@pytest.mark.parametrize("case", listed(FOUR))
def test_other_forms(case: str) -> None:
    assert compare(case) == "indexed"


LEGACY = """
[0, slice(None)] | [0, None] | [0, ...] | [I([0, 1]), I([1, 1])] | [I(0), I(1)] | [[0, 1], [1, 1]] | [0, [1]] | [[]]
"""


@pytest.mark.parametrize("index", listed(LEGACY))
def test_lists_that_torch_reads_as_tuples(index: str) -> None:
    assert compare(f"T(2, 3, 4)[{index}]") == "indexed"
    with pytest.warns(UserWarning, match="write x\\[tuple\\(list\\)\\]"):
        eval(f"T(2, 3, 4)[{index}]", Side(pg).names)


ERRORS = """
T(2, 3, 4)[0, 0, 0, 0] | T(2, 3, 4)[5] | T(2, 3, 4)[:, -4] | T(2, 3, 4)[::-1] | T(2, 3, 4)[:, ::0] | T(2, 3, 4)[1.5]
T(2, 3, 4)[B([True, False, True])] | T(2, 3, 4)[B([[True] * 4] * 2)] | T(2, 3, 4)[[0, 1], [0, 1, 2]]
T(2, 3, 4)[[0, 2]] | T(2, 3, 4)[:, I([3])] | T()[0] | T()[:] | T()[[0]] | T(0, 3)[[0]] | T(0, 3, 0)[[0]]
T(2, 3)[T(1)] | T(2)[{0}] | T(2, 3)[False, [0, 1]] | T(2, 3, 4)[..., ..., 0] | T(2)[1j] | T(2)['a'] | T(2)[['a']]
T(2)[0.5:] | T(2)[np.bool_(True)]
"""


@pytest.mark.parametrize("case", listed(ERRORS))
def test_errors(case: str) -> None:
    message = assert_same_error(case)
    assert message


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("T(2, 3, 4)[0, 0, 0, 0]", ["too many indices", "(2, 3, 4)"]),
        ("T(2, 3, 4)[5]", ["index 5", "(2, 3, 4)"]),
        ("T(2, 3, 4)[0, [0, 3]]", ["index 3", "size 3"]),
        ("T(2, 3, 4)[B([True, False, True])]", ["mask", "(3,)", "(2, 3, 4)"]),
        ("T(2, 3, 4)[[0, 1], [0, 1, 2]]", ["(2,)", "(3,)", "broadcast"]),
        ("T(2, 3, 4)[::-1]", ["step", "-1"]),
        ("T(2, 3, 4)[T(2)]", ["float64", "int64 or bool"]),
    ],
)
def test_errors_say_what_is_wrong(case: str, words: list[str]) -> None:
    message = assert_same_error(case)
    assert message.startswith("getitem():")
    for word in words:
        assert word in message, message


def test_a_number_beside_arrays_selects_first() -> None:
    """NumPy's answer for the same index is (2, 3)."""
    x = pg.ones(2, 3, 4)
    assert x[0, :, [0, 1]].shape == (3, 2)
    assert x.numpy()[0, :, [0, 1]].shape == (2, 3)


@pytest.mark.parametrize("index", ["1", "1:", "..., 0", "None, 0", "I(0)", "()", "0, 1"])
def test_basic_indices_give_views(index: str) -> None:
    side = Side(pg)
    result = side.evaluate(f"T(2, 3)[{index}]")
    assert np.shares_memory(result.array, side.leaves[0].array)


@pytest.mark.parametrize("index", ["[1]", "I([0, 1])", "B([True, False])", "True", "0, [1]"])
def test_advanced_indices_copy(index: str) -> None:
    side = Side(pg)
    result = side.evaluate(f"T(2, 3)[{index}]")
    assert not np.shares_memory(result.array, side.leaves[0].array)


@pytest.mark.parametrize("index", ["1", "1:", "B([True, False])", "B([[True, False, True]] * 2)", "0, True"])
def test_what_is_picked_once_is_assigned(index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gradient of a view or a mask needs no sum."""

    def refuse(*args: object) -> None:
        raise AssertionError("add_rows was called")

    monkeypatch.setattr("paragrad.engine.ops.positions.add_rows", refuse)
    side = Side(pg)
    side.backward(side.evaluate(f"T(2, 3)[{index}]"))
    assert side.leaves[0].grad is not None


def test_a_list_may_change_after_the_forward() -> None:
    x, index = pg.ones(3).requires_grad_(), [0, 0]
    y = x[index]
    index[:] = [1, 2]
    y.backward(pg.ones(2))
    assert x.grad.tolist() == [2, 0, 0]


def test_no_warning_for_tuples() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pg.ones(2, 3)[[0, 1], [1, 1]].shape == (2,)


GATHERED = """
m.gather(T(3, 4), 1, I([[0, 1], [1, 1]])) | m.gather(T(3, 4), 0, I([[2, 0]]))
m.gather(T(3, 4), -1, I([[3] * 6] * 3)) | m.gather(T(), 0, I(0)) | m.gather(T(), 0, I([0, 0]))
m.gather(T(4), 0, I(3)) | m.gather(T(3, 4), 1, I([])) | m.gather(T(2, 3, 2), 1, I([[[0, 1]], [[2, 2]]]))
m.scatter(T(3, 4), 1, I([[0, 1]]), 1.5) | m.scatter(T(), 0, I(0), 2) | m.scatter(T(4), 0, I([1]), value=2)
T(4).scatter(0, I([1]), value=2) | T(4).scatter(0, I([1]), T(1)) | m.scatter(T(3, 4), 1, I([[0, 1]]), T(1, 2))
m.scatter(T(3, 4).detach(), 1, I([[0, 1]]), T(2, 3).detach()) | m.scatter(T(4), 0, I(2), T())
m.scatter(T(4), 0, I([2]), T(1)) | m.scatter(I([1, 2]), 0, I([0]), 1.9) | m.scatter(T(3, 4), 1, I([]), 1.5)
m.scatter(T(3, 4), 1, I([[0, 0, 0]]), T(1, 3)) | m.scatter(B([True]), 0, I([0]), 0)
m.scatter_add(T(3, 4), 1, I([[0, 0, 0]]), T(1, 3)) | m.scatter_add(T(3, 4), 0, I([[2, 1]]), T(1, 2))
m.scatter_add(I([1, 2]), 0, I([1, 1]), I([3, 4])) | m.scatter_add(T(), 0, I(0), T())
T(3).scatter_add(0, I([1]), T(1)) | m.index_select(T(3, 4), 0, I([2, 0, 2])) | m.index_select(T(3, 4), -1, I(1))
m.index_select(T(), 0, I([0])) | m.index_select(T(0, 3), 0, I([])) | m.index_select(T(2, 3, 300), 1, I([1, 1]))
m.index_add(T(3, 4), 0, I([0, 0]), T(2, 4)) | m.index_add(T(3, 4), 1, I([3]), T(3, 1), alpha=2)
m.index_add(T(4), 0, I([0, 1]), T(2), alpha=-0.5) | m.index_add(I([1, 2]), 0, I([0]), I([5]), alpha=2.7)
m.index_add(T(), 0, I(0), T()) | m.index_add(T(3, 4), 0, I(1), T(1, 4))
m.masked_fill(T(3, 4), B([True, False, True, False]), 2) | m.masked_fill(T(4), B([[True], [False]]), -inf)
m.masked_fill(T(2), B([True, False]), T()) | m.masked_fill(I([1, 2]), B([True, False]), 1.9)
m.masked_fill(T(), B(True), 1) | m.masked_fill(I([1, 2]), B([True, False]), m.tensor(2.7))
m.masked_fill(B([True, True]), B([True, False]), 0.0) | m.take_along_dim(T(3, 4), I([[0], [1], [2]]), 1)
m.take_along_dim(T(3, 4), I([[0, 3]]), 1) | m.take_along_dim(T(), I([0, 0])) | m.take_along_dim(T(3, 4), I([[-1]]), 1)
m.take_along_dim(T(3, 4), I([[9]]), 1) | m.take_along_dim(T(3, 4), I([[5, 1]]))
m.take_along_dim(T(1, 4), I([[0, 1], [2, 2]]), 1) | F.embedding(I([0, 2, 0]), T(3, 4))
F.embedding(I([[1]]), T(3, 4)) | F.embedding(I(1), T(3, 4)) | F.embedding(I([0, 2, 0]), T(3, 4), padding_idx=0)
F.embedding(I([2]), T(3, 4), padding_idx=-1) | F.embedding(I([]), T(3, 4)) | F.embedding(I([2, 2, 1]), T(3, 300))
F.embedding(I([0]), I([[1, 2]]))
"""


@pytest.mark.parametrize("case", listed(GATHERED))
def test_gathering(case: str) -> None:
    assert_parity(case)


GATHERING_ERRORS = """
m.gather(T(3, 4), 1, I([0, 1])) | m.gather(T(3, 4), 1, I([[-1]])) | m.gather(T(3, 4), 1, I([[4]]))
m.gather(T(2), 0, T(1)) | m.gather(T(3, 4), 0, I([[0] * 5])) | m.gather(T(3, 4), 2, I([[0]])) | m.gather(T(), 0, I(1))
m.gather(T(3, 4), 1, [[0]]) | m.scatter(T(3, 4), 1, I([[0, 1]]), T(1, 1)) | m.scatter(T(3, 4), 1, I([[-1]]), 1.0)
m.scatter(T(3, 4), 1, I([[4]]), 1.0) | m.scatter(T(3, 4), 5, I([[0]]), 1.0) | m.scatter(T(3, 4), 1, I([[0]] * 4), 1.0)
m.scatter(T(2), 0, I([0]), T(1).float()) | m.scatter_add(T(3, 4), 1, I([[0]]), 1.0)
m.scatter_add(T(2), 0, I([0]), I([1])) | m.scatter_add(T(2), 0, I([0]), T(2, 1))
m.index_select(T(3, 4), 0, I([[1]])) | m.index_select(T(3, 4), 0, I([-1])) | m.index_select(T(3, 4), 0, I([3]))
m.index_select(T(3, 4), 2, I([0])) | m.index_select(T(3), 0, T(1)) | m.index_select(T(), 0, I([0, 0]))
m.index_add(T(3, 4), 0, I([0, 0]), T(2, 3)) | m.index_add(T(3, 4), 0, I([0, 0]), T(3, 4))
m.index_add(T(3), 0, I([3]), T(1)) | m.index_add(T(3, 4), 0, I([[0]]), T(1, 4))
m.index_add(T(3), 0, I([0]), T(1).float()) | m.index_add(T(3), 0, I([-1]), T(1)) | m.masked_fill(T(2), I([1, 0]), 1.0)
m.masked_fill(T(2), B([True, False]), T(1)) | m.masked_fill(T(3, 4), B([True] * 3), 1)
m.masked_fill(I([1, 2]), B([True, False]), inf) | m.take_along_dim(T(3, 4), I([[0], [1]]), 1)
m.take_along_dim(T(3, 4), I([0]), 0) | m.take_along_dim(T(3, 4), I([12])) | m.take_along_dim(T(3, 4), T(1, 1), 1)
m.take_along_dim(T(3, 4), I([[0]]), 3) | m.take_along_dim(T(), I(0), 0) | F.embedding(I([-1]), T(3, 4))
F.embedding(I([3]), T(3, 4)) | F.embedding(T(1), T(3, 4)) | F.embedding(I([0]), T(4))
F.embedding(I([0]), T(3, 4), padding_idx=3) | F.embedding(I([0]), T(3, 4), padding_idx=-4)
"""


@pytest.mark.parametrize("case", listed(GATHERING_ERRORS))
def test_gathering_errors(case: str) -> None:
    message = assert_same_error(case)
    name = case.partition("(")[0][2:]
    assert message.startswith((f"{name}()", "where()", "gather()")), message


def test_the_gradient_of_a_src_that_is_larger_than_its_index() -> None:
    """torch refuses this backward; here what has no position gets 0."""
    src = pg.ones(2, 3).requires_grad_()
    pg.scatter(pg.zeros(3, 4), 1, pg.tensor([[0, 1]]), src).sum().backward()
    assert src.grad.tolist() == [[1, 1, 0], [0, 0, 0]]
