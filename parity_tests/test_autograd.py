"""backward, grad, hooks, no_grad, errors, memory, threads: what torch users rely on beyond the numbers."""

from __future__ import annotations

import gc
import threading
import warnings
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import paragrad.engine as pg
from paragrad.engine.ops.table import TABLE

BOTH = pytest.mark.parametrize("lib", [pg, torch], ids=["paragrad", "torch"])


def leaf(lib: Any, data: Any, dtype: str = "float32") -> Any:
    return lib.tensor(data, dtype=getattr(lib, dtype), requires_grad=True)


@BOTH
def test_leaves_accumulate_and_keep_their_gradients_identity(lib: Any) -> None:
    x = leaf(lib, [1.0, 2.0])
    (x * x).sum().backward()
    first = x.grad
    (x * 3.0).sum().backward()
    assert x.grad is first
    assert x.grad.tolist() == [5.0, 7.0]


@BOTH
def test_retain_graph(lib: Any) -> None:
    x = leaf(lib, [1.0, 2.0])
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4.0, 8.0]
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


@BOTH
def test_a_graph_that_saved_nothing_can_be_walked_again(lib: Any) -> None:
    x = leaf(lib, 1.0)
    y = x + x
    y.backward()
    y.backward()
    assert x.grad.item() == 4.0


@BOTH
def test_inputs_limits_where_gradients_go(lib: Any) -> None:
    x, w = leaf(lib, [1.0, 2.0]), leaf(lib, [3.0, 4.0])
    h = x * w
    (h * h).sum().backward(inputs=[w])
    assert x.grad is None
    assert w.grad.tolist() == [6.0, 32.0]


@BOTH
def test_grad_touches_nobodys_grad(lib: Any) -> None:
    grad = lib.grad if lib is pg else lib.autograd.grad
    x = leaf(lib, [1.0, 2.0])
    h = x * x
    found = grad([h.sum()], [x, h])
    assert [g.tolist() for g in found] == [[2.0, 4.0], [1.0, 1.0]]
    assert x.grad is None


@BOTH
def test_an_unused_input(lib: Any) -> None:
    grad = lib.grad if lib is pg else lib.autograd.grad
    x, y = leaf(lib, 1.0), leaf(lib, 2.0)
    with pytest.raises(RuntimeError, match="allow_unused"):
        grad(x * 2.0, y)
    assert grad(x * 2.0, [y], allow_unused=True) == (None,)


@BOTH
def test_third_derivative(lib: Any) -> None:
    grad = lib.grad if lib is pg else lib.autograd.grad
    x = leaf(lib, 2.0, "float64")
    y = x**4.0
    for expected in (32.0, 48.0, 48.0):
        (y,) = grad(y, x, create_graph=True)
        assert y.item() == expected


@BOTH
def test_hooks_see_and_replace_gradients(lib: Any) -> None:
    x = leaf(lib, [1.0, 2.0])
    h = x * 2.0
    seen: list[Any] = []
    handle = h.register_hook(lambda g: seen.append(g.tolist()))
    h.register_hook(lambda g: g * 10.0)
    x.register_hook(lambda g: g + 1.0)
    h.sum().backward()
    assert seen == [[1.0, 1.0]]
    assert x.grad.tolist() == [21.0, 21.0]
    handle.remove()
    handle.remove()


@BOTH
def test_retain_grad(lib: Any) -> None:
    x = leaf(lib, [1.0, 2.0])
    h = x * 2.0
    h.retain_grad()
    (h * h).sum().backward()
    assert h.grad.tolist() == [4.0, 8.0]
    assert h.retains_grad
    assert not x.retains_grad


@BOTH
def test_no_grad_and_enable_grad_nest_and_decorate(lib: Any) -> None:
    x = leaf(lib, 1.0)
    with lib.no_grad():
        assert not (x * 2.0).requires_grad
        with lib.enable_grad():
            assert (x * 2.0).requires_grad
        assert not lib.is_grad_enabled()
    assert lib.is_grad_enabled()

    @lib.no_grad()
    def twice(t: Any) -> Any:
        return t * 2.0

    assert not twice(x).requires_grad


@BOTH
def test_detach_shares_memory_and_leaves_the_graph(lib: Any) -> None:
    x = leaf(lib, [1.0])
    y = (x * 2.0).detach()
    assert not y.requires_grad
    assert y.is_leaf


ERRORS: dict[str, tuple[Any, str]] = {
    "backward on many": (lambda lib: leaf(lib, [1.0, 2.0]).mul(2.0).backward(), "only for scalar outputs"),
    "backward on none": (lambda lib: lib.tensor([1.0]).sum().backward(), "does not require grad"),
    "integer leaf": (lambda lib: lib.tensor([1, 2], requires_grad=True), "floating point"),
    "integer asked later": (lambda lib: lib.tensor([1]).requires_grad_(), "floating point"),
    "numpy()": (lambda lib: leaf(lib, [1.0]).numpy(), "requires grad"),
    "asarray": (lambda lib: np.asarray(leaf(lib, [1.0])), "requires grad"),
    "item of many": (lambda lib: leaf(lib, [1.0, 2.0]).item(), "one element"),
    "truth of many": (lambda lib: bool(lib.tensor([1.0, 2.0])), "ambiguous"),
    "retain_grad of none": (lambda lib: lib.tensor([1.0]).retain_grad(), "requires_grad"),
    "hook of none": (lambda lib: lib.tensor([1.0]).register_hook(print), "require grad"),
    "gradient of another shape": (lambda lib: (leaf(lib, [1.0, 2.0]) * 2.0).backward(lib.tensor([1.0])), "shape"),
    "matmul": (lambda lib: lib.ones(2, 3) @ lib.ones(2, 3), r"matmul.*\(2, 3\).*\(2, 3\)"),
    "broadcast": (lambda lib: lib.ones(2, 3) + lib.ones(4), r"add.*\(2, 3\).*\(4,\)"),
}


@pytest.mark.parametrize("case", list(ERRORS))
def test_errors_are_raised_where_torch_raises_them(case: str) -> None:
    act, message = ERRORS[case]
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - torch says which
        act(torch)
    with pytest.raises(type(theirs.value), match=message):
        act(pg)


def test_gradients_share_memory_with_nothing() -> None:
    x, y = leaf(pg, [[1.0, 2.0]]), leaf(pg, [[3.0, 4.0]])
    cotangent = pg.tensor([[1.0, 1.0]])
    out = x + y
    out.retain_grad()
    out.backward(cotangent)
    z = leaf(pg, [1.0, 2.0])
    z.reshape(2, 1).reshape(2).backward(cotangent.reshape(2))
    gradients = [t.grad.array for t in (x, y, z, out)]
    others = [t.array for t in (cotangent, x, y, z, out)]
    for k, gradient in enumerate(gradients):
        for other in [*gradients[k + 1 :], *others]:
            assert not np.shares_memory(gradient, other)


def test_results_never_decay_to_numpy_scalars() -> None:
    x = leaf(pg, 2.0)
    for result in (x * 2.0, x.exp(), x.sum(), pg.tensor([1.0, 2.0])[0], x > 1.0):
        assert type(result.array) is np.ndarray


def test_no_warning_escapes_and_the_callers_error_state_is_his() -> None:
    def work() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            x = leaf(pg, [0.0, -1.0, 1e30])
            ((x / 0.0) * x * x).log().exp().sum().backward()

    with np.errstate(divide="raise", over="call", invalid="print", under="warn"):
        before = np.geterr()
        work()
        assert np.geterr() == before
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - a thread's exceptions go nowhere by themselves
            failures.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    thread.join()
    assert not failures


def test_no_grad_is_of_its_thread() -> None:
    seen: list[bool] = []
    with pg.no_grad():
        thread = threading.Thread(target=lambda: seen.append(pg.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_the_graph_dies_without_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        x = leaf(pg, [1.0, 2.0])
        h = (x * x).exp()
        assert h.node is not None
        watched = weakref.ref(h.node)
        loss = h.sum()
        del h
        assert watched() is not None
        loss.backward()
        del loss
        assert watched() is None
    finally:
        gc.enable()


def test_after_backward_nothing_of_what_was_saved_stays() -> None:
    x = leaf(pg, np.ones(1000))
    h = x.exp()
    array = weakref.ref(h.array)
    loss = (h * h).sum()
    del h
    loss.backward()
    assert array() is None


def test_a_long_chain() -> None:
    x = leaf(pg, 1.0, "float64")
    y = x
    for _ in range(100_000):
        y = y + 1e-9
    y.backward()
    assert x.grad is not None
    assert x.grad.item() == 1.0


def test_a_wide_diamond_is_linear() -> None:
    x = leaf(pg, 1.0, "float64")
    y = x
    for _ in range(200):
        y = y * 0.5 + y * 0.5
    y.backward()
    assert x.grad is not None
    assert x.grad.item() == 1.0


def test_default_dtype() -> None:
    assert pg.tensor([1.5]).dtype == pg.float32
    assert (pg.tensor([1]) / pg.tensor([2])).dtype == pg.float32
    pg.set_default_dtype(pg.float64)
    try:
        assert pg.tensor([1.5]).dtype == pg.float64
        assert pg.tensor([1]).exp().dtype == pg.float64
    finally:
        pg.set_default_dtype(pg.float32)
    with pytest.raises(TypeError, match="float32 and float64"):
        pg.set_default_dtype(pg.int64)


def test_the_engine_never_touches_gc() -> None:
    sources = list(Path(next(iter(pg.__path__))).rglob("*.py"))
    assert len(sources) > 10
    for source in sources:
        assert "import gc" not in source.read_text(encoding="utf-8"), source


def test_every_public_op_is_a_function_and_most_are_methods() -> None:
    for name, op in TABLE.items():
        base = name.partition(".")[0]
        if not op.internal:
            assert callable(getattr(pg, base))
