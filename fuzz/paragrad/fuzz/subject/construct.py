"""How an instance is made from numbers, and where its numbers lie."""

from __future__ import annotations

import inspect
import operator
import sys
from pathlib import Path
from typing import Any, Callable

from . import packages, plain
from .plain import Plain

DATA_PARAMETERS = (*plain.DATA_NAMES, "values", "initial_value", "init", "number", "scalar", "a", "n")
GRADIENT_PARAMETERS = ("requires_grad", "require_grad", "requiresgrad", "requires_gradient", "need_grad", "needs_grad",
                       "trainable", "track_grad", "requires_grads")  # fmt: skip
READERS = ("item", "numpy", "get_data", "get_value", "getvalue", "value", "data", "tolist")
FACTORIES = ("tensor", "value", "scalar", "variable", "var", "array", "node", "parameter", "param", "leaf", "constant")
LIBRARIES = ("builtins", "numpy", "abc", "typing")
"""Where classes come from that are numbers, but none of an engine."""
TENSOR_MEMBERS = frozenset(
    "matmul mm sum mean reshape transpose t shape ndim reducesum expanddims broadcastto flatten permute "
    "squeeze unsqueeze".split()
)
"""Members, by normal name, that only an engine of arrays has."""


class Unsupported(Exception):
    """The subject has no way to be asked for this: nothing is wrong with it."""


class ConstructorError(Exception):
    """No way was found to make an instance that holds a number; the message says what was tried."""


class Constructor:
    """Makes instances: `form` is how, in words, `code` the same as Python, "" where it takes more than an expression.

    In `code` stand {data} for the numbers, {requires_grad} and {dtype}.
    """

    def __init__(
        self, make: Callable[[Any, bool], Any], form: str, option: str | None, default: bool, code: str
    ) -> None:
        self.make = make
        self.form = form
        self.code = code
        self.option = option
        self.default = default


def _fill(name: str) -> Any:
    """A likely argument for a required parameter that is not the number."""
    lower = name.lower()
    if any(word in lower for word in ("child", "parent", "prev", "input", "operand", "dep", "args")):
        return ()
    if lower == "grad":
        return 0.0
    return "" if any(word in lower for word in ("op", "label", "name", "sym")) else None


def named_parameters(cls: Any) -> list[inspect.Parameter]:
    """The parameters of a constructor that can be given by name; none where that can't be told."""
    try:
        parameters = list(inspect.signature(cls).parameters.values())
    except (TypeError, ValueError):
        return []
    return [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]


def flags(cls: Any) -> list[str]:
    """Parameters that may be what makes an instance require grad, by another name: those that are False by default."""
    named = named_parameters(cls)
    if any(p.name.lower() in GRADIENT_PARAMETERS for p in named):
        return []
    return [p.name for p in named if p.default is False]


def constructors(cls: Any, module: Any, flag: str | None = None) -> list[Constructor]:
    """The ways to try, likeliest first. Each takes the raw number (or array, or list) and whether it requires grad.

    A `flag` is the parameter that says so, where that has no usual name.
    """
    found: list[Constructor] = []
    named = named_parameters(cls)
    option = flag or next((p.name for p in named if p.name.lower() in GRADIENT_PARAMETERS), None)
    default = any(p.name == option and p.default is True for p in named)
    dtype = any(p.name == "dtype" and p.default is not None for p in named)
    required = [p.name for p in named if p.default is p.empty and p.name != option]
    data = next((p for p in DATA_PARAMETERS if p in [q.name for q in named]), required[0] if required else None)
    others = {name: _fill(name) for name in required if name != data}
    title = cls.__name__

    def keywords(raw: Any, grad: bool) -> dict[str, Any]:
        options = dict(others)
        if option is not None:
            options[option] = grad
        if dtype and hasattr(raw, "dtype"):
            options["dtype"] = raw.dtype
        return options

    words = ", ".join([k + "=" for k in keywords(0, True)])
    tail = ", " + words if words else ""
    more = "".join([", " + k + "=" + repr(v) for k, v in others.items()])
    more += ", " + option + "={requires_grad}" if option else ""
    more += ", dtype={dtype}" if dtype else ""
    if not others or data == required[0]:
        found.append(
            Constructor(
                lambda raw, g: cls(raw, **keywords(raw, g)),
                title + "(x" + tail + ")",
                option,
                default,
                title + "({data}" + more + ")",
            )
        )
    if data is not None:
        found.append(
            Constructor(
                lambda raw, g: cls(**{data: raw}, **keywords(raw, g)),
                title + "(" + data + "=x" + tail + ")",
                option,
                default,
                title + "(" + data + "={data}" + more + ")",
            )
        )
    found.append(
        Constructor(
            lambda raw, g: cls([raw], **keywords(raw, g)),
            title + "([x]" + tail + ")",
            option,
            default,
            title + "([{data}]" + more + ")",
        )
    )

    def empty(raw: Any, grad: bool) -> Any:
        made = cls(**keywords(raw, grad))
        setattr(made, next(n for n in plain.DATA_NAMES if hasattr(made, n)), raw)
        return made

    found.append(Constructor(empty, title + "(" + words + ") and its data set", option, default, ""))
    for name, function in vars(module).items():
        if name.lower() in FACTORIES and callable(function) and not isinstance(function, type):
            found.append(Constructor(factory(function), name + "(x)", None, False, name + "({data})"))
    return found


def factory(function: Callable[[Any], Any]) -> Callable[[Any, bool], Any]:
    """A module's function that makes instances, as a constructor."""
    return lambda raw, grad: function(raw)


def readers(made: Any) -> list[tuple[str, Callable[[Any], Any]]]:
    """Where an instance's number may lie: the usual attributes, any other, then methods."""
    names = [n for n in plain.DATA_NAMES if hasattr(made, n)]
    names += [n for n in getattr(made, "__dict__", {}) if n not in names]
    names += [n for n in dir(type(made)) if isinstance(getattr(type(made), n), property) and n not in names]
    found: list[tuple[str, Callable[[Any], Any]]] = [("." + n, operator.attrgetter(n)) for n in names]
    methods = [n for n in READERS if callable(getattr(made, n, None))]
    return found + [("." + n + "()", operator.methodcaller(n)) for n in methods]


class Maker:
    """A constructor and a reader that agree: what was put in is read back."""

    def __init__(
        self, cls: Any, constructor: Constructor, where: str, read: Callable[[Any], Any], listed: bool, root: Path
    ) -> None:
        self.cls = cls
        self.constructor = constructor
        self.where = where
        self.access = read
        self.listed = listed
        own = [c for c in cls.__mro__ if c.__module__ not in LIBRARIES]
        base = [c for c in own if "__mul__" in vars(c) or packages.under(root, sys.modules.get(c.__module__))]
        self.base = base[-1] if base else cls
        self.whole = self.takes_whole()

    def takes_whole(self) -> bool:
        """Whether an instance can be made of an int as well."""
        try:
            found = self.read(self.constructor.make(3, True))
        except BaseException:
            return False
        return found is not None and found.data == [3]

    def is_node(self, value: Any) -> bool:
        """Whether a value is one of the engine's."""
        return isinstance(value, self.base)

    def read(self, node: Any) -> Plain | None:
        """The numbers of an instance, or of anything else that has some."""
        if not self.is_node(node):
            return plain.plain(node)
        return plain.within(self.access(node), plain.DATA_NAMES)

    def make(self, numbers: Plain, requires_grad: bool = True) -> Any:
        """An instance that holds the numbers."""
        made = self.constructor.make(raw(numbers, self.listed), requires_grad)
        if requires_grad:
            for name in self.switches(made):
                try:
                    setattr(made, name, True)
                except AttributeError:
                    continue
        return made

    def switches(self, made: Any) -> list[str]:
        """The attributes by which an instance has to be told that it requires grad."""
        if self.constructor.option is not None:
            return []
        return [name for name in GRADIENT_PARAMETERS if getattr(made, name, None) is False]


def raw(numbers: Plain, listed: bool = False) -> Any:
    """The numbers as a subject takes them: a Python number, an array of its NumPy, or lists."""
    array = plain.numpy()
    if listed or array is None:
        return numbers.nested()
    return array.array(numbers.data, dtype=numbers.dtype).reshape(numbers.shape)


def same(found: Plain | None, numbers: Plain) -> bool:
    """Whether what was read is what was put in, to float32; a single number may have become an array of one."""
    if found is None or (found.shape != numbers.shape and not (numbers.shape == () and len(found.data) == 1)):
        return False
    return all(isinstance(x, (int, float)) and abs(x - y) <= 1e-6 for x, y in zip(found.data, numbers.data))


def agree(
    cls: Any, module: Any, root: Path, probes: list[Plain], listed: bool, flag: str | None = None
) -> Maker | None:
    """The first constructor and reader that give back each of the probes."""
    for constructor in constructors(cls, module, flag):
        try:
            made = [constructor.make(raw(p, listed), True) for p in probes]
        except BaseException:
            continue
        if not all(isinstance(m, cls) for m in made):
            continue
        for where, access in readers(made[0]):
            maker = Maker(cls, constructor, where, access, listed, root)
            try:
                if all(same(maker.read(m), p) for m, p in zip(made, probes)):
                    return maker
            except BaseException:
                continue
    return None


NUMBERS = [Plain([1.7]), Plain([-2.3])]
ARRAYS = [Plain([1.7, -2.3, 0.5, 4.0, -1.0, 3.25], (2, 3)), Plain([0.5, -0.25], (1, 2))]


def find(cls: Any, module: Any, root: Path, flag: str | None = None) -> tuple[Maker, str]:
    """The Maker of a class, and whether it is of scalars or tensors; `flag` as above. Raises ConstructorError."""
    scalar = agree(cls, module, root, NUMBERS, True, flag)
    members = {n.replace("_", "").lower() for n in dir(cls)} | {n.replace("_", "").lower() for n in vars(module)}
    for listed in (False, True):
        if not listed and plain.numpy() is None:
            continue
        tensor = agree(cls, module, root, ARRAYS, listed, flag)
        if tensor is None:
            continue
        wraps = not listed and hasattr(tensor.access(tensor.make(ARRAYS[0])), "dtype")
        # A scalar engine may keep its numbers as arrays, and then takes any.
        if (wraps and scalar is None) or ((wraps or listed) and members & TENSOR_MEMBERS):
            return tensor, "tensor"
    if scalar is not None:
        return scalar, "scalar"
    tried = "; ".join(c.form for c in constructors(cls, module))
    first = constructors(cls, module)[0]
    try:
        first.make(1.7, True)
        why = "No attribute or method gave the number 1.7 back"
    except BaseException as error:
        why = first.form.replace("x", "1.7", 1) + " raises " + type(error).__name__ + ": " + str(error)
    raise ConstructorError(cls.__name__ + " can't be constructed from a number. Tried: " + tried + ". " + why + ".")
