"""Elementwise ops where the table's random test can't see: dtypes, special values, errors, operators, fast paths."""

from __future__ import annotations

import itertools
import math
import operator
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

import paragrad.engine as pg
from paragrad.engine.ops.special import error_function
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.pytorch import PyTorch, resolve
from paragrad.fuzz.strategies.builder import Builder
from paragrad.fuzz.strategies.profile import Profile
from paragrad.fuzz.strategies.values import Values
from parity_tests.ulps import assert_within_ulps

FAMILIES = ("activation", "arithmetic", "comparison", "exponential", "integral", "power", "special", "trigonometric")
UNARY = sorted(
    op.name
    for op in TABLE.values()
    if [position for _, position in op.operands] == [0]
    and op.compute.__module__.rpartition(".")[2] in FAMILIES
    and not op.internal
)
ARITHMETIC = ("add", "mul", "div", "pow", "remainder", "xlogy", "where", "sub")
BETWEEN_TENSORS = ("atan2", "hypot", "logaddexp", "maximum", "fmin")
COMPARED = ("lt", "eq", "ge")
LOGIC = ("logical_and", "logical_xor", "bitwise_or", "bitwise_and")
BINARY = (*ARITHMETIC, *BETWEEN_TENSORS, *COMPARED, *LOGIC)


def test_the_families_are_covered() -> None:
    assert len(UNARY) >= 49


# Type promotion

DTYPES = ("bool", "int64", "float32", "float64")
NUMBERS = (True, 2, 2.5)


def operands() -> Iterator[Any]:
    """Arrays of each dtype with and without dimensions, and a Python number of each kind."""
    for dtype, shape in itertools.product(DTYPES, ((2,), ())):
        yield np.full(shape, 3, dtype)
    yield from NUMBERS


def outcome(function: Callable[..., Any], *args: Any) -> Any:
    """(dtype, shape, numbers) of what a function returns, or the exception it raises."""
    try:
        result = function(*args)
    except (TypeError, RuntimeError) as error:
        return error
    array = result.detach().numpy() if isinstance(result, torch.Tensor) else result.array
    return array.dtype, array.shape, array


def both(name: str, *args: Any) -> tuple[Any, Any]:
    """The outcome here and torch's, arrays made tensors on either side."""
    own = [pg.tensor(a) if isinstance(a, np.ndarray) else a for a in args]
    torchs = [torch.from_numpy(np.array(a)) if isinstance(a, np.ndarray) else a for a in args]
    return outcome(TABLE[name], *own), outcome(resolve(name), *torchs)


def is_generous(name: str, args: tuple[Any, ...], theirs: Any) -> bool:
    """Where torch refuses and this engine computes: numbers where torch asks for tensors, bool - other."""
    number = any(not isinstance(a, np.ndarray) for a in args)
    if isinstance(theirs, TypeError) and number:
        return name in (*BETWEEN_TENSORS, *LOGIC)
    return name == "sub" and "with a bool tensor" in str(theirs)


@pytest.mark.parametrize("name", BINARY)
def test_promotion_is_torchs(name: str) -> None:
    """Every pair of dtypes, with dimensions, without, and as Python numbers."""
    compared = 0
    for first, second in itertools.product(operands(), operands()):
        if not isinstance(first, np.ndarray) and not isinstance(second, np.ndarray):
            continue
        args = (np.array([True, False]), first, second) if name == "where" else (first, second)
        mine, theirs = both(name, *args)
        said = f"{name}{tuple(getattr(a, 'dtype', a) for a in args)}: {mine}, torch {theirs}"
        if isinstance(theirs, Exception):
            assert isinstance(mine, Exception) or is_generous(name, args, theirs), said
            continue
        assert not isinstance(mine, Exception), said
        assert mine[:2] == theirs[:2], said
        assert_within_ulps(mine[2], theirs[2], 4, said)
        compared += 1
    assert compared >= 15


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("dtype", ["bool", "int64"])
def test_integers_and_bools_are_taken_or_refused_as_by_torch(name: str, dtype: str) -> None:
    for shape in ((3,), ()):
        mine, theirs = both(name, np.full(shape, 1, dtype))
        if isinstance(theirs, Exception):
            kind = TypeError if isinstance(theirs, TypeError) else RuntimeError
            assert isinstance(mine, kind), f"{name}({dtype}): {mine!r}, torch {theirs!r}"
            assert name in str(mine) or name == "bitwise_not"
        else:
            assert mine[:2] == theirs[:2]
            assert_within_ulps(mine[2], theirs[2], 4, f"{name}({dtype})")


def test_the_default_dtype_is_what_integers_become() -> None:
    pg.set_default_dtype(pg.float64)
    try:
        assert pg.exp(pg.tensor([1])).dtype == np.float64
        assert (pg.tensor([1]) / 2).dtype == np.float64
        assert pg.where(pg.tensor([True]), 1.5, 0).dtype == np.float64
    finally:
        pg.set_default_dtype(pg.float32)
    assert pg.exp(pg.tensor([1])).dtype == np.float32


@pytest.mark.parametrize(("first", "second"), [(1, 0), (1.5, 0.0), (True, False), (1, 0.0), (2, True)])
def test_where_between_two_numbers(first: float, second: float) -> None:
    condition = np.array([[True], [False]])
    mine, theirs = both("where", condition, first, second)
    assert mine[:2] == theirs[:2]
    assert np.array_equal(mine[2], theirs[2])


# Special values

SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 0.5, -3.0, 3.0, 6.0]
EXTREME = {
    "float32": [1e-45, -1e-45, 1e-38, -1e-38, 3e38, -3e38, 88.0, -88.0, 104.0, -104.0, 1e20, -1e-20],
    "float64": [5e-324, -5e-324, 2e-308, -2e-308, 1e308, -1e308, 709.0, -709.0, 746.0, -746.0, 1e200, -1e-200],
}
COPIES = 64
"""Each value fills vector registers: torch's scalar code, for what is left of an array, treats NaN differently."""


def same_class(mine: np.ndarray[Any, Any], theirs: np.ndarray[Any, Any]) -> bool:
    """NaN, inf and -inf at the same places."""
    return all(np.array_equal(test(mine), test(theirs)) for test in (np.isnan, np.isposinf, np.isneginf))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [name for name in UNARY if name != "bitwise_not"])  # it takes no floats
def test_special_values(name: str, dtype: str) -> None:
    """Values and gradients are NaN and infinite where torch's are."""
    x = np.repeat(np.array(SPECIAL + EXTREME[dtype], dtype), COPIES)
    theirs = torch.from_numpy(x.copy()).requires_grad_()
    mine = pg.tensor(x, requires_grad=True)
    torchs, own = resolve(name)(theirs), TABLE[name](mine)
    value = torchs.detach().numpy()
    assert own.dtype == value.dtype
    assert own.requires_grad == torchs.requires_grad
    if value.dtype == np.bool_:
        assert np.array_equal(own.array, value)
        return
    if name == "gelu" and dtype == "float32":
        # torch's vector code overflows early: inf and 3e38 are NaN and inf there, inf and 3e38 where they stand alone.
        value = np.array([resolve(name)(torch.tensor([v])).item() for v in x.tolist()], dtype)
    assert same_class(own.array, value), f"{name}: {own.array[::COPIES]}, torch {value[::COPIES]}"
    torchs.backward(torch.ones_like(torchs))
    own.backward(pg.ones_like(own))
    assert mine.grad is not None
    assert theirs.grad is not None
    found, expected = mine.grad.array, theirs.grad.numpy()
    assert same_class(found, expected), f"{name}: {found[::COPIES]}, torch {expected[::COPIES]} at {x[::COPIES]}"


@pytest.mark.parametrize(
    "name", ["add", "mul", "div", "pow", "remainder", "atan2", "hypot", "xlogy", "maximum", "fmax"]
)
def test_special_pairs(name: str) -> None:
    first, second = (np.repeat(np.array(v), COPIES) for v in zip(*itertools.product(SPECIAL, SPECIAL), strict=True))
    theirs = [torch.from_numpy(v.copy()).requires_grad_() for v in (first, second)]
    mine = [pg.tensor(v, requires_grad=True) for v in (first, second)]
    torchs, own = resolve(name)(*theirs), TABLE[name](*mine)
    assert same_class(own.array, torchs.detach().numpy())
    torchs.backward(torch.ones_like(torchs))
    own.backward(pg.ones_like(own))
    for m, t in zip(mine, theirs, strict=True):
        assert m.grad is not None
        assert t.grad is not None
        assert same_class(m.grad.array, t.grad.numpy())


@pytest.mark.parametrize("decimals", [0, 1, 2, -1, -2, 400])
def test_round_is_torchs_to_the_bit(decimals: int) -> None:
    """Scaling rounds, and may carry a number across a half: so it does in torch."""
    for dtype in ("float32", "float64"):
        x = np.array(
            [0.5, 1.5, 2.5, -0.5, 0.125, 1.005, 0.165, 250.0, -350.0, 1234.5678, 1e30, math.inf, math.nan], dtype
        )
        assert np.array_equal(
            pg.round(pg.tensor(x), decimals=decimals).array,
            torch.round(torch.from_numpy(x), decimals=decimals).numpy(),
            equal_nan=True,
        )


# Errors

ONE, TWO = pg.tensor([1, 2]), pg.tensor([1.0, 2.0])
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: TWO + pg.ones(3), RuntimeError, r"add\(\): shapes \(2,\) and \(3,\) don't broadcast"),
    (
        lambda: pg.atan2(pg.ones(2, 3), pg.ones(2)),
        RuntimeError,
        r"atan2\(\): shapes \(2, 3\) and \(2,\) don't broadcast",
    ),
    (lambda: pg.where(TWO > 0, pg.ones(3), 0.0), RuntimeError, r"where\(\): shapes \(2,\) and \(3,\) don't broadcast"),
    (lambda: pg.where(ONE, 1.0, 0.0), RuntimeError, "condition to be a bool tensor, got int64"),
    (lambda: ONE**-1, RuntimeError, "negative integer power"),
    (lambda: pg.div(ONE, 0, rounding_mode="floor"), RuntimeError, "ZeroDivisionError"),
    (lambda: pg.div(ONE, pg.tensor([1, 0]), rounding_mode="trunc"), RuntimeError, "ZeroDivisionError"),
    (lambda: ONE % 0, RuntimeError, "ZeroDivisionError"),
    (lambda: pg.div(TWO, 2, rounding_mode="up"), RuntimeError, "'trunc' or 'floor', not 'up'"),
    (lambda: pg.clamp(TWO), RuntimeError, "'min' or 'max'"),
    (lambda: pg.hardtanh(TWO, 1.0, -1.0), ValueError, "min_val 1.0 is greater than max_val -1.0"),
    (lambda: pg.gelu(TWO, approximate="erf"), RuntimeError, "'none' or 'tanh', not 'erf'"),
    (lambda: pg.elu(ONE), NotImplementedError, r"elu\(\) is not implemented for int64"),
    (lambda: pg.lerp(ONE, ONE, 0.5), NotImplementedError, r"lerp\(\) is not implemented for int64"),
    (lambda: pg.lerp(TWO, ONE, 0.5), RuntimeError, "one dtype, got float32 and int64"),
    (lambda: -(ONE > 1), RuntimeError, r"neg\(\) is not implemented for bool"),
    (lambda: (ONE > 1) - (ONE > 1), RuntimeError, r"sub\(\) is not implemented for bool"),
    (lambda: TWO & TWO, NotImplementedError, "bitwise_and"),
    (lambda: ~TWO, TypeError, "bool and integer"),
    (lambda: TWO + "1", TypeError, r"add\(\): argument 'other'"),
    (lambda: TWO * [1.0, 2.0], TypeError, r"mul\(\): argument 'other'"),
    (lambda: pg.exp(TWO, 2), TypeError, "takes 1 argument"),
    (lambda: pg.exp(TWO, base=2), TypeError, "no argument 'base'"),
    (lambda: pg.round(ONE, decimals=1), NotImplementedError, "int64"),
]


@pytest.mark.parametrize(
    ("call", "kind", "message"), REFUSED, ids=[f"{k} {message}" for k, (_, _, message) in enumerate(REFUSED)]
)
def test_refusals_say_what_and_why(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


# Operators

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]


@pytest.mark.parametrize("apply", [*OPERATORS, *COMPARISONS], ids=lambda f: f.__name__)
def test_operators_with_numbers_on_either_side(apply: Callable[[Any, Any], Any]) -> None:
    x, y = np.array([1.0, 2.0, 2.5]), np.array([2.0, 2.0, 0.5])
    for a, b in ((x, y), (x, 2), (x, 2.0), (2, x), (2.0, x)):
        mine = apply(*[pg.tensor(v) if isinstance(v, np.ndarray) else v for v in (a, b)])
        theirs = apply(*[torch.tensor(v) if isinstance(v, np.ndarray) else v for v in (a, b)])
        assert isinstance(mine, pg.Tensor)
        assert_within_ulps(mine.array, theirs.numpy(), 1, f"{apply.__name__}({a}, {b})")


def test_operators_on_bits_and_signs() -> None:
    for a, b in (([True, True, False], [True, False, False]), ([6, 5, -1], [3, 2, 1])):
        mine, theirs = [pg.tensor(v) for v in (a, b)], [torch.tensor(v) for v in (a, b)]
        for apply in (operator.and_, operator.or_, operator.xor):
            assert apply(*mine).tolist() == apply(*theirs).tolist()
        assert (~mine[0]).tolist() == (~theirs[0]).tolist()
        assert (mine[0] & True).tolist() == (theirs[0] & True).tolist()
        assert (True | mine[1]).tolist() == (True | theirs[1]).tolist()  # type: ignore[operator]
    assert abs(pg.tensor([-1.5, 2.0])).tolist() == [1.5, 2.0]
    assert (-pg.tensor([-1, 2])).tolist() == [1, -2]


def test_integer_arithmetic_stays_whole() -> None:
    a, b = np.array([7, -7, 7, -7, 2**53 + 1]), np.array([2, 2, -2, -2, 1])
    for mode in ("floor", "trunc"):
        mine = pg.div(pg.tensor(a), pg.tensor(b), rounding_mode=mode)
        assert mine.tolist() == torch.div(torch.from_numpy(a), torch.from_numpy(b), rounding_mode=mode).tolist()
    assert pg.div(ONE, 2, rounding_mode=None).dtype == np.float32
    assert (pg.tensor([1, -1, 2, 0, -1]) ** pg.tensor([-1, -1, -1, -1, -2])).tolist() == [1, -1, 0, 0, 1]
    assert (2 ** pg.tensor([-1, 2])).tolist() == [0, 4]


# Fast paths


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 256, 257, 16384, 16385, 40000])
def test_erf_of_few_and_of_many(size: int, dtype: type[np.floating[Any]]) -> None:
    """Within one unit or so of the C library's, wherever the blocks end."""
    x = np.linspace(-7, 7, size).astype(dtype)
    exact = np.array([math.erf(v) for v in x.tolist()])
    assert np.all(np.abs(error_function(x) - exact) <= 1.2 * np.spacing(np.abs(exact).astype(dtype)) + 1e-300)


def test_erf_at_special_values() -> None:
    x = np.repeat([0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1e300], 100)
    for dtype in (np.float32, np.float64):
        with np.errstate(all="ignore"):
            found = error_function(x.astype(dtype))[::100]
        np.testing.assert_array_equal(found[:5], [0.0, -0.0, 1.0, -1.0, math.nan])
        assert np.signbit(found[1])
        assert found[6] == 1.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_where_by_masks_is_where(dtype: type[np.floating[Any]]) -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.choice([0.0, -0.0, math.inf, -math.inf, math.nan, 1.5], (40, 100)).astype(dtype) for _ in range(2))
    condition = rng.random((40, 100)) < 0.5
    pairs = [
        (x, y),
        (x, 0.0),
        (0.0, y),
        (x, -0.0),
        (-0.0, y),
        (x, 2.5),
        (math.nan, y),
        (x[:, ::-1], y),
        (x[:1], y),
        (0, x),
    ]
    for first, second in pairs:
        held = [np.array(v) for v in (first, second)]
        found = TABLE["where"].compute(condition, first, second)
        expected = np.where(condition, first, second)
        assert found.dtype == dtype
        assert found.tobytes() == np.ascontiguousarray(expected).tobytes()
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(held, (first, second), strict=True))


@pytest.mark.parametrize("size", [1, 63, 64, 32768, 32769, 70000])
def test_relu_of_few_and_of_many(size: int) -> None:
    for dtype in (np.float32, np.float64):
        x = np.resize(np.array([-1.0, 2.0, math.nan, -0.0, math.inf, -math.inf, 3.0]), size).astype(dtype)
        for view in (x, x[::-1], x.reshape(1, -1)):
            assert np.array_equal(TABLE["relu"].compute(view), np.maximum(view, 0), equal_nan=True)


# Derivatives that torch lacks


@pytest.mark.parametrize("name", sorted(op.name for op in TABLE.values() if not op.twice))
def test_torch_still_has_no_second_derivative(name: str) -> None:
    """An op is marked `twice=False` only as long as torch refuses."""
    op = TABLE[name]
    rng = random.Random(0)
    builder = Builder(rng, Values(0, rng), Profile(second=True))
    builder.apply(op)
    failure = PyTorch().run(builder.finish(second=True)).failure
    assert failure is not None, f"torch has it now: drop twice=False of {name}"
    assert "not implemented" in failure.message


def test_number_remainder_tensor_has_a_derivative_here() -> None:
    """torch has none for number % tensor: the sample leaves it out, the rule is the one for tensors."""
    y = pg.tensor([2.0, 3.0], requires_grad=True)
    (7.0 % y).backward(pg.ones(2))
    assert y.grad is not None
    assert y.grad.tolist() == [-3.0, -2.0]
    with pytest.raises(RuntimeError, match="not implemented"):
        torch.remainder(7.0, torch.ones(2, requires_grad=True)).backward(torch.ones(2))


def test_steps_have_a_gradient_of_zeros() -> None:
    for name in ("floor", "ceil", "round", "trunc", "sign"):
        x = pg.tensor([1.5, math.nan, math.inf], requires_grad=True)
        (gradient,) = pg.grad(TABLE[name](x), x, pg.tensor([math.inf, math.nan, 1.0]), create_graph=True)
        assert gradient is not None
        assert gradient.tolist() == [0.0, 0.0, 0.0]
        assert not gradient.requires_grad
