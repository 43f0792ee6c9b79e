"""A root of many elements: the gradients are those of their sum, as a node of its own says."""

from __future__ import annotations

from dataclasses import replace

from paragrad.fuzz.diffing.computation import Computation, DiffError, Labelled
from paragrad.fuzz.diffing.lettering import labelled
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.program import Apply, Backward, Ref


def of_one_number(computation: Computation) -> Computation:
    """The computation whose root is one number: of an array the sum is added, and a note says so.

    Saved Programs say themselves what goes in, and are left alone. Raises DiffError where torch can't compute the root,
    or it is nothing to differentiate.
    """
    program = computation.program
    walk = program.statements[-1] if program.statements else None
    if computation.form not in ("expression", "file") or not isinstance(walk, Backward) or walk.cotangents != (None,):
        return computation
    root = walk.roots[0]
    forward = Labelled(program.inputs, program.statements[:-1])
    value = PyTorch().run(forward).values.get(root)
    if value is not None and value.dtype.kind != "f":
        raise DiffError(f"the result is of dtype {value.dtype}: there is nothing to differentiate")
    if value is None or value.shape == ():
        return computation
    made = program.count
    statements = [*program.statements[:-1], Apply("sum", (Ref(root),), {}, (made,)), Backward((made,), (None,))]
    labels = {k: name for k, name in program.labels.items() if k != root or name != "L"}
    summed = Labelled(program.inputs, statements)
    summed.labels = labelled(summed, labels)
    note = f"the result has shape {value.shape}: the gradients are those of the sum of its elements"
    return replace(computation, program=summed, notes=[*computation.notes, note])
