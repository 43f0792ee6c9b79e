"""Run a Program, given as its JSON, on a subject; what comes back is the protocol's trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from . import construct, gradient, guard, names, packages, plain, stepping
from .construct import Unsupported
from .plain import Plain
from .probe import Subject
from .stubs import MissingDependency

WHOLE = 2.0**31
"""Numbers smaller than this in size, and even, are given as ints."""


class ReturnedNone(Exception):
    """An op of the subject returned nothing."""


class WrongShape(Exception):
    """A root has another shape than its cotangent: it was told as a wrong value."""


class Run:
    """One run of one program: `variables` are the subject's instances, or whatever its ops gave.

    `tell` is called with the position of each statement before it runs.
    """

    def __init__(self, subject: Subject, program: dict[str, Any], tell: Callable[[int], None] | None = None) -> None:
        self.subject = subject
        self.maker = subject.maker
        self.left: Any = None
        self.retain: str | None = subject.gradients.retain
        self.begin(subject.kind, program, tell)

    def begin(self, kind: str, program: dict[str, Any], tell: Callable[[int], None] | None) -> None:
        """Nothing has run yet."""
        self.scalar = kind == "scalar"
        self.program = program
        self.tell = tell
        self.variables: list[Any] = []
        self.known: set[int] = set()
        self.asked: list[bool] = []
        self.parents: list[list[int]] = []
        self.aliases: set[int] = set()
        self.reached: set[int] = set()
        self.walked: set[int] = set()
        self.values: dict[str, Any] = {}
        self.trace: dict[str, Any] = {"values": self.values, "gradients": {}, "parameters": {}, "inputs_after": {}}

    def run(self) -> dict[str, Any]:
        """Run every statement, or up to the first that fails."""
        position = -1
        failure = None
        try:
            for spec in self.program["inputs"]:
                self.take(self.leaf(spec), spec["requires_grad"], [])
            for position, statement in enumerate(self.program["statements"]):
                if self.tell is not None:
                    self.tell(position)
                self.statement(position, statement)
                guard.check()
        except BaseException as error:
            guard.check()
            kind = "Unsupported" if isinstance(error, MissingDependency) else type(error).__name__
            failure = {"statement": position, "type": kind, "message": plain.message(error)}
            where = packages.raised(self.root(), error)
            if where is not None:
                failure["where"] = where
        self.trace["failure"] = failure
        for index in range(min(len(self.program["inputs"]), len(self.variables))):
            self.trace["inputs_after"][str(index)] = self.shown(self.variables[index])
        return self.trace

    def root(self) -> Path:
        """The folder in which the subject's own files lie."""
        return self.subject.loaded.place.root

    def leaf(self, spec: dict[str, Any]) -> Any:
        """An instance for an input; a view of the subject's NumPy where the input is one."""
        if self.scalar and spec["dtype"] == "float64" and len(spec["storage"]) == 1:  # the quick way
            number = float(spec["storage"][0])
            # People write Value(2) as often as Value(2.0): even numbers are ints here.
            if number and number % 2 == 0 and abs(number) < WHOLE and self.maker.whole:
                return self.maker.constructor.make(int(number), bool(spec["requires_grad"]))
            return self.maker.make(Plain([number]), bool(spec["requires_grad"]))
        shape = tuple(spec["shape"])
        data = plain.decode(spec["storage"], spec["dtype"])
        if spec["strides"] is None:
            return self.maker.make(Plain(data, shape, spec["dtype"]), bool(spec["requires_grad"]))
        array = plain.numpy()
        if array is None or self.maker.listed:
            data = plain.viewed(data, shape, spec["strides"], spec["offset"])
            return self.maker.make(Plain(data, shape, spec["dtype"]), bool(spec["requires_grad"]))
        storage = array.array(data, dtype=spec["dtype"])
        steps = [s * storage.itemsize for s in spec["strides"]]
        view = array.lib.stride_tricks.as_strided(storage[spec["offset"] :], shape, steps)
        return self.maker.constructor.make(view, bool(spec["requires_grad"]))

    def take(self, value: Any, asked: bool, parents: list[int]) -> None:
        """Take up a new variable and show its value. What an op gave back as it was is no variable of its own."""
        index = len(self.variables)
        if id(value) in self.known and self.is_node(value):
            self.aliases.add(index)
        self.known.add(id(value))
        self.variables.append(value)
        self.asked.append(asked)
        self.parents.append(parents)
        self.values[str(index)] = self.shown(value)

    def is_node(self, value: Any) -> bool:
        """Whether it is an instance of the subject's: a plain number may be the same object in two places."""
        return self.maker.is_node(value)

    def shown(self, value: Any) -> Any:
        """The numbers of a variable as the protocol has them."""
        try:
            if self.scalar and self.maker.is_node(value):
                number = self.maker.access(value)
                if type(number) is float:  # the usual case, and the quick one
                    return plain.bare(number)
            found = self.maker.read(value)
            return {"unreadable": plain.describe(value)} if found is None else self.encoded(found)
        except BaseException as error:
            return {"unreadable": type(error).__name__ + ": " + plain.message(error)}

    def encoded(self, numbers: Plain) -> Any:
        """The numbers as the protocol has them; a scalar engine's are single, whatever they lie in."""
        if self.scalar and len(numbers.data) == 1:
            if not numbers.dtype.startswith("float") or numbers.dtype == "float64":
                return plain.bare(float(numbers.data[0]))
            numbers = Plain(numbers.data, (), numbers.dtype)
        return plain.encode(numbers)

    def statement(self, position: int, statement: dict[str, Any]) -> None:
        """Run one statement."""
        if "op" in statement:
            self.apply(statement)
        elif "backward" in statement:
            if statement.get("create_graph"):
                raise Unsupported("second derivatives are not asked of a foreign engine")
            self.backward(statement)
            self.trace["gradients"][str(position)] = self.gradients()
        elif "zero_grad" in statement:
            self.zero()
        elif "optimizer_step" in statement:
            self.trace["parameters"][str(position)] = self.step(self.program["optimizer"])
        else:
            raise Unsupported("a foreign engine is not asked for " + ", ".join(sorted(statement)))

    def value(self, argument: dict[str, Any]) -> Any:
        """An argument of the JSON with the subject's instances in it."""
        ((tag, value),) = argument.items()
        if tag == "ref":
            return self.variables[value]
        if tag == "int":
            return int(value)
        if tag == "float":
            return float(value)
        if tag in ("bool", "str"):
            return value
        if tag == "none":
            return None
        if tag == "ellipsis":
            return Ellipsis
        if tag == "tuple":
            return tuple([self.value(part) for part in value])
        if tag == "slice":
            return slice(*[self.value(part) for part in value])
        raise Unsupported("an argument of kind " + tag)

    def apply(self, statement: dict[str, Any]) -> None:
        """Call an op and show its output."""
        op = statement["op"]
        bound = self.subject.bound.get(op)
        if bound is None:
            raise Unsupported("no " + op + " was found")
        if len(statement["outputs"]) != 1:
            raise Unsupported(op + " with several outputs")
        args = []
        parents: list[int] = []
        for argument in statement["args"]:
            place = argument.get("ref")
            if place is None:
                args.append(self.value(argument))
                parents += _refs(argument)
            else:
                args.append(self.variables[place])
                parents.append(place)
        operands, rest = args[: bound.arity], args[bound.arity :]
        options = dict(zip(names.PARAMETERS.get(op, ()), rest)) if rest else {}
        for name, argument in statement["kwargs"].items():
            options[name] = self.value(argument)
            parents += _refs(argument)
        placed = self.subject.candidates.in_place(op) if statement.get("in_place") else None
        result = (bound if placed is None else placed).call(*operands, **options)
        if result is None:
            raise ReturnedNone((bound.candidate if placed is None else placed).spelled + " returned None")
        asked = any(self.asked[k] for k in parents)
        if self.retain is not None and asked and self.maker.is_node(result):
            getattr(result, self.retain)()
        if placed is not None and result is operands[0]:
            # The old variable is no more: what is held now, and has a gradient, is the new one.
            self.aliases.add(parents[0])
            self.known.discard(id(result))
        self.take(result, asked, parents)

    def backward(self, statement: dict[str, Any]) -> None:
        """One walk from all roots: from their sum, weighted by the cotangents."""
        gradients = self.subject.gradients
        roots = [self.variables[k] for k in statement["backward"]]
        weights = [None if k is None else self.variables[k] for k in statement["cotangents"]]
        for root, weight in zip(roots, weights):
            if weight is not None and not self.scalar:
                self.fits(root, weight)
        if self.retain is not None:
            self.forget()
        self.walk_from(statement["backward"])
        seed = None
        start = gradients.start
        if len(roots) == 1 and (weights[0] is None or gradients.seeding is not None):
            root = roots[0]
            if weights[0] is not None:
                start, seed = gradients.seeding, self.raw(weights[0])
        else:
            root = self.subject.weighing.total(roots, weights)
        returned = start.run(root, seed)
        self.left = gradient.leavings(gradients.access, root, returned)

    def walk_from(self, roots: list[int]) -> None:
        """Note the variables that a walk from these roots comes to."""
        self.walked = set()
        pending = list(roots)
        while pending:
            k = pending.pop()
            if k not in self.walked:
                self.walked.add(k)
                pending.extend(self.parents[k])
        self.reached |= self.walked

    def fits(self, root: Any, weight: Any) -> None:
        """Refuse to weigh a root by numbers of another shape, which the subject's own ops may broadcast for ever."""
        shapes = [numbers.shape for numbers in map(self.maker.read, (root, weight)) if numbers is not None]
        if len(shapes) == 2 and shapes[0] != shapes[1] and () not in shapes:
            raise WrongShape("the root has shape " + str(shapes[0]) + ", its cotangent " + str(shapes[1]))

    def raw(self, node: Any) -> Any:
        """A node's numbers as the subject takes them."""
        numbers = self.maker.read(node)
        return node if numbers is None else construct.raw(numbers, self.maker.listed)

    def gradients(self) -> dict[str, Any]:
        """The gradient of every variable of which one is asked.

        What no walk reached has none in torch, where most engines show 0: that is shown as none; anything else there
        is shown as it is. What an earlier walk left on an inner node that this one did not reach is not shown.
        """
        found: dict[str, Any] = {}
        get = self.subject.gradients.access.get
        inputs = len(self.program["inputs"])
        for index, value in enumerate(self.variables):
            if not self.asked[index] or index in self.aliases or not self.maker.is_node(value):
                continue
            if index >= inputs and index in self.reached and index not in self.walked:
                continue
            hidden = bool(self.parents[index]) and not self.subject.gradients.inner
            try:
                if self.scalar and index in self.reached and not hidden:
                    number = get(value, self.left)
                    if type(number) is float:
                        found[str(index)] = plain.bare(number)
                        continue
                numbers = self.subject.gradients.read(value, self.left)
            except BaseException as error:
                found[str(index)] = {"unreadable": type(error).__name__ + ": " + plain.message(error)}
                continue
            if hidden and (numbers is None or numbers.zero()):
                continue  # it keeps those of leaves only: not shown is neither none nor 0
            if numbers is None or (index not in self.reached and numbers.zero()):
                found[str(index)] = None
            else:
                found[str(index)] = self.encoded(numbers)
        return found

    def forget(self) -> None:
        """Clear what an earlier walk left on inner nodes that were asked to keep it: no later walk uses that."""
        name = self.subject.gradients.access.name
        for value in self.variables[len(self.program["inputs"]) :]:
            if name is not None and self.maker.is_node(value):
                setattr(value, name, None)

    def zero(self) -> None:
        """Have every leaf that a walk has reached forget its gradient."""
        inputs = self.program["inputs"]
        for index, spec in enumerate(inputs):
            if spec["requires_grad"] and index in self.reached:
                self.subject.gradients.zero(self.variables[index], self.leaf(spec))
        self.reached = {index for index in self.reached if index >= len(inputs)}

    def step(self, optimizer: dict[str, Any]) -> dict[str, Any]:
        """One step of the optimizer, SGD with nothing but a rate; the parameters after it."""
        if optimizer["name"] != "SGD" or set(optimizer["options"]) != {"lr"}:
            raise Unsupported("only SGD with lr alone is asked of a foreign engine")
        rate = self.value(optimizer["options"]["lr"])
        for index in optimizer["parameters"]:
            if index in self.reached:
                numbers = self.subject.gradients.read(self.variables[index], self.left)
                if numbers is not None:
                    stepping.step(self.maker, self.variables[index], numbers, rate)
        return {str(index): self.shown(self.variables[index]) for index in optimizer["parameters"]}


def _refs(argument: Any) -> list[int]:
    """The variables that arguments refer to."""
    if isinstance(argument, list):
        return [k for part in argument for k in _refs(part)]
    if isinstance(argument, dict):
        if "ref" in argument:
            return [argument["ref"]]
        return [k for tag in ("tuple", "slice") for k in _refs(argument.get(tag, []))]
    return []
