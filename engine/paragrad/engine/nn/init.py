"""Initial weights: torch's default distributions, drawn from the engine's own generator."""

from __future__ import annotations

import math
from typing import Any

from paragrad.engine import dtypes, random
from paragrad.engine.dtypes import Array, DType
from paragrad.engine.nn.parameter import Parameter


def _own(array: Array, dtype: Any) -> Parameter:
    wanted: DType = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    return Parameter(array.astype(wanted))


def uniform(shape: tuple[int, ...], bound: float, dtype: Any = None) -> Parameter:
    """A Parameter with elements uniform in [-bound, bound)."""
    return _own(random.generator().uniform(-bound, bound, shape), dtype)


def normal(shape: tuple[int, ...], dtype: Any = None) -> Parameter:
    """A Parameter with standard normal elements."""
    return _own(random.generator().standard_normal(shape), dtype)


def weight_and_bias(shape: tuple[int, ...], bias: bool, dtype: Any = None) -> tuple[Parameter, Parameter | None]:
    """A weight (out, in, ...) and a bias (out,) as torch starts Linear and Conv: both uniform within 1 / √fan_in.

    For the weight that is Kaiming's uniform distribution with a = √5; fan_in counts what one output sums up.
    """
    fan_in = math.prod(shape[1:])
    bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
    weight = uniform(shape, bound, dtype)
    return weight, uniform(shape[:1], bound, dtype) if bias else None
