"""A rule that uses its op's output is judged at the output that the subject showed.

tanh's rule is g (1 - out²). What the subject saved for it is the output it showed, rounded; taken as it is, that
output brings no error along, and a fault far smaller than its rounding is seen. It holds for engines whose rules save
their outputs where torch's do: ours and torch itself. Another may compute tanh anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from paragrad.engine.ops.table import Op
from paragrad.fuzz.program import Array


def uses_output(op: Op) -> bool:
    """Whether one of the op's rules names the op's one output."""
    if op.composite or len(op.outputs) > 1:
        return False
    place = (len(op.parameters), None)
    return any(place in op.plan(bit).keep for bit, position in op.operands if position in op.differentiable)


class ShownOutput:
    """The output that a subject showed, in the place of the one that torch saves for its backward.

    `used` says, after a backward, whether torch asked for it.
    """

    def __init__(self, shown: Array) -> None:
        self.shown = shown
        self.output: torch.Tensor | None = None
        self.used = False

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Ops in this block hand out the shown output where they have saved theirs."""
        with torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor.detach(), self.unpack):
            yield

    def stand_for(self, outputs: Sequence[torch.Tensor], leaves: Mapping[int, torch.Tensor]) -> None:
        """Say which output is meant: none where it is one of the leaves seen otherwise."""
        (output,) = outputs
        if output.numel() and all(output.data_ptr() != leaf.data_ptr() for leaf in leaves.values()):
            self.output = output

    def unpack(self, saved: torch.Tensor) -> torch.Tensor:
        """What an op has saved, or the shown output."""
        output = self.output
        if output is None or saved.data_ptr() != output.data_ptr() or saved.shape != output.shape:
            return saved
        self.used = True
        return torch.from_numpy(np.array(self.shown)).to(saved.dtype)
