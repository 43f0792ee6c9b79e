"""Convolutions: (N, C, sizes...) or (C, sizes...), as torch's, padded with zeros."""

from __future__ import annotations

from typing import Any

from paragrad.engine.nn import init
from paragrad.engine.nn.module import Module
from paragrad.engine.ops.convolution import conv1d, conv2d
from paragrad.engine.tensor import Tensor


def each(value: Any, count: int) -> Any:
    """One number for every dimension; a tuple and the padding's names stay as they are."""
    return (value,) * count if isinstance(value, int) else value


class Conv(Module):
    """What Conv1d and Conv2d share; `spatial` is the number of dimensions that the kernel moves along."""

    spatial: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: str | int | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        dtype: Any = None,
    ) -> None:
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError(f"in_channels must be divisible by groups: {in_channels} by {groups}")
        if out_channels % groups:
            raise ValueError(f"out_channels must be divisible by groups: {out_channels} by {groups}")
        if isinstance(padding, str) and padding not in ("same", "valid"):
            raise ValueError(f"padding must be a number, a tuple, 'same' or 'valid', not {padding!r}")
        if padding == "same" and any(s != 1 for s in each(stride, self.spatial)):
            raise ValueError("padding='same' is not supported for strided convolutions")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = each(kernel_size, self.spatial)
        self.stride = each(stride, self.spatial)
        self.padding = each(padding, self.spatial)
        self.dilation = each(dilation, self.spatial)
        self.groups = groups
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight, self.bias = init.weight_and_bias(shape, bias, dtype)

    def extra_repr(self) -> str:
        """The arguments, as torch writes them: what has its default value is left out."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * self.spatial:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.spatial:
            text += f", dilation={self.dilation}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        return text if self.bias is not None else f"{text}, bias=False"


class Conv1d(Conv):
    """(N, in_channels, L) to (N, out_channels, L'): see the op conv1d."""

    spatial = 1

    def forward(self, input: Tensor) -> Tensor:
        """See the class."""
        result: Tensor = conv1d(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
        return result


class Conv2d(Conv):
    """(N, in_channels, H, W) to (N, out_channels, H', W'): see the op conv2d."""

    spatial = 2

    def forward(self, input: Tensor) -> Tensor:
        """See the class."""
        result: Tensor = conv2d(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
        return result
