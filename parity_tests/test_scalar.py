"""The scalar engine: each op at special values under the judge, and what Value and its walk promise."""

from __future__ import annotations

import doctest
import gc
import math
import operator
import weakref
from collections.abc import Callable, Iterable
from itertools import product
from math import inf, nan
from typing import Any

import numpy as np
import pytest
import torch

from paragrad.engine import scalar, scalar_nn
from paragrad.engine.scalar import Value
from paragrad.fuzz.engines.own_scalar import INFIX, METHODS, OwnScalar
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.fuzz.shrink import examine

TINY, HUGE = 5e-324, 1.7e308
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 20.5, -745.2, 1e-310, TINY, -TINY, 1e200, HUGE, -HUGE, inf, -inf, nan]
COTANGENTS = [1.0, 0.0, -2.5, 1e300, inf, nan]
NUMBERS = [0, 1, 2, -1, -2, 0.5, -0.5, 3, 2.5, -3, inf, -inf, nan]
FORMS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in METHODS if name not in ("maximum", "minimum")),
    ("leaky_relu", {"negative_slope": 0.3}),
    ("elu", {"alpha": 2.0}),
    ("softplus", {"beta": 3.0, "threshold": 5.0}),
    ("gelu", {"approximate": "tanh"}),
]
BINARY = [*INFIX, "maximum", "minimum"]


def torch_leaf(number: float) -> torch.Tensor:
    """A 0-d float64 leaf."""
    return torch.tensor(number, dtype=torch.float64, requires_grad=True)


def assert_parity(op: str, numbers: Iterable[float], arguments: tuple[Any, ...], **options: Any) -> None:
    """Value and all gradients of one op, under every cotangent, as the judge sees them."""
    for cotangent in COTANGENTS:
        inputs = [Input.of(f"x{k}", np.array(x), True) for k, x in enumerate(numbers)]
        root = len(inputs) + 1
        inputs.append(Input.of("c", np.array(cotangent)))
        program = Program(inputs, [Apply(op, arguments, options, (root,)), Backward((root,), (root - 1,))])
        findings = examine(program, OwnScalar()).findings
        assert not findings, f"{op}{arguments} of {numbers}, cotangent {cotangent}: {findings[0].message}"


@pytest.mark.parametrize(("name", "options"), FORMS, ids=str)
def test_functions(name: str, options: dict[str, Any]) -> None:
    for x in SPECIAL:
        assert_parity(name, (x,), (Ref(0),), **options)


@pytest.mark.parametrize("name", INFIX)
def test_numbers_on_either_side(name: str) -> None:
    for x, c in product(SPECIAL, NUMBERS):
        assert_parity(name, (x,), (Ref(0), c))
        assert_parity(name, (x,), (c, Ref(0)))


@pytest.mark.parametrize("name", BINARY)
def test_two_values(name: str) -> None:
    for pair in product(SPECIAL, SPECIAL):
        assert_parity(name, pair, (Ref(0), Ref(1)))


@pytest.mark.parametrize("name", BINARY)
def test_one_value_twice(name: str) -> None:
    for x in SPECIAL:
        assert_parity(name, (x,), (Ref(0), Ref(0)))


def test_a_number_in_maximum() -> None:
    x = Value(2.0)
    x.maximum(2).backward()
    assert x.grad == 0.5
    assert x.minimum(1.0).data == 1.0


@pytest.mark.parametrize("compare", [operator.eq, operator.lt, operator.le, operator.gt, operator.ge, operator.ne])
def test_comparisons(compare: Callable[[Any, Any], bool]) -> None:
    for x, y in product([1.0, 2.0, nan, inf], repeat=2):
        assert compare(Value(x), Value(y)) is compare(Value(x), y) is compare(x, Value(y)) is compare(x, y)


def test_equal_values_are_two_keys() -> None:
    assert len({Value(1.0), Value(1.0)}) == 2


@pytest.mark.parametrize("operate", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
def test_strangers_are_refused(operate: Callable[[Any, Any], Any]) -> None:
    for pair in [(Value(1.0), "2"), ("2", Value(1.0)), (Value(1.0), None)]:
        with pytest.raises(TypeError):
            operate(*pair)
    with pytest.raises(TypeError):
        operator.lt(Value(1.0), "2")


def test_unknown_form_of_gelu() -> None:
    with pytest.raises(ValueError, match="approximate is 'none' or 'tanh', not 'exact'"):
        Value(1.0).gelu("exact")


def test_leaves_accumulate_and_results_show_the_latest() -> None:
    x, t = Value(3.0), torch_leaf(3.0)
    y, u = x * x, t * t
    for cotangent in (1.0, 0.1, 0.2):
        y.backward(cotangent)
        u.backward(torch.tensor(cotangent, dtype=torch.float64), retain_graph=True)
        assert t.grad is not None
        assert x.grad == t.grad.item()
        assert y.grad == cotangent


def test_backward_from_a_leaf_and_through_a_shared_part() -> None:
    x = Value(2.0)
    x.backward()
    assert x.grad == 1.0
    shared = x.exp()
    (shared * shared + shared).backward()
    first = x.grad
    (shared * 2).backward()
    assert x.grad == first + 2 * shared.data


def test_contributions_add_up_in_torch_order() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        a, b, c = rng.normal(size=3) * 10.0 ** rng.integers(-8, 8, 3)

        def f(x: Any, y: Any, a: Any = a, b: Any = b, c: Any = c) -> Any:
            z = x * a
            return z * b + x * c + y * x - z / 3 + x * y * z

        x, y = Value(a), Value(b)
        s, t = torch_leaf(a), torch_leaf(b)
        f(x, y).backward()
        f(s, t).backward()
        assert s.grad is not None
        assert t.grad is not None
        assert (x.grad, y.grad) == (s.grad.item(), t.grad.item())


def test_a_million_nodes() -> None:
    x = Value(1.0)
    y = x
    for _ in range(1_000_000):
        y = y + x
    y.backward(retain_graph=False)
    assert (y.data, x.grad) == (1_000_001.0, 1_000_001.0)


def test_nothing_stays_without_retain_graph() -> None:
    class Kept(Value):
        __slots__ = ("__weakref__",)

    leaf = Kept(2.0)
    seen = weakref.ref(leaf)
    y = (leaf * leaf).exp()
    y.backward(retain_graph=False)
    gc.disable()
    try:
        del leaf
        assert seen() is None
    finally:
        gc.enable()
    with pytest.raises(RuntimeError, match="a second time"):
        y.backward()


def test_a_refused_backward_changes_no_gradient() -> None:
    x = Value(2.0)
    z = x * x
    z.backward(retain_graph=False)
    y = z * x + x
    with pytest.raises(RuntimeError, match="a second time"):
        y.backward()
    assert (x.grad, z.grad, y.grad) == (4.0, 1.0, 0.0)


def test_edges_are_local_derivatives() -> None:
    x, y = Value(2.0), Value(4.0)
    assert [(operand is x, d) for operand, d in (x / y).edges] == [(True, 0.25), (False, -0.125)]
    assert [d for _, d in (x**y).edges] == [4 * 2.0**3, 2.0**4 * math.log(2.0)]
    assert [d for _, d in x.log().edges] == [0.5]
    assert x.edges == ()


def test_operands_as_written() -> None:
    x = Value(2.0)
    assert (3 - x).operands == (3.0, x)
    assert (x - 3).operands == (x, 3.0)
    assert x.exp().operands == (x,)
    assert (x * x).operands == (x, x)


def test_how_it_looks() -> None:
    x = Value(0.1, label="x")
    y = x * 3
    y.label = "y"
    y.backward()
    assert repr(x) == "Value(data=0.1, grad=3.0, label='x')"
    assert repr(y) == f"Value(data={0.1 * 3!r}, grad=1.0, op='mul', label='y')"
    assert str(y) == "y = mul(x, 3) = 0.3, grad 1"
    assert str(Value(1 / 3)) == "0.3333, grad 0"
    assert (x.op, y.op, Value(1.0).label) == ("", "mul", "")
    assert float(x) == x.data


@pytest.mark.parametrize("module", [scalar, scalar_nn])
def test_documented_examples(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


def test_linear_is_a_sum_of_products() -> None:
    x, w, b = [Value(2.0), 3.0, Value(-1.0)], [Value(0.5), Value(4.0), 2.0], Value(10.0)
    y = scalar_nn.linear(x, w, b)
    y.backward(2.0)
    assert y.data == 10 + 1 + 12 - 2
    assert [v.grad for v in (x[0], x[2], w[0], w[1], b) if isinstance(v, Value)] == [1.0, 4.0, 4.0, 6.0, 2.0]
    assert scalar_nn.linear([1.0, 2.0], [3.0, 4.0], 5.0).data == 16.0
    with pytest.raises(ValueError, match="longer"):
        scalar_nn.linear([1.0], [1.0, 2.0])


def test_freed_wide_node() -> None:
    w = [Value(1.0) for _ in range(5)]
    y = scalar_nn.linear([1.0, 2.0, 3.0, 4.0, 5.0], w, 0.0)
    y.backward(retain_graph=False)
    assert [v.grad for v in w] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert y.edges == ()


OPTIONS = [{}, {"momentum": 0.5}, {"momentum": 0.5, "dampening": 0.25}, {"momentum": 0.5, "nesterov": True}]


@pytest.mark.parametrize("options", [o | d for o in OPTIONS for d in ({}, {"weight_decay": 0.25})], ids=str)
def test_sgd_is_torch_sgd(options: dict[str, Any]) -> None:
    """With powers of 2 for options nothing is rounded in these few steps."""
    ours, theirs = Value(3.0), torch_leaf(3.0)
    steps = scalar_nn.SGD([ours], lr=0.5, **options), torch.optim.SGD([theirs], lr=0.5, **options)
    for gradient in (1.0, -2.0, 0.0, 4.0, 1.5):
        steps[0].zero_grad()
        ours.grad = gradient
        theirs.grad = torch.tensor(gradient, dtype=torch.float64)
        steps[0].step()
        steps[1].step()
        assert ours.data == theirs.item()


def test_a_network_is_torch_network() -> None:
    """On small whole numbers every sum is exact."""
    model = scalar_nn.MLP(2, [3, 2, 1])
    layers: list[torch.nn.Module] = []
    for k, layer in enumerate(model.layers):
        for i, parameter in enumerate(layer.parameters()):
            parameter.data = float((7 * i + k) % 5 - 2)
        linear = torch.nn.Linear(len(layer.neurons[0].w), len(layer.neurons), dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor([[w.data for w in neuron.w] for neuron in layer.neurons]))
            linear.bias.copy_(torch.tensor([neuron.b.data for neuron in layer.neurons]))
        layers += [linear, torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    for inputs in ([1.0, -2.0], [3.0, 1.0], [-1.0, 4.0]):
        ours, theirs = model(inputs), network(torch.tensor(inputs, dtype=torch.float64))
        assert isinstance(ours, Value)
        assert ours.data == theirs.item()
        ours.backward()
        theirs.backward()
    for layer, linear in zip(model.layers, network[::2], strict=True):
        assert isinstance(linear, torch.nn.Linear)
        assert linear.weight.grad is not None
        assert linear.bias.grad is not None
        assert [[w.grad for w in neuron.w] for neuron in layer.neurons] == linear.weight.grad.tolist()
        assert [neuron.b.grad for neuron in layer.neurons] == linear.bias.grad.tolist()


def test_nesterov_needs_momentum() -> None:
    with pytest.raises(ValueError, match="Nesterov momentum requires a momentum"):
        scalar_nn.SGD([], nesterov=True)


def test_networks_describe_themselves() -> None:
    model = scalar_nn.MLP(2, [2, 1])
    assert repr(model.layers[0]) == "Layer([Neuron(2, relu), Neuron(2, relu)])"
    assert len(model.parameters()) == 2 * 3 + 3
    assert repr(model).startswith("MLP([Layer(")
    loss = model([1.0, 2.0])
    assert isinstance(loss, Value)
    loss.backward()
    model.zero_grad()
    assert {p.grad for p in model.parameters()} == {0.0}
    assert isinstance(scalar_nn.MLP(1, [2])([1.0]), list)
