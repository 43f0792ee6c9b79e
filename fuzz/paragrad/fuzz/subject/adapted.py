"""Run a Program, given as its JSON, through an adapter; what comes back is the protocol's trace."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Callable

from . import execute, plain
from .adapter import Adapter
from .construct import Unsupported
from .plain import Plain


class Run(execute.Run):
    """One run of one program: `variables` are what the adapter's `leaf` and ops gave."""

    def __init__(self, adapter: Adapter, program: dict[str, Any], tell: Callable[[int], None] | None = None) -> None:
        self.adapter = adapter
        self.walks = 0
        self.used: list[int] = []
        self.calls: list[dict[str, Any]] = []
        self.pulled: dict[int, Any] = {}
        self.begin(adapter.kind, program, tell)

    def step(self, optimizer: dict[str, Any]) -> dict[str, Any]:
        """None: an adapter says nothing of how parameters are written to."""
        raise Unsupported("an adapter is not asked for optimizer steps")

    def root(self) -> Path:
        """The adapter's folder."""
        return self.adapter.file.parent

    def leaf(self, spec: dict[str, Any]) -> Any:
        """A variable for an input: the adapter gets a NumPy array where it has imported NumPy, else nested lists."""
        return self.made(numbers(spec, self.adapter.kind), bool(spec["requires_grad"]))

    def made(self, array: Any, asked: bool) -> Any:
        """What the adapter makes of numbers."""
        make = self.adapter.function("leaf")
        return array if make is None else make(array, asked)

    def is_node(self, value: Any) -> bool:
        """True: whatever the adapter gives is a variable."""
        return True

    def shown(self, value: Any) -> Any:
        """The numbers of a variable as the protocol has them."""
        read = self.adapter.function("value")
        try:
            return self.array(value if read is None else read(value))
        except BaseException as error:
            return {"unreadable": type(error).__name__ + ": " + plain.message(error)}

    def array(self, value: Any) -> Any:
        """A number, an array or nested lists as the protocol has them."""
        found = plain.within(value, plain.DATA_NAMES)
        return {"unreadable": plain.describe(value)} if found is None else self.encoded(found)

    def statement(self, position: int, statement: dict[str, Any]) -> None:
        """Run one statement. NotImplementedError is how an adapter, or an engine, says that it has none of that."""
        try:
            super().statement(position, statement)
        except NotImplementedError as error:
            raise Unsupported(plain.message(error) or "it raises NotImplementedError") from error

    def value(self, argument: dict[str, Any]) -> Any:
        """An argument of the JSON with the adapter's variables in it; which of them, is noted in `used`."""
        if "ref" in argument:
            self.used.append(argument["ref"])
        return super().value(argument)

    def called(self, statement: dict[str, Any]) -> list[Any]:
        """Call an op, as torch's of the same name is called; its outputs."""
        op, outputs = statement["op"], len(statement["outputs"])
        function = self.adapter.ops.get(op)
        if function is None:
            raise Unsupported("no " + op + " in ops")
        self.used = []
        args = [self.value(argument) for argument in statement["args"]]
        options = {name: self.value(argument) for name, argument in statement["kwargs"].items()}
        if not self.adapter.takes(op, args, options):
            raise Unsupported(op + " with " + ", ".join([str(len(args)) + " arguments", *options]))
        result = function(*args, **options)
        if result is None:
            raise execute.ReturnedNone("ops[" + repr(op) + "] returned None")
        if outputs == 1:
            return [result]
        if not isinstance(result, (tuple, list)) or len(result) != outputs:
            raise ValueError(op + " gave " + plain.describe(result) + ", expected " + str(outputs) + " values")
        return list(result)

    def apply(self, statement: dict[str, Any]) -> None:
        """Call an op and show its outputs."""
        found = self.called(statement)
        parents = self.used
        self.calls.append(statement)
        asked = any(self.asked[k] for k in parents)
        for value in found:
            self.take(value, asked, parents)

    def backward(self, statement: dict[str, Any]) -> None:
        """One walk from all roots."""
        self.walks += 1
        if self.adapter.backward_once and self.walks > 1:
            raise Unsupported("a second backward, as the adapter says")
        roots = statement["backward"]
        self.walk_from(roots)
        seeds = [None if k is None else self.variables[k] for k in statement["cotangents"]]
        if self.adapter.vjp is not None:
            self.pull(roots, [self.ones(r) if seed is None else seed for r, seed in zip(roots, seeds)])
        else:
            self.adapter.function("backward")([self.variables[k] for k in roots], seeds)

    def ones(self, variable: int) -> Any:
        """Ones like a variable."""
        shown = self.values[str(variable)]
        shape, dtype = (shown["shape"], shown["dtype"]) if isinstance(shown, dict) else ([], "float64")
        spec = {"shape": shape, "strides": None, "dtype": dtype, "storage": [1.0] * math.prod(shape)}
        return self.made(numbers(spec, self.adapter.kind), False)

    def pull(self, roots: list[int], cotangents: list[Any]) -> None:
        """Add to the leaves' gradients what the adapter's vjp gives for the program as a function of them."""
        leaves = [k for k in range(len(self.program["inputs"])) if self.asked[k] and k in self.walked]

        def function(given: list[Any]) -> list[Any]:
            kept = self.variables
            self.variables = list(kept)
            try:
                for k, leaf in zip(leaves, given):
                    self.variables[k] = leaf
                for call in self.calls:
                    outputs = call["outputs"]
                    if any(k in self.walked and self.asked[k] for k in outputs):
                        self.variables[outputs[0] : outputs[0] + len(outputs)] = self.called(call)
                return [self.variables[k] for k in roots]
            finally:
                self.variables = kept

        _, pullback = self.adapter.vjp(function, [self.variables[k] for k in leaves])
        for k, found in zip(leaves, pullback(cotangents)):
            self.pulled[k] = self.pulled[k] + found if k in self.pulled else found

    def gradients(self) -> dict[str, Any]:
        """The gradient of every variable of which one is asked; of leaves only, where functions are differentiated."""
        if self.adapter.vjp is not None:
            return self.leaf_gradients()
        found: dict[str, Any] = {}
        inputs = len(self.program["inputs"])
        for k, variable in enumerate(self.variables):
            if not self.asked[k] or k in self.aliases or (k >= inputs and k in self.reached and k not in self.walked):
                continue
            try:
                gradient = self.adapter.function("gradient")(variable)
                if gradient is None and k >= inputs:
                    continue  # it keeps those of leaves only: not shown is not none
                none = gradient is None or (k not in self.reached and zero(gradient))
                found[str(k)] = None if none else self.array(gradient)
            except BaseException as error:
                found[str(k)] = {"unreadable": type(error).__name__ + ": " + plain.message(error)}
        return found

    def leaf_gradients(self) -> dict[str, Any]:
        """The sums of what vjp gave: numbers or arrays, or what `value` reads."""
        found: dict[str, Any] = {}
        for k in range(len(self.program["inputs"])):
            if self.asked[k] and k not in self.pulled:
                found[str(k)] = None
            elif self.asked[k]:
                bare = plain.plain(self.pulled[k])
                found[str(k)] = self.shown(self.pulled[k]) if bare is None else self.encoded(bare)
        return found

    def zero(self) -> None:
        """Forget the gradients of the leaves."""
        self.pulled.clear()
        self.reached.clear()
        if self.adapter.vjp is not None:
            return
        forget = self.adapter.function("zero")
        if forget is None:
            raise Unsupported("zero_grad, for the adapter has no zero")
        for k, spec in enumerate(self.program["inputs"]):
            if spec["requires_grad"]:
                forget(self.variables[k])


def numbers(spec: dict[str, Any], kind: str) -> Any:
    """An input's numbers: one Python number (`kind` "scalar"), a NumPy array if there is NumPy, or nested lists."""
    shape, dtype = tuple(spec["shape"]), spec["dtype"]
    data = plain.decode(spec["storage"], dtype)
    numpy = plain.numpy()
    if kind == "scalar":
        return data[spec.get("offset", 0)]
    if numpy is None:
        if spec["strides"] is not None:
            data = plain.viewed(data, shape, spec["strides"], spec["offset"])
        return Plain(data, shape, dtype).nested()
    storage = numpy.array(data, dtype=dtype)
    if spec["strides"] is None:
        return storage.reshape(shape)
    steps = [s * storage.itemsize for s in spec["strides"]]
    # Its base is the array itself: of what `as_strided` gives it is an object that engines stumble over.
    return numpy.ndarray(shape, dtype, storage, spec["offset"] * storage.itemsize, steps)


def zero(gradient: Any) -> bool:
    """Whether a gradient is 0 everywhere."""
    found = plain.within(gradient, plain.DATA_NAMES)
    return found is not None and found.zero()
