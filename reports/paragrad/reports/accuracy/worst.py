"""Where the engine is furthest from the truth, of one op in one dtype: the program, the element, and a script of it.

A program is not written down but numbered: op, dtype, seed and number draw it again, on any machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from paragrad.engine.ops.rounding import Elementwise
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.explain import expression
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.program import Apply, Array, Program, refs
from paragrad.fuzz.repro import script
from paragrad.reports.accuracy.ulp import Truth, comparable, distance
from paragrad.reports.bodies.accuracy import WorstPoint


@dataclass(slots=True)
class Worst:
    """The engine's furthest element so far: of which program (by its number) and variable, and how far in ULP."""

    ulp: float = 0.0
    number: int = 0
    program: Program | None = None
    variable: int = 0
    gradient: str = ""
    element: tuple[int, ...] = ()
    shape: tuple[int, ...] = ()
    told: tuple[str, str, str] = ("", "", "")

    def look(
        self, number: int, program: Program, variable: int, gradient: str, own: Array, torch: Array, truth: Truth
    ) -> None:
        """At an array of the engine's, of the same shape as torch's and the truth; `gradient` names the argument."""
        off = np.where(comparable(own, truth), distance(own, truth), 0.0)
        if not off.size or off.max() <= self.ulp:
            return
        element = tuple(int(k) for k in np.unravel_index(int(off.argmax()), off.shape))
        self.ulp, self.number, self.program = float(off[element]), number, program
        self.variable, self.gradient = variable, gradient
        self.element, self.shape = element, own.shape
        self.told = (f"{own[element]!s}", f"{torch[element]!s}", f"{truth.hi[element]!s}")

    def point(self, op: str, dtype: str) -> WorstPoint | None:
        """As the record has it; None where nothing is off."""
        if self.program is None:
            return None
        statement = self.program.statements[0]
        assert isinstance(statement, Apply)
        engine, torch, truth = self.told
        return {
            "op": op,
            "dtype": dtype,
            "of": f"grad {self.gradient}" if self.gradient else "value",
            "ulp": float(f"{self.ulp:.4g}"),
            "program": self.number,
            "call": expression(self.program, statement.outputs[0]),
            "inputs": inputs(self.program, statement, self.element, self.shape),
            "element": list(self.element),
            "engine": engine,
            "torch": torch,
            "truth": truth,
        }

    def script(self, op: str) -> str:
        """A script that runs the program on both sides. Raises ValueError where nothing is off."""
        if self.program is None:
            raise ValueError("the engine is not off in this program")
        kind = "gradient" if self.gradient else "value"
        message = f"{self.ulp:.4g} ULP from the truth {self.told[2]} at {list(self.element)}"
        finding = Finding(kind, 0, op, self.variable, message, self.gradient)
        return script(self.program, finding, fails=False)


def inputs(program: Program, statement: Apply, element: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """The operands: their numbers at an element of an array of this shape, where the op works element by element and no
    operand is broadcast but a single number; else their shapes."""
    used = dict.fromkeys(refs(statement.args)) | dict.fromkeys(refs(statement.kwargs))
    arrays = {program.name(k): program.inputs[k].array() for k in used}
    alike = all(array.shape in ((), shape) for array in arrays.values())
    if isinstance(TABLE[statement.op].rounding, Elementwise) and alike:
        return ", ".join(f"{name} = {_at(array, element)}" for name, array in arrays.items())
    return ", ".join(f"{name} {array.dtype}{list(array.shape)}" for name, array in arrays.items())


def _at(array: Array, element: tuple[int, ...]) -> Any:
    return array[element if array.shape else ()]
