"""Tensor: an array, and how it was made.

`array` holds the numbers. A leaf (`node` is None) collects its gradient in `grad`; any other tensor's `node` is the op
that made it. Nearly all methods come from the op table: see `functional.py`; `backward` is given by `autograd.py`.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from paragrad.engine import dtypes
from paragrad.engine.dtypes import Array, DType
from paragrad.engine.graph import Node, Watch
from paragrad.engine.ops.table import handlers

_hook_ids = itertools.count()


class RemovableHandle:
    """What register_hook returns; `remove()` takes the hook away."""

    def __init__(self, hooks: dict[int, Callable[..., Any]], key: int) -> None:
        self._hooks, self._key = hooks, key

    def remove(self) -> None:
        """Take the hook away. A second call does nothing."""
        self._hooks.pop(self._key, None)


class Tensor:
    """An n-dimensional array of bool, int64, float32 or float64 that can take part in automatic differentiation.

    Make one with `tensor(data)`. Operators and methods follow torch.Tensor in name, argument names and meaning.
    """

    __slots__ = ("__weakref__", "array", "grad", "hooks", "node", "requires_grad")

    array: Array
    grad: Tensor | None
    node: Node | None
    requires_grad: bool
    __array_priority__ = 1000  # NumPy's operators defer to ours

    def __init_subclass__(cls) -> None:
        handlers[cls] = handlers[Tensor]  # ops look an operand's class up exactly

    def __init__(self, array: Array, requires_grad: bool = False, node: Node | None = None) -> None:
        self.array = array
        self.requires_grad = requires_grad
        self.node = node
        self.grad = None
        self.hooks: dict[int, Callable[..., Any]] | None = None

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

        def __getitem__(self, index: Any) -> Tensor: ...

    # What it is

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each dimension."""
        return self.array.shape

    @property
    def dtype(self) -> DType:
        """bool, int64, float32 or float64."""
        return self.array.dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded op made it."""
        return self.node is None

    @property
    def retains_grad(self) -> bool:
        """Whether a tensor that is no leaf keeps its gradient."""
        return self.node is not None and self.node.watch is not None and self.node.watch.retainer is not None

    @property
    def grad_fn(self) -> Node | None:
        """The recorded op that made it."""
        return self.node

    @property
    def T(self) -> Tensor:
        """The dimensions in reverse."""
        result: Tensor = self.permute(tuple(range(self.ndim))[::-1])
        return result

    @property
    def mT(self) -> Tensor:
        """The last two dimensions exchanged."""
        result: Tensor = self.transpose(-2, -1)
        return result

    @property
    def data(self) -> Tensor:
        """The same memory outside the graph, as torch's `.data`."""
        return Tensor(self.array)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        """The number of dimensions."""
        return self.ndim

    def numel(self) -> int:
        """The number of elements."""
        return self.array.size

    def is_floating_point(self) -> bool:
        """Whether the dtype is float32 or float64."""
        return self.array.dtype in dtypes.FLOATS

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    # Out of the graph

    def numpy(self) -> Array:
        """The array itself, sharing memory. Raises RuntimeError for a tensor that requires grad, as torch does."""
        if self.requires_grad:
            raise RuntimeError("can't call numpy() on a tensor that requires grad: use tensor.detach().numpy()")
        return self.array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def detach(self) -> Tensor:
        """The same memory outside the graph."""
        return Tensor(self.array)

    def item(self) -> Any:
        """The only element as a Python number. Raises RuntimeError where there are several."""
        if self.array.size != 1:
            raise RuntimeError(f"item() needs a tensor of one element, this one has shape {self.shape}")
        return self.array.item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return self.array.tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.array.dtype.kind not in "ib" or self.array.size != 1:
            raise TypeError("only an integer tensor of one element can be an index")
        return int(self.array.item())

    def __bool__(self) -> bool:
        if self.array.size != 1:
            raise RuntimeError(f"the truth of a tensor of shape {self.shape} is ambiguous: use any() or all()")
        return bool(self.array.item())

    # Gradients

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for a gradient, or for none any more, in place.

        Raises RuntimeError for integers and bools that are to have one, and for a result that is to have none.
        """
        if requires_grad:
            check_differentiable(self.array.dtype)
        elif self.node is not None:
            raise RuntimeError("only a leaf's requires_grad can be turned off: use detach()")
        self.requires_grad = requires_grad
        return self

    def retain_grad(self) -> None:
        """Keep the gradient in `.grad` although this is no leaf. Raises RuntimeError where no gradient is asked for."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad() on a tensor that has requires_grad=False")
        if self.node is not None:
            self.node.watch = self.node.watch or Watch()
            self.node.watch.retainer = weakref.ref(self)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook(gradient)` whenever this tensor's gradient is computed; what it returns replaces it.

        Raises RuntimeError where no gradient is asked for.
        """
        if not self.requires_grad:
            raise RuntimeError("can't register a hook on a tensor that doesn't require grad")
        if self.node is not None:
            self.node.watch = self.node.watch or Watch()
            hooks = self.node.watch.hooks
        else:
            hooks = self.hooks = {} if self.hooks is None else self.hooks
        key = next(_hook_ids)
        hooks[key] = hook
        return RemovableHandle(hooks, key)

    # Python's protocols

    def __iter__(self) -> Iterator[Tensor]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return (self[k] for k in range(self.shape[0]))

    __hash__ = object.__hash__  # by identity: __eq__ compares elements

    def __repr__(self) -> str:
        text = np.array2string(self.array, separator=", ", precision=4, prefix="tensor(", threshold=1000)
        notes = ""
        if self.dtype not in (dtypes.get_default_dtype(), dtypes.int64, dtypes.bool_) or not self.array.size:
            notes += f", dtype={self.dtype}"
        if self.node is not None:
            notes += f", grad_fn=<{self.node.plan.op.name}>"
        elif self.requires_grad:
            notes += ", requires_grad=True"
        return f"tensor({text}{notes})"


def check_differentiable(dtype: DType) -> None:
    """Raise RuntimeError, as torch does, where a dtype can't carry gradients."""
    if dtype not in dtypes.FLOATS:
        raise RuntimeError(f"only tensors of floating point dtype can require gradients, not {dtype}")
