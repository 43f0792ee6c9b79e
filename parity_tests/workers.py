"""What the tests of foreign engines share: the subject that misbehaves, who runs it, and small programs for it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.worker.limits import Limits
from paragrad.fuzz.engines.worker.protocol import Target
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref

SUBJECTS = Path(__file__).parent / "subjects"
CHILDREN = ("speaker", "child")
"""Who runs the subject: a program of its own that speaks the protocol, and the child that runs any Python class."""


def command(mode: str = "") -> str:
    """The command line of speaker.py."""
    return f'"{sys.executable}" "{SUBJECTS / "speaker.py"}" {mode}'


def misbehaving(child: str = "speaker", mode: str = "", **limits: Any) -> Foreign:
    """misbehaving.Value; what it does wrong, says the variable PARAGRAD_FAULT."""
    held = Limits(**{"seconds": 0.5, "memory": 400 << 20, **limits})
    if child == "speaker":
        return Foreign(command=command(mode), limits=held)
    file = SUBJECTS / "misbehaving.py"
    return Foreign(Target(path=file, class_name="Value", root=SUBJECTS), python=Path(sys.executable), limits=held)


def program(x: float) -> Program:
    """x * 2 + tanh(x), and backward: the fault comes in statement 1 of program(13)."""
    statements = [
        Apply("mul", (Ref(0), Ref(1)), {}, (2,)),
        Apply("tanh", (Ref(0),), {}, (3,)),
        Apply("add", (Ref(2), Ref(3)), {}, (4,)),
        Backward((4,), (None,)),
    ]
    return Program([Input.of(name, np.array(data), True) for name, data in (("x", x), ("y", 2.0))], statements)
