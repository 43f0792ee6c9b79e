"""Module: what layers and models derive from, with torch.nn.Module's names.

A Module's parts are its attributes: a Parameter, a Module or a registered buffer, in order of assignment. Nothing is
kept beside them, so `super().__init__()` may be called or left out, and reading `self.weight` costs what it costs in
any Python object (torch looks parts up in dictionaries of their own by `__getattr__`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from paragrad.engine import dtypes
from paragrad.engine.autograd import forget
from paragrad.engine.nn import loading
from paragrad.engine.nn.parameter import Parameter
from paragrad.engine.tensor import Tensor

M = TypeVar("M", bound="Module")
Part = TypeVar("Part")


class Module:
    """A layer or a model. A subclass assigns its parts in `__init__` and says in `forward` what they compute."""

    training = True
    _buffers: dict[str, bool] = {}  # noqa: RUF012 - a constant: register_buffer gives the instance its own
    """The names of the buffers, and whether each belongs to the state_dict."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes."""
        raise NotImplementedError(f"{type(self).__name__} has no forward()")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(vars(self).get(name), Parameter) and not (value is None or isinstance(value, Parameter)):
            raise TypeError(
                f"cannot assign {type(value).__name__} as parameter '{name}' of {type(self).__name__} "
                "(a Parameter or None expected)"
            )
        super().__setattr__(name, value)

    # Parts

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Make `tensor` a part that is no parameter; if `persistent`, it belongs to the state_dict."""
        if hasattr(self, name) and name not in self._buffers:
            raise KeyError(f"attribute '{name}' already exists")
        if not (tensor is None or isinstance(tensor, Tensor)):
            raise TypeError(f"cannot assign {type(tensor).__name__} as buffer '{name}' (a Tensor or None expected)")
        self._buffers = {**self._buffers, name: persistent}
        setattr(self, name, tensor)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Make `param` a part; the same as assigning it."""
        setattr(self, name, param)

    def add_module(self, name: str, module: Module | None) -> None:
        """Make `module` a part under any name, a number for instance."""
        setattr(self, name, module)

    def named_modules(self, prefix: str = "", remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:
        """This module and every one inside it, each once unless told otherwise."""
        seen: set[int] = set()

        def visit(module: Module, path: str) -> Iterator[tuple[str, Module]]:
            if remove_duplicate and id(module) in seen:
                return
            seen.add(id(module))
            yield path, module
            for name, child in vars(module).items():
                if isinstance(child, Module):
                    yield from visit(child, f"{path}.{name}" if path else name)

        return visit(self, prefix)

    def modules(self) -> Iterator[Module]:
        """This module and every one inside it."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside, each once."""
        found = {id(child): (name, child) for name, child in reversed(vars(self).items()) if isinstance(child, Module)}
        return reversed(found.values())

    def children(self) -> Iterator[Module]:
        """The modules directly inside."""
        return (child for _, child in self.named_children())

    def _members(
        self, prefix: str, recurse: bool, remove_duplicate: bool, of: Callable[[Module], Iterator[tuple[str, Part]]]
    ) -> Iterator[tuple[str, Part]]:
        seen: set[int] = set()
        owners = self.named_modules(prefix, remove_duplicate) if recurse else iter([(prefix, self)])
        for path, module in owners:
            for name, part in of(module):
                if not (remove_duplicate and id(part) in seen):
                    seen.add(id(part))
                    yield f"{path}.{name}" if path else name, part

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their dotted names; one that is shared comes once, under its first name."""
        return self._members(prefix, recurse, remove_duplicate, own_parameters)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, each once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their dotted names."""
        return self._members(prefix, recurse, remove_duplicate, own_buffers)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    # Everything at once

    def apply(self: M, fn: Callable[[Module], None]) -> M:
        """Call `fn` on every module inside, then on this one."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self: M, mode: bool = True) -> M:
        """Say to every module whether this is training: dropout depends on it."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """The same as train(False)."""
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Freeze or thaw every parameter."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the parameters' gradients, or fill them with zeros."""
        forget(self.parameters(), set_to_none)

    def to(self: M, dtype: Any) -> M:
        """Bring floating point parameters, their gradients and buffers to `dtype`, in place."""
        wanted = dtypes.as_dtype(dtype)
        if wanted not in dtypes.FLOATS:
            raise TypeError(f"a module can be brought to float32 or float64, not to {wanted}")
        for part in (*self.parameters(), *self.buffers()):
            for tensor in (part, part.grad):
                if tensor is not None and tensor.dtype in dtypes.FLOATS:
                    tensor.array = tensor.array.astype(wanted, copy=False)
        return self

    def float(self: M) -> M:
        """The same as to(float32)."""
        return self.to(dtypes.float32)

    def double(self: M) -> M:
        """The same as to(float64)."""
        return self.to(dtypes.float64)

    # The state

    def state_dict(self, prefix: str = "", keep_vars: bool = False) -> dict[str, Tensor]:
        """Parameters and persistent buffers by torch's names, sharing their memory; detached unless `keep_vars`."""
        return {
            name: part if keep_vars else part.detach() for name, part in loading.state(self, prefix.removesuffix("."))
        }

    def load_state_dict(self, state_dict: Any, strict: bool = True) -> loading.IncompatibleKeys:
        """Copy a state into this module: Tensors, NumPy arrays or torch tensors by name. See `loading.load`."""
        return loading.load(self, state_dict, strict)

    # How it looks

    def extra_repr(self) -> str:
        """What stands between the parentheses before the children."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        inner = [
            f"({name}): " + "\n  ".join(repr(child).split("\n"))
            for name, child in vars(self).items()
            if isinstance(child, Module)
        ]
        if len(lines) == 1 and not inner:
            return f"{type(self).__name__}({extra})"
        body = "".join(f"\n  {line}" for line in (*lines, *inner))
        return f"{type(self).__name__}({body}\n)" if body else f"{type(self).__name__}()"


def own_parameters(module: Module) -> Iterator[tuple[str, Parameter]]:
    """The parameters that are attributes of this very module."""
    return ((name, part) for name, part in vars(module).items() if isinstance(part, Parameter))


def own_buffers(module: Module) -> Iterator[tuple[str, Tensor]]:
    """The buffers of this very module, but for those that are None."""
    return ((name, part) for name in module._buffers if (part := getattr(module, name)) is not None)
