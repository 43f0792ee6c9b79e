"""The ways to start a backward: a method, a function of the root, or a list of nodes to be walked by hand."""

from __future__ import annotations

import difflib
from typing import Any, Callable, Iterator

from . import by_hand, names, plain
from .candidates import Candidates
from .choose import takes
from .construct import Maker, raw
from .lists import size
from .plain import Plain

GRADIENT_NAMES = ("grad", "_grad", "gradient", "derivative", "grad_value", "adjoint", "adj", "deriv", "dx", "d", "g",
                  "bar", "grads", "delta", "get_grad", "gradients")  # fmt: skip
Run = Callable[[Any, Any], Any]
"""Takes the root and a raw seed, None for 1; returns what the subject's backward returned."""


class Start:
    """A way to start a backward: `form` in words; `code` the lines of Python, with {root} and {seed} to be filled in.

    The last line is an expression: what the subject's backward returns.
    """

    def __init__(self, name: str, form: str, run: Run, seeded: bool, code: list[str], wrapped: bool = False) -> None:
        self.name = name
        self.form = form
        self.run = run
        self.seeded = seeded
        self.code = code
        self.wrapped = wrapped
        """Whether the seed is given as an instance."""


def method(name: str) -> Callable[..., Any]:
    """A method as a function of its object."""
    return lambda root, *rest, **options: getattr(root, name)(*rest, **options)


def retaining(call: Callable[..., Any], function: Any) -> Callable[..., Any]:
    """The call that keeps the graph for another backward, where a function can be asked to."""
    return (lambda root, *rest: call(root, *rest, retain_graph=True)) if retains(function) else call


def retains(function: Any) -> bool:
    """Whether a backward can be asked to keep the graph."""
    code = getattr(function, "__code__", None)
    return code is not None and "retain_graph" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def method_names(owner: Any) -> list[str]:
    """What a class, or an instance, has that may be the backward, likeliest first; with a slip of the pen, too."""
    found: list[tuple[float, str]] = []
    for name in dir(owner):
        plainly = names.normal(name)
        if name.startswith("__") or (name.startswith("_") and "iter" not in plainly):
            continue
        alike = difflib.SequenceMatcher(None, plainly, "backward").ratio() > 0.8
        if plainly in names.BACKWARD and called(owner, name):
            found.append((names.BACKWARD.index(plainly), name))
        elif (alike or plainly.startswith("back") or "backw" in plainly or "backprop" in plainly) and called(
            owner, name
        ):
            found.append((len(names.BACKWARD), name))
    return [name for _, name in sorted(found)]


def called(owner: Any, name: str) -> bool:
    """Whether an attribute can be called; a property may raise anything."""
    try:
        return callable(getattr(owner, name))
    except Exception:
        return False


class Ways:
    """The ways to start for one class."""

    def __init__(self, maker: Maker, kind: str) -> None:
        self.maker = maker
        self.kind = kind
        self.leaf = maker.make(Plain([1.0], (1, 1) if kind == "tensor" else ()))
        self.holder = next((n for n in GRADIENT_NAMES[:5] if hasattr(self.leaf, n)), None)

    def start(self, name: str, form: str, run: Run, code: list[str]) -> Start:
        """A way that takes a seed."""
        return Start(name, form, run, True, code)

    def seed(self, root: Any, seed: Any) -> Any:
        """The seed, or a raw 1 of the root's shape."""
        if seed is not None:
            return seed
        if self.kind == "scalar":
            return 1.0
        numbers = self.maker.read(root)
        shape = numbers.shape if numbers is not None else ()
        return raw(Plain([1.0] * size(shape), shape), self.maker.listed)

    def implicit(self, call: Callable[..., Any]) -> Run:
        """Without a seed."""
        return lambda root, seed: call(root)

    def explicit(self, call: Callable[..., Any]) -> Run:
        """With the seed as a number or array."""
        return lambda root, seed: call(root, self.seed(root, seed))

    def wrapped(self, call: Callable[..., Any]) -> Run:
        """With the seed as an instance."""

        def run(root: Any, seed: Any) -> Any:
            numbers = plain.plain(self.seed(root, seed))
            return call(root, seed if numbers is None else self.maker.make(numbers, False))

        return run

    def held(self, call: Callable[..., Any], holder: str) -> Run:
        """With the seed set as the root's gradient."""

        def run(root: Any, seed: Any) -> Any:
            setattr(root, holder, self.seed(root, seed))
            return call(root)

        return run

    def walk(self, name: str, holder: str) -> Run:
        """A method lists the nodes: seed the root, then call each node's own step."""
        listing = method(name)
        needs = takes(getattr(self.maker.cls, name))

        def run(root: Any, seed: Any) -> None:
            listed = listing(root) if needs <= 0 else listing(root, root)
            nodes = [n for n in listed if self.maker.is_node(n)]
            if not nodes:
                raise TypeError(name + "() lists no nodes")
            setattr(root, holder, self.seed(root, seed))
            for node in reversed(nodes) if nodes[-1] is root else nodes:
                node._backward()

        return run

    def of(self, name: str, function: Any, call: Callable[..., Any], form: str) -> Iterator[Start]:
        """The ways to call one method or function, by how many arguments it needs besides the root."""
        needs, call = takes(function), retaining(call, function)
        inside, end = form[:-1], form[-1]
        comma = "" if inside.endswith("(") else ", "
        code = "{root}" + inside if form.startswith(".") else inside.replace("(root", "({root}")
        keeps = "retain_graph=True" if retains(function) else ""
        alone = code + (comma + keeps if keeps else "") + end
        keeps = ", " + keeps if keeps else ""
        if needs <= 0:
            yield Start(name, form, self.implicit(call), False, [alone])
        if needs <= 1:
            lines = [code + comma + "{seed}" + keeps + end]
            yield Start(name, inside + comma + "seed" + end, self.explicit(call), True, lines)
            wrapped = inside + comma + self.maker.cls.__name__ + "(seed)" + end
            made = self.maker.constructor.code.replace("{data}", "{seed}").replace("{requires_grad}", "False")
            lines = [code + comma + made + keeps + end]
            yield Start(name, wrapped, self.wrapped(call), True, lines, True)
        if self.holder is not None and needs <= 0:
            held = ["{root}." + self.holder + " = {seed}", alone]
            yield Start(name, "." + self.holder + " = seed, then " + form, self.held(call, self.holder), True, held)


def starts(maker: Maker, candidates: Candidates, kind: str, wanted: str | None) -> Iterator[Start]:
    """The ways to try, likeliest first; only those of one name where that is wanted."""
    ways = Ways(maker, kind)
    only = wanted.strip("()") if wanted else None
    own = [name for name in ([only] if only else method_names(ways.leaf)) if called(ways.leaf, name)]
    for name in own:
        function = getattr(maker.cls, name, None) or getattr(ways.leaf, name)
        yield from ways.of(name, function, method(name), "." + name + "()")
    keys = [names.normal(only)] if only else names.BACKWARD
    outside = [pair for key in keys for pair in candidates.functions.get(key, ()) if not isinstance(pair[1], type)]
    for name, function in outside:
        yield from ways.of(name, function, function, name + "(root)")
    found = [*by_hand.listed(ways, only)]
    yield from found
    if not (found or own or outside or only):
        yield from by_hand.linked(ways, ways.leaf)
