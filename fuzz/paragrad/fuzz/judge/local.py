"""The local reference: one statement of a Program, recomputed by torch at the subject's own values.

What the subject showed for a statement's operands and incoming gradients is taken as exact. The statement is computed
by torch in float64 for the expected numbers, by torch in the subject's dtypes for how it treats inf and NaN, and by the
engine on Bounded arrays for how far rounding alone may carry a correct implementation from the expected numbers.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

import paragrad.engine as pg
from paragrad.engine import dtypes
from paragrad.engine.ops.rounding import MOVES
from paragrad.engine.ops.shape import sum_to_size
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.pytorch import resolve
from paragrad.fuzz.engines.pytorch_strided import spaced
from paragrad.fuzz.judge.bounds import Bounded, modelling, sizes
from paragrad.fuzz.judge.expected import Expected, apart, bound_on
from paragrad.fuzz.judge.layouts import elsewhere
from paragrad.fuzz.judge.meeting import meeting_dtype, numbers_dtype, rounded
from paragrad.fuzz.judge.saved import ShownOutput, uses_output
from paragrad.fuzz.program import Apply, Array, Dtype, Ref, refs, replace_refs


class RefusedError(Exception):
    """What the subject showed can't be recomputed from: it lies where torch, or the engine's own rules, refuse it."""


class LocalReference:
    """A statement recomputed at given operand values, once for its values and once a gradient."""

    def __init__(self, statement: Apply, values: Mapping[int, Array], needing: frozenset[int]) -> None:
        self.statement = statement
        self.operands = sorted({*refs(statement.args), *refs(statement.kwargs)})
        self.values = values
        self.meeting = meeting_dtype(statement, values)
        self.numbers = numbers_dtype(statement, values)
        self.needing = needing
        self.shifts: Mapping[int, Array] = {}
        self.strided = False
        self.shown: Array | None = None

    def native_values(self) -> list[Array]:
        """The outputs as torch computes them in the subject's own dtypes."""
        return [output.detach().numpy() for output in self.outputs(None)[0]]

    def value_size(self, native: Array) -> Array:
        """The size of what was added up to `native`: the sum of the magnitudes; `native` itself where it is no sum."""
        op = TABLE[self.statement.op]
        if not op.rounding.sums or op.rounding is MOVES:
            return np.abs(native)
        with np.errstate(all="ignore"), own_rules(op.name, False):
            return np.asarray(op.compute(*sizes(op, self._arrays())))

    def gradient_sizes(self, incoming: Sequence[Array | None]) -> dict[int, Array]:
        """For each operand that requires grad, likewise; only for ops that are sums of products of their operands."""
        op = TABLE[self.statement.op]
        gradient = incoming[0]
        if not op.rounding.sums or op.listed or gradient is None:
            return {}
        arguments = sizes(op, self._arrays())
        bound = op.bind(self.statement.args, dict(self.statement.kwargs))
        found = {}
        with np.errstate(all="ignore"), own_rules(op.name, False):
            for bit, position in op.operands:
                operand = bound[position]
                if isinstance(operand, Ref) and operand.index in self.needing:
                    plan = op.plan(bit)
                    (rule,) = plan.rules
                    size = np.asarray(rule(np.abs(gradient), plan.save([*arguments, gradient])))
                    found[operand.index] = sum_to_size(size, self.values[operand.index].shape)
        return found

    def _arrays(self) -> list[Any]:
        args, kwargs = _arguments(self.statement, self.values, dtypes.as_dtype)
        return list(TABLE[self.statement.op].bind(tuple(args), kwargs))

    def native_gradients(self, incoming: Sequence[Array | None]) -> dict[int, Array]:
        """For each operand that requires grad, torch's contribution in the subject's own dtypes."""
        return self.vjp(None, incoming)

    def gradients_beside(self, shifts: Mapping[int, Array], incoming: Sequence[Array | None]) -> dict[int, Array]:
        """torch's contributions in float64 with the operands moved by `shifts`."""
        moved = LocalReference(self.statement, self.values, self.needing)
        moved.shifts = shifts
        return moved.vjp(np.float64, incoming)

    def values_expected(self) -> list[Expected | None]:
        """For each output what it should be; None where it is of integer or bool dtype, compared exactly elsewhere."""
        exact, unrounded = self._exact_values()
        native = self.outputs(None)[0]
        with own_rules(self.statement.op, self.finest(())):
            payloads = self._bounded()[0]
        found: list[Expected | None] = []

        def again(reference: LocalReference, spot: int | None, copies: int) -> dict[int, Array]:
            return {k: output.detach().numpy() for k, output in enumerate(reference.outputs(None)[0])}

        for e, n, b, other in zip(exact, native, payloads, unrounded, strict=True):
            payload: Any = b.array
            native_array = n.detach().numpy()
            if not n.dtype.is_floating_point:
                found.append(None)
                continue
            bound = bound_on(payload, native_array, e) if isinstance(payload, Bounded) else 0.0
            expected = Expected(e, native_array, bound + apart(e, other))
            expected.elsewhere = elsewhere(self, {len(found): native_array}, native_array.shape, again).get(
                len(found), ()
            )
            found.append(expected)
        return found

    def gradients_expected(self, incoming: Sequence[Array | None]) -> dict[int, Expected]:
        """For each operand that requires grad, what this statement contributes given its outputs' gradients.

        And given its output, where the subject's is `shown`.
        """
        saved = None
        if self.shown is not None and uses_output(TABLE[self.statement.op]):
            saved = ShownOutput(self.shown)
        exact = self.vjp(np.float64, incoming, saved=saved)
        native = self.vjp(None, incoming)
        unrounded = self.vjp(np.float64, incoming, False, saved) if self.inexact_numbers else exact
        with own_rules(self.statement.op, self.finest(incoming)):
            payloads = self._bounded_gradients(incoming, saved is not None and saved.used)
        found = {}
        for k in exact:
            if k in payloads:
                bound = bound_on(payloads[k], native[k], exact[k]) + apart(exact[k], unrounded[k])
                found[k] = Expected(exact[k], native[k], bound)
        if (first := incoming[0]) is not None:
            flat = first.reshape(-1)

            def again(reference: LocalReference, spot: int | None, copies: int) -> dict[int, Array]:
                return reference.vjp(None, incoming if spot is None else [np.repeat(flat[spot], copies)])

            for k, others in elsewhere(self, native, first.shape, again).items():
                if k in found:
                    found[k].elsewhere = others
        return found

    def _exact_values(self) -> tuple[list[Array], list[Array]]:
        """The outputs in float64, with Python numbers rounded and as they are."""
        exact = [e.detach().numpy().astype(np.float64) for e in self.outputs(np.float64)[0]]
        if not self.inexact_numbers:
            return exact, exact
        return exact, [e.detach().numpy().astype(np.float64) for e in self.outputs(np.float64, rounds=False)[0]]

    @functools.cached_property
    def inexact_numbers(self) -> bool:
        """Whether a Python number changes when it is rounded: an op may compute with it before or after that."""
        op = TABLE[self.statement.op]
        given = [*self.statement.args, *self.statement.kwargs.values(), *op.defaults.values()]
        numbers = self.numbers
        return numbers is not None and any(rounded(a, numbers) != a for a in given if type(a) is float)

    def finest(self, incoming: Sequence[Array | None]) -> bool:
        """Whether nothing but float64 takes part."""
        arrays = [self.values[k] for k in self.operands] + [g for g in incoming if g is not None]
        given = (*self.statement.args, *self.statement.kwargs.values())
        return not any(a.dtype == np.float32 for a in arrays) and not any(isinstance(a, Dtype) for a in given)

    def outputs(self, dtype: Any, rounds: bool = True) -> tuple[list[torch.Tensor], dict[int, torch.Tensor]]:
        """torch's outputs, and its leaves by operand, in float64 or (dtype None) in the subject's own dtypes.

        Python numbers are rounded to the subject's dtype first, or not. Raises RefusedError.
        """
        try:
            leaves = self._leaves(dtype)
        except RuntimeError as error:
            raise RefusedError(f"torch refuses the operands of {self.statement.op} there: {error}") from error
        args, kwargs = _arguments(self.statement, leaves, lambda name: _torch_dtype(name, dtype))
        if dtype is not None and self.numbers is not None and rounds:
            # torch rounds Python numbers, those that are defaults, too, to the dtype in which it computes.
            op = TABLE[self.statement.op]
            defaults = {n: op.defaults[n] for n in op.parameters[len(args) :] if type(op.defaults.get(n)) is float}
            args = [rounded(a, self.numbers) for a in args]
            kwargs = {name: rounded(a, self.numbers) for name, a in {**defaults, **kwargs}.items()}
        try:
            result = resolve(self.statement.op)(*args, **kwargs)
        except (RuntimeError, ValueError, IndexError, TypeError) as error:
            raise RefusedError(f"torch refuses {self.statement.op} there: {error}") from error
        return list(result) if isinstance(result, tuple | list) else [result], leaves

    def _leaves(self, dtype: Any) -> dict[int, torch.Tensor]:
        leaves = {}
        for k in self.operands:
            array = self.values[k]
            if dtype is not None and array.dtype.kind == "f":
                array = array.astype(self.meeting or array.dtype).astype(dtype)
                array = array + self.shifts[k] if k in self.shifts else array  # -0.0 + 0.0 is 0.0
            leaf = torch.from_numpy(np.array(array))
            leaves[k] = (spaced(leaf) if self.strided else leaf).requires_grad_(k in self.needing)
        return leaves

    def vjp(
        self,
        dtype: Any,
        incoming: Sequence[Array | None],
        rounds: bool = True,
        saved: ShownOutput | None = None,
    ) -> dict[int, Array]:
        """For each operand that requires grad what torch contributes to its gradient; as for `outputs`."""
        with contextlib.nullcontext() if saved is None else saved.saving():
            outputs, leaves = self.outputs(dtype, rounds)
        if saved is not None:
            saved.stand_for(outputs, leaves)
        roots = [(o, g) for o, g in zip(outputs, incoming, strict=True) if g is not None and o.requires_grad]
        if not roots:
            return {}
        targets = [leaves[k] for k in leaves if leaves[k].requires_grad]
        seeds = [torch.from_numpy(np.array(g)).to(o.dtype) for o, g in roots]
        try:
            gradients: Any = torch.autograd.grad(*_started([o for o, _ in roots], seeds, targets), allow_unused=True)
        except RuntimeError as error:
            raise RefusedError(f"torch refuses the backward of {self.statement.op} there: {error}") from error
        names = [k for k in leaves if leaves[k].requires_grad]
        return {k: g.detach().numpy() for k, g in zip(names, gradients, strict=True) if g is not None}

    def _bounded(self) -> tuple[list[pg.Tensor], dict[int, pg.Tensor]]:
        leaves = {}
        for k in self.operands:
            array = self.values[k]
            payload: Any = Bounded.exact(array) if array.dtype.kind == "f" else np.array(array)
            leaves[k] = pg.Tensor(payload, k in self.needing)
        args, kwargs = _arguments(self.statement, leaves, dtypes.as_dtype)
        result = TABLE[self.statement.op](*args, **kwargs)
        return list(result) if isinstance(result, tuple | list) else [result], leaves

    def _bounded_gradients(self, incoming: Sequence[Array | None], as_shown: bool) -> dict[int, Any]:
        outputs, leaves = self._bounded()
        if as_shown and self.shown is not None:
            output: Any = outputs[0].array
            output.value, output.error = self.shown.astype(np.float64), np.zeros(self.shown.shape)
        roots = [(o, g) for o, g in zip(outputs, incoming, strict=True) if g is not None and o.requires_grad]
        if not roots:
            return {}
        wanted = [k for k in leaves if leaves[k].requires_grad]
        payloads: list[Any] = [Bounded.exact(g) for _, g in roots]
        seeds = [pg.Tensor(payload) for payload in payloads]
        targets = [leaves[k] for k in wanted]
        gradients = pg.grad([o for o, _ in roots], targets, seeds, create_graph=True, allow_unused=True)
        return {k: g.array for k, g in zip(wanted, gradients, strict=True) if g is not None}


def _started(
    outputs: list[torch.Tensor], seeds: list[torch.Tensor], targets: list[torch.Tensor]
) -> tuple[list[torch.Tensor], list[torch.Tensor], list[torch.Tensor] | None]:
    """The arguments of torch.autograd.grad that send the seeds back through the outputs.

    A single number's seed is a factor, of which 1 comes back times the seed, which is the seed: torch imports its
    symbolic shapes, which takes a second, at the first gradient that it is given.
    """
    if all(o.ndim == 0 for o in outputs):
        return [o * seed for o, seed in zip(outputs, seeds, strict=True)], targets, None
    return outputs, targets, seeds


@contextlib.contextmanager
def own_rules(op: str, finest: bool) -> Iterator[None]:
    """Runs the engine's rules on Bounded arrays; whatever they raise says that they are of no use there.

    Raises RefusedError.
    """
    try:
        with modelling(finest=finest):
            yield
    except Exception as error:
        raise RefusedError(f"the engine's own rules for {op} fail there: {type(error).__name__}: {error}") from error


def _torch_dtype(name: str, working: Any) -> torch.dtype:
    """A dtype argument, raised to the working precision where it is a float one."""
    raised = "float64" if working is not None and name in ("float32", "float64") else name
    found: torch.dtype = getattr(torch, raised)
    return found


def _arguments(statement: Apply, leaves: Mapping[int, Any], dtype: Any) -> tuple[list[Any], dict[str, Any]]:
    def convert(argument: Any) -> Any:
        if isinstance(argument, Dtype):
            return dtype(argument.name)
        return replace_refs(argument, leaves.__getitem__)

    return [convert(a) for a in statement.args], {k: convert(v) for k, v in statement.kwargs.items()}
