"""Layers that are one op of the table with its options kept: activations, losses and pooling are made of it.

    class ELU(OpModule, op="elu"): ...

says all there is to say: the constructor takes the op's options by their names and defaults, `forward` the op's
tensors, and the docstring is the op's.
"""

from __future__ import annotations

from typing import Any, ClassVar

from paragrad.engine.nn.module import Module
from paragrad.engine.ops.table import TABLE, Op
from paragrad.engine.tensor import Tensor


class OpModule(Module):
    """An op and the options with which it is called.

    `inputs` says how many of the op's first parameters come with the call; the others are options. An option that is a
    Tensor, such as a loss' class weights, becomes a buffer.
    """

    op: ClassVar[Op]
    inputs: ClassVar[int] = 1

    def __init_subclass__(cls, op: str = "", inputs: int = 0, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if op:
            cls.op = TABLE[op]
            cls.__doc__ = cls.__doc__ or cls.op.compute.__doc__
        cls.inputs = inputs or cls.inputs

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        name = type(self).__name__
        names = self.op.parameters[self.inputs :]
        if len(args) > len(names):
            raise TypeError(f"{name}() takes {len(names)} arguments ({', '.join(names)}), got {len(args)}")
        given = dict(zip(names, args, strict=False))
        for option, value in kwargs.items():
            if option not in names or option in given:
                problem = "got twice the argument" if option in given else "has no argument"
                raise TypeError(f"{name}() {problem} '{option}'; it has: {', '.join(names) or 'none'}")
            given[option] = value
        missing = [n for n in names if n not in given and n not in self.op.defaults]
        if missing:
            raise TypeError(f"{name}() is missing the argument '{missing[0]}'")
        for option in names:
            value = given.get(option, self.op.defaults.get(option))
            if isinstance(value, Tensor):
                self.register_buffer(option, value)
            else:
                setattr(self, option, value)

    def options(self) -> dict[str, Any]:
        """The options by name."""
        return {name: getattr(self, name) for name in self.op.parameters[self.inputs :]}

    def forward(self, *tensors: Tensor) -> Any:
        """The op on `tensors`."""
        if len(tensors) != self.inputs:
            wanted = ", ".join(self.op.parameters[: self.inputs])
            raise TypeError(f"{type(self).__name__} is called with {wanted}; got {len(tensors)} arguments")
        return self.op(*tensors, *self.options().values())

    def extra_repr(self) -> str:
        """The options."""
        return ", ".join(f"{name}={value!r}" for name, value in self.options().items())
