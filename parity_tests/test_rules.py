"""What every entry of the op table keeps to: rules in ops of the table, docstrings, torch's names, fused = rule."""

from __future__ import annotations

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import paragrad.engine.ops as families
from paragrad.engine.ops.table import TABLE, op
from paragrad.fuzz.engines.pytorch import PyTorch, resolve
from paragrad.fuzz.strategies.single import single
from parity_tests.test_ops import assert_parity

MODULES = [import_module(f"paragrad.engine.ops.{m.name}") for m in pkgutil.iter_modules(families.__path__)]
FACTS = {"shape", "ndim", "dtype"}
"""Attributes that arrays, Tensors and Bounded arrays share."""
STATED = set(inspect.signature(op).parameters) - {"pullbacks"}
"""What `@op(...)` states besides pullbacks."""


def rules_of(module: Any) -> Iterator[tuple[str, ast.AST]]:
    """The syntax trees of a module's pullbacks: lambdas in `@op(...)`, and the module's functions that these call."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.decorator_list}
    pending: list[tuple[str, ast.AST]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "op":
                    pending += [(node.name, k.value) for k in decorator.keywords if k.arg not in STATED]
    seen: set[str] = set()
    while pending:
        owner, rule = pending.pop()
        yield owner, rule
        for name in {n.id for n in ast.walk(rule) if isinstance(n, ast.Name)} & set(functions) - seen:
            seen.add(name)
            pending.append((owner, functions[name]))


def test_rules_use_ops_of_the_table_only() -> None:
    offences = []
    count = 0
    for module in MODULES:
        for owner, rule in rules_of(module):
            count += 1
            for node in ast.walk(rule):
                if isinstance(node, ast.Name) and node.id in ("np", "numpy"):
                    offences.append(f"{module.__name__}: a pullback of {owner} uses NumPy")
                called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                if called and getattr(node.func.value, "id", "") not in ("math", "operator"):  # type: ignore[attr-defined]
                    offences.append(f"{module.__name__}: a pullback of {owner} calls the method .{node.func.attr}()")  # type: ignore[attr-defined]
    assert count > 50
    assert not offences, "\n".join(offences)


def test_the_check_of_rules_sees_faults(tmp_path: Path) -> None:
    source = (
        "@op(input=lambda g, x: np.exp(g), other=lambda g: _f(g))\n"
        "def bad(): ...\n"
        "def _f(g):\n"
        "    return g.transpose()\n"
    )
    path = tmp_path / "bad.py"
    path.write_text(source, encoding="utf-8")
    module = type("M", (), {"__file__": str(path), "__name__": "bad"})
    found = [ast.unparse(rule) for _, rule in rules_of(module)]
    assert any("np.exp" in text for text in found)
    assert any("transpose" in text for text in found)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_an_entry_is_complete(name: str) -> None:
    entry = TABLE[name]
    assert inspect.getdoc(entry.compute), f"{name} has no docstring"
    if not entry.internal:
        resolve(name)
        assert entry.sample is not None, f"{name} is public and has no sample: the fuzzer can't reach it"


REACHED_BY = {"named_cross_entropy": "cross_entropy"}
"""Internal ops with fused pullbacks, and the public op that uses each."""


@pytest.mark.parametrize("name", sorted(n for n, entry in TABLE.items() if entry.fused))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rules_are_in_parity_without_their_fused_forms(name: str, dtype: str) -> None:
    """test_ops judges the fused forms; here the same programs run on the rules, so both are what torch computes."""
    entry = TABLE[name]
    held, entry.fused = entry.fused, {}
    entry.plans.clear()
    try:
        for program in single(TABLE[REACHED_BY.get(name, name)], dtype, second=False, count=60):
            assert_parity(program)
    finally:
        entry.fused = held
        entry.plans.clear()


def test_torch_is_the_oracle_by_name() -> None:
    assert PyTorch().ops() == frozenset(name for name, entry in TABLE.items() if not entry.internal)


def test_an_op_whose_operands_cannot_be_told_is_refused() -> None:
    """Its pullbacks would be ignored, and a wrong gradient would pass as parity."""

    def double(input: Any) -> Any:
        return input * 2

    double.__annotations__ = {"input": np.ndarray}
    with pytest.raises(TypeError, match=r"double: the annotation of input is no text.*from __future__"):
        op(input=lambda g: g * 3)(double)
    double.__annotations__ = {}
    with pytest.raises(TypeError, match="double: the annotation of input is no text"):
        op(input=lambda g: g * 3)(double)
    double.__annotations__ = {"input": "float"}
    with pytest.raises(TypeError, match="double: a pullback for input, but the operands are none"):
        op(input=lambda g: g * 3)(double)
    assert "double" not in TABLE
