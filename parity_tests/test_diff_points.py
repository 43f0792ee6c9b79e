"""`paragrad diff` at special points: ties, kinks, poles, and numbers that are not finite."""

from __future__ import annotations

import re

import numpy as np
import pytest

from paragrad.fuzz.diffing import language, literals
from paragrad.fuzz.diffing.comparison import Comparison, compare
from paragrad.fuzz.diffing.evaluated import agrees
from paragrad.fuzz.diffing.local import _derivative
from paragrad.fuzz.diffing.terms import Terms, names_of, numbers_of
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.program import Apply
from paragrad.reports.cli import main

SMOOTH = (
    "tanh(a)*b + exp(a/b) - log(b)**3 + sigmoid(a)*relu(b) + abs(a) + maximum(a, b) + minimum(a, b) + a**b + sqrt(b)"
    " + sin(a)*cos(b) + expm1(a) + log1p(b) + softplus(a) + leaky_relu(a) + elu(a)"
)


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit code and all that was said, its lines joined."""
    code = main(["diff", *words])
    captured = capsys.readouterr()
    return code, " ".join((captured.out + captured.err).split())


def compared(expression: str, *values: str) -> Comparison:
    return compare(language.read(expression, literals.values(values)), OwnScalar())


def test_a_symbol_is_the_number_beside_it() -> None:
    """Every derivative that is told in symbols, at numbers without kinks, and none of them as a convention."""
    found = compared(SMOOTH, "a=0.7", "b=1.3")
    seen = set()
    for _, statement in found.program.applications():
        for k in {a.index for a in statement.args if hasattr(a, "index")}:
            for term in Terms(found).of(k):
                assert "convention" not in term.symbol, (statement.op, term)
                seen.add(statement.op)
    assert len(seen) > 12


@pytest.mark.parametrize(
    ("expression", "values", "symbols"),
    [
        ("max(a, a)", ["a=0"], ["0.5, by convention: here the formula does not hold"] * 2),
        ("max(a, b)", ["a=1", "b=1"], ["0.5, by convention: here the formula does not hold"]),
        ("relu(a)", ["a=0"], ["1 if a > 0 else 0"]),
        ("abs(a)", ["a=0"], ["sign(a)"]),
        ("max(a, b)", ["a=2", "b=1"], ["1 if a > b else 0"]),
    ],
)
def test_at_a_tie_a_symbol_that_does_not_hold_is_not_told(
    expression: str, values: list[str], symbols: list[str]
) -> None:
    assert [t.symbol for t in Terms(compared(expression, *values)).of(0)] == symbols


def test_the_power_of_nothing() -> None:
    found = compared("a**b", "a=0", "b=0")
    for variable in (0, 1):
        (term,) = Terms(found).of(variable)
        assert term.symbol == "0, by convention: here the formula does not hold"


def test_what_is_not_known_of_a_rule_is_not_held_against_it() -> None:
    found = compared("tanh(a)", "a=0.5")
    statement = found.program.statements[0]
    assert isinstance(statement, Apply)
    assert names_of(statement, found.program.name) == {"input": "a", "out": "L"}
    tree = _derivative("tanh", "input")
    assert tree is not None
    numbers = numbers_of(statement, found.torchs)
    assert agrees(tree, numbers, np.array(1 - np.tanh(0.5) ** 2))
    assert not agrees(tree, numbers, np.array(0.5))
    assert agrees(tree, {}, np.array(0.5))


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("relu(a)", "finite difference none, a kink: 0 on the left, 1 on the right"),
        ("abs(a)*3", "finite difference none, a kink: -3 on the left, 3 on the right"),
        ("a**2", "finite difference 0"),
        ("a*a*a", "finite difference 0"),
        ("exp(a)", "finite difference 1"),
    ],
)
def test_at_a_kink_the_finite_difference_says_so(
    expression: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = told(capsys, expression, "a=0")
    assert code == 0
    assert words in said


@pytest.mark.parametrize(
    ("expression", "values", "words"),
    [
        ("log(a)*b", ["a=-1", "b=2"], "note: c is nan: the logarithm of a negative number"),
        ("log(a)*b", ["a=0", "b=2"], "note: c is -inf: the logarithm of 0"),
        ("1/a", ["a=0"], "note: L is inf: a division by 0"),
        ("a**-1", ["a=0"], "note: L is inf: a negative power of 0"),
        ("a**0.5", ["a=-2"], "note: L is nan: a power of a negative number that is no whole number"),
        ("exp(a)*b", ["a=1000", "b=1"], "note: c is inf: exp of these numbers is too large for float64"),
        ("a*b", ["a=nan", "b=1"], "note: a is given as nan"),
        ("sqrt(a)", ["a=0"], "note: the gradient of a is inf: the derivative of sqrt is not finite there"),
    ],
)
def test_parity_of_what_is_not_finite_says_so(
    expression: str, values: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = told(capsys, expression, *values)
    assert code == 0
    assert words in said
    assert re.search(r"PARITY: .*; nan or inf at \w", said)


def test_finite_numbers_have_no_such_note(capsys: pytest.CaptureFixture[str]) -> None:
    _, said = told(capsys, "log(a)*b", "a=2", "b=0")
    assert "nan" not in said
    assert "inf" not in said.replace("finite", "")
