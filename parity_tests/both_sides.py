"""An expression evaluated by torch and by paragrad.engine: values, gradients and errors held against each other.

In an expression `m` is the module, `F` its functions as torch.nn.functional has them, `T(2, 3)` a new float64 leaf,
`I([0, 1])` an int64 and `B([True])` a bool tensor. Leaves hold small whole numbers, so that every order of summation
gives the same bits and results are compared for equality.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
import torch

import paragrad.engine as pg
from parity_tests.ulps import assert_within_ulps


class Side:
    """One side's module and the leaves that an expression made there."""

    def __init__(self, module: Any) -> None:
        self.m: Any = module
        self.leaves: list[Any] = []
        self.names = {"m": module, "F": pg if module is pg else torch.nn.functional, "inf": math.inf, "nan": math.nan}
        self.names |= {"T": self.leaf, "I": self.integers, "B": self.bools, "np": np, "slice": slice}

    def leaf(self, *shape: int, scale: float = 1.0) -> Any:
        """A leaf of whole numbers from -4 to 4, times `scale`."""
        size, start = math.prod(shape), 7 * len(self.leaves)
        numbers = [((start + k) * 5 % 9 - 4) * scale for k in range(size)]
        made = self.m.tensor(numbers, dtype=self.m.float64).reshape(shape).detach().requires_grad_()
        self.leaves.append(made)
        return made

    def integers(self, data: Any) -> Any:
        """An int64 tensor."""
        return self.m.tensor(data, dtype=self.m.int64)

    def bools(self, data: Any) -> Any:
        """A bool tensor."""
        return self.m.tensor(data, dtype=self.m.bool_ if self.m is pg else torch.bool)

    def evaluate(self, case: str) -> Any:
        """The value of an expression."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return eval(case, self.names)

    def backward(self, result: Any) -> None:
        """Carry whole numbers back from a result."""
        cotangent = self.m.tensor([k % 7 - 3 for k in range(math.prod(result.shape))], dtype=result.dtype)
        result.backward(cotangent.reshape(tuple(result.shape)))


def assert_parity(case: str, ulps: float = 0) -> None:
    """Both sides give the same value and the same gradients."""
    ours, theirs = Side(pg), Side(torch)
    own, expected = ours.evaluate(case), theirs.evaluate(case)
    result = expected.detach().numpy()
    assert_within_ulps(own.detach().numpy(), result, ulps, case, of=[result])
    assert own.requires_grad == expected.requires_grad, f"{case}: requires_grad is {own.requires_grad}"
    if expected.requires_grad:
        ours.backward(own)
        theirs.backward(expected)
        gradients = [leaf.grad.numpy() for leaf in theirs.leaves if leaf.grad is not None]
        for k, (leaf, reference) in enumerate(zip(ours.leaves, theirs.leaves, strict=True)):
            assert (leaf.grad is None) == (reference.grad is None), f"{case}: gradient of leaf {k} is {leaf.grad}"
            if leaf.grad is not None:
                what = f"{case}: gradient of leaf {k}"
                assert_within_ulps(leaf.grad.numpy(), reference.grad.numpy(), ulps, what, of=gradients)


def assert_same_error(case: str) -> str:
    """Both sides raise an exception of the same class; returns our message."""
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - ours has to raise whatever torch raises
        Side(torch).evaluate(case)
    with pytest.raises(theirs.type) as ours:
        Side(pg).evaluate(case)
    return str(ours.value)


def listed(cases: str) -> list[str]:
    """The expressions of a block, between bars or on lines of their own."""
    return [case.strip() for line in cases.strip().splitlines() for case in line.split(" | ")]
