"""Running a Program on an engine whose tensors live in this process: what torch's adapter and ours share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.program import (
    Apply,
    Array,
    Backward,
    Dtype,
    Grad,
    Input,
    OptimizerStep,
    Program,
    Ref,
    Statement,
    ZeroGrad,
)
from paragrad.fuzz.trace import Failure, Trace

SEED = 0
"""From where a program with random ops draws, so that it gives the same numbers each time."""


class Interpreter(ABC):
    """The statements of a Program, one by one. A subclass says how its engine makes, calls and reads tensors."""

    name: str
    foreign = False

    @abstractmethod
    def ops(self) -> frozenset[str]:
        """The ops the engine can run."""

    @abstractmethod
    def manual_seed(self, seed: int) -> None:
        """Start the engine's random numbers from `seed`."""

    @abstractmethod
    def leaf(self, spec: Input) -> Any:
        """A leaf tensor for an input."""

    @abstractmethod
    def callee(self, op: str) -> Callable[..., Any]:
        """The engine's function for an op."""

    @abstractmethod
    def dtype(self, name: str) -> Any:
        """The engine's dtype of this name."""

    @abstractmethod
    def alias(self, tensor: Any) -> Any:
        """The tensor as the output of an op of its own."""

    @abstractmethod
    def read(self, tensor: Any) -> Array:
        """The tensor's numbers, without a copy."""

    @abstractmethod
    def backward(self, roots: list[Any], cotangents: list[Any], retain_graph: bool, create_graph: bool) -> None:
        """Accumulate gradients into the leaves."""

    @abstractmethod
    def grad(self, roots: list[Any], cotangents: list[Any], inputs: list[Any]) -> tuple[Any, ...]:
        """Gradients with respect to `inputs`, recorded."""

    @abstractmethod
    def optimizer(self, name: str, parameters: list[Any], options: dict[str, Any]) -> Any:
        """An optimizer object with step()."""

    def run(self, program: Program, beside: Trace | None = None) -> Trace:
        """Run a program; an exception of the engine becomes the Trace's failure.

        Each optimizer step of a run `beside` another engine's goes on from the parameters that the other one reached.
        """
        return Run(self, program, beside).run()


class Run:
    """One run of one program: `variables` are the engine's tensors."""

    def __init__(self, engine: Interpreter, program: Program, beside: Trace | None = None) -> None:
        self.engine = engine
        self.program = program
        self.beside = beside
        self.trace = Trace()
        self.variables: list[Any] = []
        self.stepper: Any = None

    def run(self) -> Trace:
        """Run every statement, or up to the first that fails."""
        read = self.engine.read
        values = self.trace.values
        position = -1
        try:
            if any(TABLE[statement.op].recover for _, statement in self.program.applications()):
                self.engine.manual_seed(SEED)
            for index, spec in enumerate(self.program.inputs):
                tensor = self.engine.leaf(spec)
                self.variables.append(tensor)
                values[index] = read(tensor)
            if (optimizer := self.program.optimizer) is not None:
                parameters = [self.variables[k] for k in optimizer.parameters]
                self.stepper = self.engine.optimizer(optimizer.name, parameters, optimizer.options)
                for k in optimizer.parameters:
                    values[k] = values[k].copy()
            for position, statement in enumerate(self.program.statements):
                if type(statement) is Apply:
                    self.apply(statement)
                else:
                    self.other(position, statement)
        except Exception as error:  # noqa: BLE001 - whatever the engine raises is what we came to see
            self.trace.failure = Failure(position, type(error).__name__, str(error))
        for index in range(min(len(self.program.inputs), len(self.variables))):
            self.trace.inputs_after[index] = read(self.variables[index])
        return self.trace

    def resolve(self, argument: Any) -> Any:
        """An argument with the engine's tensors and dtypes in it."""
        kind = type(argument)
        if kind is Ref:
            return self.variables[argument.index]
        if kind is tuple:
            return tuple([self.resolve(part) for part in argument])
        if kind is Dtype:
            return self.engine.dtype(argument.name)
        return argument

    def apply(self, statement: Apply) -> None:
        """Call an op and show its outputs."""
        variables = self.variables
        args = [variables[a.index] if type(a) is Ref else self.resolve(a) for a in statement.args]
        kwargs = {k: self.resolve(v) for k, v in statement.kwargs.items()} if statement.kwargs else {}
        result = self.engine.callee(statement.op)(*args, **kwargs)
        if len(statement.outputs) == 1 and type(result) not in (tuple, list):
            if statement.in_place and (result.shape != args[0].shape or result.dtype != args[0].dtype):
                raise ValueError(f"{statement.op} in place would change the shape or dtype of what it writes to")
            if args and result is args[0]:
                # As dropout does when it drops nothing. The new variable has a gradient of its own to show.
                result = self.engine.alias(result)
            self.show(statement.outputs[0], result)
            return
        if len(result) != len(statement.outputs):
            raise ValueError(f"{statement.op} gave {len(result)} outputs, expected {len(statement.outputs)}")
        for index, tensor in zip(statement.outputs, result, strict=True):
            self.show(index, tensor)

    def show(self, index: int, tensor: Any) -> None:
        """Take up a new variable: its value now, its gradient after each backward."""
        if tensor.requires_grad and not tensor.is_leaf:
            tensor.retain_grad()
        self.variables.append(tensor)
        value = self.engine.read(tensor)
        # A view of a parameter would change with it when the optimizer steps.
        self.trace.values[index] = value if self.stepper is None else value.copy()

    def other(self, position: int, statement: Statement) -> None:
        """Run a statement that is not an op."""
        variables = self.variables
        match statement:
            case Backward(roots, cotangents, retain_graph, create_graph):
                self.forget_intermediate()
                # A recorded gradient may turn out to be a constant, as that of sign does: nothing goes back from it.
                live = [(r, c) for r, c in zip(roots, cotangents, strict=True) if variables[r].requires_grad]
                seeds = [None if c is None else variables[c] for _, c in live]
                self.engine.backward([variables[r] for r, _ in live], seeds, retain_graph, create_graph)
                self.trace.gradients[position] = self.gradients()
            case Grad(roots, cotangents, inputs, outputs):
                seeds = [None if c is None else variables[c] for c in cotangents]
                found = self.engine.grad([variables[r] for r in roots], seeds, [variables[i] for i in inputs])
                for index, tensor in zip(outputs, found, strict=True):
                    self.show(index, tensor)
            case ZeroGrad():
                for tensor in variables[: len(self.program.inputs)]:
                    tensor.grad = None
            case OptimizerStep():
                assert self.program.optimizer is not None
                self.stepper.step()
                parameters = self.program.optimizer.parameters
                held = {k: self.engine.read(variables[k]) for k in parameters}
                self.trace.parameters[position] = {k: array.copy() for k, array in held.items()}
                for k, array in self.beside.parameters.get(position, {}).items() if self.beside else ():
                    if array.shape == held[k].shape:
                        held[k][...] = array

    def forget_intermediate(self) -> None:
        """Clear what earlier backwards left on variables that are no leaves, so that each backward shows its own."""
        if self.trace.gradients:
            for tensor in self.variables[len(self.program.inputs) :]:
                if tensor.requires_grad and not tensor.is_leaf:
                    tensor.grad = None

    def gradients(self) -> dict[int, Array | None]:
        """The gradient of every variable that requires one; leaves' are copied, for later backwards add to them."""
        read = self.engine.read
        found: dict[int, Array | None] = {}
        for index, tensor in enumerate(self.variables):
            if tensor.requires_grad:
                gradient = tensor.grad
                found[index] = None if gradient is None else read(gradient).copy()
        return found
