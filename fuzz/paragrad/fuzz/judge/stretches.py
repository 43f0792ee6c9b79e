"""End to end between two optimizer steps: the parameters are those that the subject showed after the first of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from paragrad.fuzz.judge.end_to_end import EndToEnd
from paragrad.fuzz.judge.expected import Expected, exactly
from paragrad.fuzz.program import Apply, Array, Backward, Input, OptimizerStep, Program, Statement, ZeroGrad, refs
from paragrad.fuzz.trace import Trace


class Stretches:
    """A program cut at its optimizer steps; each stretch is computed only if it is needed.

    Of an engine that is `foreign`, what jumps where it was found wrong is unclear.
    """

    def __init__(self, program: Program, trace: Trace, reference: Trace, foreign: bool) -> None:
        self.program = program
        self.trace = trace
        self.reference = reference
        self.foreign = foreign
        self.made: dict[int, EndToEnd] = {}

    def value(self, position: int, variable: int, found: Array) -> Expected:
        """What a variable should be that is made at `position`."""
        if self._crosses(position, [variable]):
            return _unclear(self.reference.values[variable])
        whole = self._at(position)
        return self._settled(whole, whole.value(variable), found, lambda trace: trace.values[variable])

    def gradient(self, position: int, variable: int, found: Array) -> Expected:
        """What the gradient of a variable should be after the backward at `position`."""
        walk = self.program.statements[position]
        if isinstance(walk, Backward) and (self._crosses(position, walk.roots) or self._adds_up(position)):
            return _unclear(self.reference.gradients[position][variable])
        whole = self._at(position)
        expected = whole.gradient(position, variable)
        return self._settled(whole, expected, found, lambda trace: trace.gradients[position][variable])

    def _settled(
        self, whole: EndToEnd, expected: Expected, found: Array, pick: Callable[[Trace], Array | None]
    ) -> Expected:
        if self.foreign and not expected.accepts(found).all():
            expected.unclear = whole.jumps(pick)
        return expected

    def _last_step(self, position: int) -> int:
        """The optimizer step before a position, -1 where there is none."""
        steps = [k for k, s in enumerate(self.program.statements[:position]) if isinstance(s, OptimizerStep)]
        return max(steps, default=-1)

    def _at(self, position: int) -> EndToEnd:
        """The program without steps, at the parameters of the stretch in which a position lies."""
        last = self._last_step(position)
        if last not in self.made:
            program = self.program
            if program.optimizer is not None:
                shown = self.trace.parameters.get(last, {})
                inputs = [
                    Input.of(spec.name, shown[k], spec.requires_grad)
                    if k in shown and shown[k].shape == spec.shape
                    else spec
                    for k, spec in enumerate(program.inputs)
                ]
                # No gradient is asked for that adds up over a step, so forgetting them changes none.
                statements: list[Statement] = [
                    ZeroGrad() if isinstance(s, OptimizerStep) else s for s in program.statements
                ]
                program = replace(program, inputs=inputs, statements=statements, optimizer=None)
            self.made[last] = EndToEnd(program, self.reference, self.foreign)
        return self.made[last]

    def _crosses(self, position: int, variables: Iterable[int]) -> bool:
        """Whether something that these were made from was made before the last step."""
        last = self._last_step(position)
        needed = set(variables)
        for k in range(position, -1, -1):
            statement = self.program.statements[k]
            if isinstance(statement, Apply) and not needed.isdisjoint(statement.outputs):
                if k < last:
                    return True
                needed.update(refs(statement.args), refs(statement.kwargs))
        return False

    def _adds_up(self, position: int) -> bool:
        """Whether leaves still hold gradients from before the last step."""
        last = self._last_step(position)
        return last >= 0 and not any(isinstance(s, ZeroGrad) for s in self.program.statements[last:position])


def _unclear(torchs: Array | None) -> Expected:
    assert torchs is not None
    expected = exactly(torchs)
    expected.unclear = np.ones(torchs.shape, np.bool_)
    return expected
