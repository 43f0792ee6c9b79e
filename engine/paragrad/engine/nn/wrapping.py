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

    `inputs` of the op's first parameters come with the call. The others are the options, in the order of `options`
    where that differs from the op's; torch prints the first `shown` of them. An option that is a Tensor, such as a
    loss' class weights, becomes a buffer.
    """

    op: ClassVar[Op]
    inputs: ClassVar[int] = 1
    names: ClassVar[tuple[str, ...]] = ()
    shown: ClassVar[int | None] = None

    def __init_subclass__(
        cls, op: str = "", inputs: int = 0, options: tuple[str, ...] | None = None, shown: int | None = None
    ) -> None:
        super().__init_subclass__()
        cls.inputs = inputs or cls.inputs
        cls.shown = cls.shown if shown is None else shown
        if op:
            cls.op = TABLE[op]
            cls.names = cls.op.parameters[cls.inputs :] if options is None else options
            cls.__doc__ = cls.__doc__ or cls.op.compute.__doc__

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        name, names = type(self).__name__, self.names
        if len(args) > len(names):
            raise TypeError(f"{name}() takes {len(names)} arguments ({', '.join(names)}), got {len(args)}")
        given = dict(zip(names, args, strict=False))
        for option, value in kwargs.items():
            if option not in names or option in given:
                problem = "got twice the argument" if option in given else "has no argument"
                raise TypeError(f"{name}() {problem} '{option}'; it has: {', '.join(names) or 'none'}")
            given[option] = value
        for option in names:
            if option not in given and option not in self.op.defaults:
                raise TypeError(f"{name}() is missing the argument '{option}'")
            value = given.get(option, self.op.defaults.get(option))
            if isinstance(value, Tensor):
                self.register_buffer(option, value)
            else:
                setattr(self, option, value)

    def forward(self, *tensors: Tensor) -> Any:
        """The op on `tensors`."""
        if len(tensors) != self.inputs:
            wanted = ", ".join(self.op.parameters[: self.inputs])
            raise TypeError(f"{type(self).__name__} is called with {wanted}; got {len(tensors)} arguments")
        return self.op(*tensors, **{name: getattr(self, name) for name in self.names})

    def extra_repr(self) -> str:
        """The options."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self.names[: self.shown])
