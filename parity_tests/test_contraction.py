"""Products against torch: every combination of ranks, equations of einsum, forms of arguments, and the errors."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch

import paragrad.engine as pg
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.fuzz.shrink import examine
from paragrad.fuzz.strategies.single import single
from parity_tests.both_sides import Side, assert_parity, assert_same_error, listed

LEFT = ("3", "2, 3", "4, 2, 3", "1, 2, 3", "5, 4, 2, 3", "5, 1, 2, 3", "0, 3", "4, 0, 3", "0, 2, 3", "1, 3")
RIGHT = ("3", "3, 2", "4, 3, 2", "1, 3, 2", "5, 4, 3, 2", "5, 1, 3, 1", "4, 3, 0", "3, 1")


@pytest.mark.parametrize("left", LEFT)
def test_matmul_in_every_rank(left: str) -> None:
    for right in RIGHT:
        case = f"m.matmul(T({left}), T({right}))"
        try:
            Side(torch).evaluate(case)
        except RuntimeError:
            assert_same_error(case)
        else:
            assert_parity(case)


@pytest.mark.parametrize("transposed", [*itertools.product(("", ".mT"), repeat=2)])
def test_matmul_of_views(transposed: tuple[str, str]) -> None:
    first, second = transposed
    left, right = ("3, 2" if first else "2, 3"), ("4, 3" if second else "3, 4")
    assert_parity(f"T({left}){first} @ T({right}){second}")
    assert_parity(f"T(5, {left}){first} @ T({right}){second}")
    assert_parity(f"T(5, {left})[::2]{first} @ T(3, {right}){second}")


PRODUCTS = """
m.matmul(I([[1, 2]]), I([[3], [4]])) | m.matmul(T(2, 0), T(0, 3)) | m.matmul(T(0), T(0)) | m.dot(T(3), T(3))
m.dot(T(0), T(0)) | m.dot(I([1, 2]), I([3, 4])) | m.mv(T(2, 3), T(3)) | m.mm(T(2, 3), T(3, 4))
m.mm(T(2, 0), T(0, 3)) | m.bmm(T(2, 3, 4), T(2, 4, 1)) | m.bmm(T(0, 3, 4), T(0, 4, 1)) | m.outer(T(3), T(2))
m.outer(T(0), T(2)) | m.outer(I([1, 2]), T(2)) | m.outer(B([True]), B([False])) | T(2, 3).mm(T(3, 4)) | T(3).dot(T(3))
T(3).outer(T(2)) | T(2, 3).mv(T(3)) | T(2, 3).matmul(T(3)) | T(3) @ T(3, 2) | F.linear(T(3), T(2, 3))
F.linear(T(3), T(2, 3), T(2)) | F.linear(T(4, 3), T(2, 3), T(2)) | F.linear(T(5, 4, 3), T(2, 3), T(2))
F.linear(T(2, 5, 4, 3), T(1, 3)) | F.linear(T(4, 3), T(3)) | F.linear(T(3), T(3)) | F.linear(T(5, 4, 3), T(3))
F.linear(T(4, 3), T(2, 3), T()) | F.linear(T(4, 3), T(2, 3), T(1)) | F.linear(T(4, 3), T(2, 3), T(4, 2))
F.linear(T(0, 3), T(2, 3), T(2)) | F.linear(T(4, 0), T(2, 0), T(2))
F.linear(I([[1, 2]]), I([[3, 4], [5, 6]]), I([1, 2])) | F.linear(T(4, 3), T(2, 3), bias=None)
m.tensordot(T(2, 3), T(3, 4), 1) | m.tensordot(T(2, 3), T(3, 4), 0) | m.tensordot(T(2, 3), T(2, 3))
m.tensordot(T(), T(3, 4), 0) | m.tensordot(T(2, 3), T(2, 3), dims=([0, 1], [0, 1]))
m.tensordot(T(2, 3), T(2, 3), dims=((0,), (-2,))) | m.tensordot(T(2, 3), T(4, 3), ([1], [1]))
m.tensordot(T(2, 1), T(2, 3), dims=([1], [1])) | m.tensordot(T(2, 3, 4), T(4, 5, 2), ([2, 0], [0, 2]))
m.tensordot(I([1, 2]), I([3, 4]), 1)
"""


@pytest.mark.parametrize("case", listed(PRODUCTS))
def test_products(case: str) -> None:
    assert_parity(case)


ERRORS = """
m.matmul(T(), T(3)) | m.matmul(T(3), T()) | m.matmul(T(3), T(4)) | m.matmul(T(2, 3), T(4)) | m.matmul(T(3), T(4, 2))
m.matmul(T(2, 3), T(4, 5)) | m.matmul(T(2, 3, 4), T(5, 4, 2)) | m.matmul(T(2, 3, 4), T(2, 5, 2))
m.matmul(T(2, 3, 4), T(3)) | m.mm(T(2, 3), T(3)) | m.mm(T(2, 3), T(4, 3)) | m.bmm(T(2, 3, 4), T(4, 5))
m.bmm(T(2, 3, 4), T(3, 4, 5)) | m.bmm(T(2, 3, 4), T(2, 3, 5)) | m.bmm(T(2, 3, 4), T(1, 4, 5)) | m.mv(T(2, 3), T(4))
m.mv(T(3), T(3)) | m.mv(T(2, 3), T(3, 1)) | m.dot(T(3), T(4)) | m.dot(T(3, 1), T(3)) | m.outer(T(3, 1), T(2))
F.linear(T(4, 3), T(2, 4)) | F.linear(T(4, 3), T(2, 3), T(3)) | F.linear(T(), T(2, 3)) | F.linear(T(4, 3), T(2, 2, 3))
F.linear(T(4, 3), T(3), T(1)) | m.tensordot(T(2, 3), T(2, 3), ([0], [1])) | m.tensordot(T(2, 3), T(3), 2)
"""


@pytest.mark.parametrize("case", listed(ERRORS))
def test_errors_name_both_shapes(case: str) -> None:
    """`name(): ... (2, 3) ... (4, 5)`, of what the expression multiplies."""
    message = assert_same_error(case)
    name = case.partition("(")[0][2:]
    assert message.startswith((f"{name}():", "matmul():"))
    side = Side(pg)
    with pytest.raises(RuntimeError):
        side.evaluate(case)
    for leaf in side.leaves[:2] if "linear" not in name else side.leaves[-1:]:
        assert str(leaf.shape) in message, message


OTHER_ERRORS = """
m.matmul(T(2, 3), T(3, 2).float()) | m.matmul(T(2, 3), I([[1], [2], [3]])) | m.matmul(B([[True]]), B([[True]]))
m.dot(B([True]), B([True])) | m.mm(T(2, 3), T(3, 2).float()) | m.dot(T(3), T(3).float())
F.linear(T(4, 3), T(2, 3).float()) | F.linear(T(4, 3), T(2, 3), T(2).float())
m.tensordot(T(2, 3), T(2, 3), ([0, 1], [0])) | m.tensordot(T(2, 3), T(2, 3), ([5], [0]))
m.tensordot(T(2, 3), T(2, 3), -1) | m.tensordot(T(2, 3), T(2, 3), 3) | m.tensordot(T(2, 3), T(2, 3), (0, 1))
m.tensordot(T(2, 3), T(3, 2).float(), 1) | m.tensordot(T(2, 2), T(2, 2), ([0, 0], [0, 1]))
"""


@pytest.mark.parametrize("case", listed(OTHER_ERRORS))
def test_other_errors(case: str) -> None:
    assert_same_error(case)


EQUATIONS = """
ij,jk : 2,3 3,4
ij,jk->ik : 2,3 3,4
ij,jk->ki : 2,3 3,4
 i j , j k -> i k : 2,3 3,4
ij,jk->ik : 2,3 1,4
ij,jk->ik : 2,0 0,4
ij,ij : 3,2 3,2
ij,ij->ij : 3,2 3,2
ij,kj->ijk : 3,2 4,2
ii : 3,3
ii->i : 3,3
iij->ji : 3,3,2
iji->j : 3,2,3
iii-> : 2,2,2
ii,ii->i : 2,2 2,2
i,j : 2 3
i,j->ji : 2 3
i-> : 3
i->i : 3
ij-> : 2,0
ij->j : 2,3
ij-> : 2,3
-> :
 :
, :
i,->i : 2
ba : 2,3
aB : 2,3
bij,bjk->bik : 2,3,4 2,4,5
bn,anm,bm->ba : 2,5 3,5,4 2,4
i,i,i-> : 3 3 3
ij,jk,kl->il : 2,3 3,4 4,2
ij,j,jk->ik : 2,3 3 3,2
a,b,c->cab : 2 3 4
...ij,...jk : 5,2,3 3,4
...ij,...jk->...ik : 5,1,2,3 4,3,2
...ij->...ji : 5,2,3
...ij->... : 5,2,3
...ij->ij : 5,2,3
...ij->i : 5,2,3
...,... : 2,3 3
...i,i...->... : 2,3 3,2
i...j->j...i : 5,2,3
i->...i : 2
...->... : 2,3
... : 2,3
"""


def equation_case(line: str) -> str:
    """`m.einsum("ij,jk", T(2, 3), T(3, 4))` for a line of EQUATIONS; an operand without dimensions is not written."""
    equation, _, shapes = line.partition(" :")
    given = [", ".join(shape.split(",")) for shape in shapes.split()]
    given += [""] * (equation.partition("->")[0].count(",") + 1 - len(given))
    return f"m.einsum('{equation}', {', '.join(f'T({shape})' for shape in given)})"


@pytest.mark.parametrize("line", EQUATIONS.strip("\n").splitlines())
def test_equations(line: str) -> None:
    assert_parity(equation_case(line))


EQUATION_ERRORS = """
ij,jk : 2,3 4,4
ii->i : 3,2
ii->i : 3,1
ij : 2
i : 2,3
i->ii : 2
i->j : 2
i,i,i : 2 2
i : 2 2
i1 : 2,2
i.j : 2,2
..i : 2,2
i...... : 2,2
...i... : 2,2
i->i->i : 2
i - > i : 2
"""


@pytest.mark.parametrize("line", EQUATION_ERRORS.strip("\n").splitlines())
def test_errors_name_the_equation(line: str) -> None:
    equation, _, shapes = line.partition(" :")
    operands = ", ".join(f"T({shape})" for shape in shapes.split())
    message = assert_same_error(f"m.einsum('{equation.strip()}', {operands})")
    assert message.startswith("einsum(): ")
    assert equation.strip() in message


def test_operands_of_einsum_in_a_list() -> None:
    assert_parity("m.einsum('ij,jk', [T(2, 3), T(3, 4)])")
    assert_parity("m.einsum('ij,jk', (T(2, 3), T(3, 4)))")
    assert_parity("m.einsum('i,i->i', T(2), T(2).float())")
    assert_parity("m.einsum('ij->i', B([[True, True], [False, True]]))")
    with pytest.raises(TypeError, match="operands"):
        pg.einsum("ij")


def test_nan_where_zero_meets_inf() -> None:
    """BLAS's product by a single number passes over 0 · inf."""
    for shapes in (("4, 1", "1"), ("4, 1", "1, 1"), ("1, 1", "1, 4"), ("1", "1, 4"), ("1", "1")):
        side = Side(pg)
        left, right = (side.leaf(*map(int, shape.split(","))) for shape in shapes)
        for zero, infinite in ((left, right), (right, left)):
            zero.array[...], infinite.array[...] = 0.0, float("inf")
            assert pg.isnan(left @ right).all()


def program(op: str, shapes: tuple[tuple[int, ...], ...]) -> Program:
    """One op on random operands, and its backward."""
    random: Any = torch.Generator().manual_seed(1)
    arrays = [torch.randn(shape, generator=random).numpy() for shape in shapes]
    inputs = [Input.of(f"x{k}", array, True) for k, array in enumerate(arrays)]
    out = PyTorch().callee(op)(*map(torch.from_numpy, arrays))
    inputs.append(Input.of("c", torch.randn(out.shape, generator=random).numpy()))
    refs = tuple(map(Ref, range(len(arrays))))
    count = len(inputs)
    return Program(inputs, [Apply(op, refs, {}, (count,)), Backward((count,), (count - 1,))])


@pytest.mark.parametrize(
    ("op", "shapes"),
    [
        ("matmul", ((64, 300), (300, 50))),
        ("matmul", ((8, 20, 300), (300, 50))),
        ("matmul", ((8, 20, 300), (8, 300, 5))),
        ("linear", ((64, 784), (30, 784), (30,))),
        ("linear", ((4, 9, 200), (30, 200), (30,))),
        ("conv2d", ((4, 3, 12, 12), (8, 3, 3, 3), (8,))),
        ("scaled_dot_product_attention", ((2, 4, 16, 32), (2, 4, 16, 32), (2, 4, 16, 32))),
    ],
)
def test_sizes_that_people_use(op: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    """Here BLAS takes its blocked kernels, and torch its fused attention."""
    own, made = Own(), program(op, shapes)
    result = examine(made, own)
    assert not result.findings, [f.message for f in result.findings]


def test_the_samples_reach_every_form() -> None:
    """Of the operands' ranks, and of einsum's equations."""

    def calls(name: str) -> list[tuple[Program, Apply]]:
        return [(p, s) for p in single(TABLE[name], "float32", False, 400) for _, s in p.applications()]

    ranks = {tuple(len(p.inputs[r.index].shape) for r in s.args[:2]) for p, s in calls("matmul")}
    assert ranks >= set(itertools.product((1, 2, 3), repeat=2)) | {(4, 1), (4, 2), (4, 3), (4, 4), (1, 4), (3, 4)}
    equations = [s.args[0] for _, s in calls("einsum")]
    inputs = [e.partition("->")[0] for e in equations]
    assert {e.count(",") for e in inputs} == {0, 1, 2}
    assert any("->" not in e for e in equations)
    assert any("..." in e for e in equations)
    assert any(t.count(c) == 2 for e in inputs for t in e.split(",") for c in "abcd")
