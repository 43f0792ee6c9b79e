"""The state of a Module as a dict of names, and back: torch's names, so that a state travels both ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from paragrad.engine import dtypes
from paragrad.engine.dtypes import Array
from paragrad.engine.tensor import Tensor

if TYPE_CHECKING:
    from paragrad.engine.nn.module import Module


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict(strict=False)` left alone."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not any(self):
            return "<All keys matched successfully>"
        return f"IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def state(module: Module, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Parameters and persistent buffers by dotted name, module by module; what is shared comes under all its names."""
    from paragrad.engine.nn.module import own_buffers, own_parameters

    for path, owner in module.named_modules(prefix, remove_duplicate=False):
        lead = f"{path}." if path else ""
        for name, part in own_parameters(owner):
            yield lead + name, part
        for name, buffer in own_buffers(owner):
            if owner._buffers[name]:
                yield lead + name, buffer


def load(module: Module, saved: Mapping[str, Any], strict: bool) -> IncompatibleKeys:
    """Copy `saved` into the module's tensors, in their dtypes.

    Raises RuntimeError that lists every missing and unexpected name (unless `strict` is false) and every shape that
    does not fit; nothing has been copied then.
    """
    held = dict(state(module))
    missing = [name for name in held if name not in saved]
    unexpected = [name for name in saved if name not in held]
    arrays = {name: as_array(value) for name, value in saved.items() if name in held}
    errors = []
    if strict and unexpected:
        errors.append(f"Unexpected key(s) in state_dict: {_quoted(unexpected)}.")
    if strict and missing:
        errors.append(f"Missing key(s) in state_dict: {_quoted(missing)}.")
    errors.extend(
        f"size mismatch for {name}: copying a param with shape {array.shape} from checkpoint, "
        f"the shape in current model is {held[name].shape}."
        for name, array in arrays.items()
        if array.shape != held[name].shape
    )
    if errors:
        lines = "".join(f"\n\t{error}" for error in errors)
        raise RuntimeError(f"Error(s) in loading state_dict for {type(module).__name__}:{lines}")
    for name, array in arrays.items():
        held[name].array[...] = array
    return IncompatibleKeys(missing, unexpected)


def as_array(value: Any) -> Array:
    """The numbers of a Tensor, of an array, or of anything that NumPy reads, torch's tensors among them."""
    array = value.array if isinstance(value, Tensor) else np.asarray(value)
    dtypes.as_dtype(array.dtype)
    return array


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
