"""Pooling: one number for each window of an image."""

from __future__ import annotations

from typing import Any

from paragrad.engine.nn.wrapping import OpModule


class Pool(OpModule):
    """What they share: the stride is the size of the window unless it is given."""

    kernel_size: Any
    stride: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.stride is None:
            self.stride = self.kernel_size


MAX_OPTIONS = ("kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode")


# fmt: off
class AvgPool2d(Pool, op="avg_pool2d", shown=3): ...
class MaxPool2d(Pool, op="max_pool2d", options=MAX_OPTIONS):
    def extra_repr(self) -> str:
        """The options, as torch writes them."""
        shown = [name for name in self.names if name != "return_indices"]
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
