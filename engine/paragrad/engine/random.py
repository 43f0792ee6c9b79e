"""The one source of randomness of the engine: initial weights and dropout draw from it, and nothing else does.

As in torch there is one generator for all threads. NumPy's Generator locks its state while it draws, so threads never
see the same numbers; in which order they get theirs is theirs to settle.
"""

from __future__ import annotations

import numpy as np

_generator = np.random.default_rng()


def manual_seed(seed: int) -> np.random.Generator:
    """Start again from `seed`: the same program then draws the same numbers. Returns the new generator."""
    global _generator  # noqa: PLW0603 - torch's generator is global, too
    _generator = np.random.default_rng(seed)
    return _generator


def generator() -> np.random.Generator:
    """What initial weights and dropout draw from."""
    return _generator
