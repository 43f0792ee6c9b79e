"""Where gradients lie, and which way to start a backward gives right ones.

Each way is tried on small expressions; the first that gives right gradients is taken, else the one that does best: an
engine whose every gradient is wrong is a finding, not unsupported.
"""

from __future__ import annotations

import operator
from typing import Any, Callable, Iterator, Sequence

from . import backward, guard, names, plain
from .backward import GRADIENT_NAMES, Start
from .bind import Bound
from .candidates import Candidates
from .choose import takes
from .construct import Maker, raw
from .interrupt import Trial
from .plain import Plain

TABLES = ("grads", "gradients", "_grads", "grad_table", "grad")
ZEROING = (
    "zerograd zerograds resetgrad resetgrads cleargrad cleargrads resetgradient zerogradient zerogradients".split()
)
LEFT, RIGHT_OPERAND = 1.7, -2.3
EXPRESSIONS: list[tuple[str, float, float]] = [("mul", RIGHT_OPERAND, LEFT), ("add", 1.0, 1.0), ("sub", 1.0, -1.0)]
"""Expressions of two leaves, with the gradients of both."""


class GradientError(Exception):
    """Nothing that looks like a backward, or like a gradient."""


class Access:
    """Where a node's gradient lies: `get` takes the node and what the backward left behind.

    `code` is the same as Python, with {} for the node; where it names `left`, that is what `left` says of the {root},
    or what the backward returned where that is "".
    """

    def __init__(self, form: str, get: Callable[[Any, Any], Any], name: str | None, left: str | None = None) -> None:
        self.form = form
        self.get = get
        self.name = name
        self.left = left
        self.code = "{}" + form if left is None else "left.get({}, left.get(id({})))"


class Gradients:
    """The backward of a subject."""

    def __init__(self, maker: Maker, kind: str, start: Start, access: Access, score: int, told: str) -> None:
        self.maker = maker
        self.kind = kind
        self.start = start
        self.access = access
        self.score = score
        self.told = told
        self.seeding: Start | None = start if start.seeded else None
        """The way that takes a cotangent, where there is one."""
        self.single = False
        """Whether a backward starts from a single number only."""
        self.retain: str | None = None
        """The method that makes a node keep its gradient, where it would not."""
        self.zeroing = next((name for name in dir(maker.cls) if zeroes(maker.cls, name)), None)
        """The subject's own method that forgets a gradient, where it has one."""
        self.inner = True
        """Whether nodes that are no leaves show their gradient."""

    def read(self, node: Any, left: Any) -> Plain | None:
        """The gradient of a node; None where there is none. Raises TypeError where it is no number."""
        found = self.access.get(node, left)
        if found is None:
            return None
        numbers = held(self.maker, found)
        if numbers is None:
            raise TypeError(plain.describe(found))
        return numbers

    def zero(self, node: Any, fresh: Any) -> None:
        """Have a leaf forget its gradient: by the subject's own method, else as a fresh leaf has it."""
        if self.zeroing is not None:
            getattr(node, self.zeroing)()
        elif self.access.name is not None:
            setattr(node, self.access.name, getattr(fresh, self.access.name))


def held(maker: Maker, gradient: Any) -> Plain | None:
    """The numbers of a gradient, which may be one of the engine's own variables, and then holds them as those do."""
    found = plain.within(gradient, plain.DATA_NAMES)
    return maker.read(gradient) if found is None and maker.is_node(gradient) else found


def zeroes(cls: Any, name: str) -> bool:
    """Whether a class's method is there to forget one node's gradient."""
    return names.normal(name) in ZEROING and callable(getattr(cls, name)) and takes(getattr(cls, name)) == 0


def accesses(maker: Maker, node: Any, root: Any, left: Any) -> Iterator[Access]:
    """Where the gradient may lie, likeliest first."""
    for name in GRADIENT_NAMES:
        if not hasattr(node, name):
            continue
        held = getattr(node, name)
        if callable(held) and not maker.is_node(held):
            yield Access("." + name + "()", alone(operator.methodcaller(name)), None)
        elif not isinstance(held, dict):
            yield Access("." + name, alone(operator.attrgetter(name)), name)
    if isinstance(left, dict):
        yield Access("the dict that it returns", table, None, "")
    for name in TABLES:
        if isinstance(getattr(root, name, None), dict):
            yield Access("the dict ." + name + " on the root", table, None, "{root}." + name)


def alone(get: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """A getter that needs the node only."""
    return lambda node, left: get(node)


def table(node: Any, left: Any) -> Any:
    """The entry of a node in a dict, by itself or by its identity."""
    if not isinstance(left, dict):
        return None
    try:
        if node in left:
            return left[node]
    except TypeError:  # it can't be hashed
        pass
    return left.get(id(node))


def leavings(access: Access, root: Any, returned: Any) -> Any:
    """The table that an access looks into."""
    if "on the root" in access.form:
        return getattr(root, access.form.split(".")[1].split(" ")[0])
    return returned


ALL_RIGHT = 3
"""What `attempt` gives where every gradient of its trial is right."""


def attempt(
    maker: Maker,
    kind: str,
    start: Start,
    bound: dict[str, Bound],
    reductions: Sequence[str] = ("", "sum"),
    weight: float | None = None,
) -> tuple[int, Access | None, str]:
    """How well a way does: 3 right, 2 some numbers, 1 it ran, 0 it raised; where gradients lie; what was raised.

    With a `weight` it is given a seed of that: what takes it for something else starts from 1.
    """
    top: tuple[int, Access | None, str] = (0, None, "")
    shape = (1, 2) if kind == "tensor" else ()
    count = 2 if kind == "tensor" else 1
    seed = None if weight is None else watched(raw(Plain([weight] * count, shape), maker.listed))
    by = 1.0 if weight is None else weight
    for op, *wanted in EXPRESSIONS:
        if op not in bound:
            continue
        for reduce in reductions:
            if reduce and (kind == "scalar" or "sum" not in bound):
                continue
            trial = Trial()
            try:
                with trial:
                    a, b = (maker.make(Plain([x] * count, shape)) for x in (LEFT, RIGHT_OPERAND))
                    root = bound[op].call(a, b)
                    root = bound["sum"].call(root) if reduce else root
                    maker.read(root)
                    returned = start.run(root, seed)
            except BaseException as error:
                if top[0] == 0:
                    told = type(error).__name__ + ": " + plain.message(error)
                    top = (0, top[1], "TimeoutError: it hangs" if trial.late else told)
                continue
            finally:
                guard.check()
            for access in accesses(maker, a, root, returned):
                score = graded(maker, access, (a, b), leavings(access, root, returned), [by * w for w in wanted])
                if score > top[0]:
                    top = (score, access, "")
                if score == ALL_RIGHT:
                    return top
    return top


def watched(seed: Any) -> Any:
    """A seed that raises if it is asked for its .data: who does so wants an instance, and an array has one as well."""
    numpy = plain.numpy()
    if numpy is None or not isinstance(seed, numpy.ndarray):
        return seed

    class Seed(numpy.ndarray):  # type: ignore[misc, name-defined]  # NumPy is found when it runs
        @property
        def data(self) -> Any:
            raise TypeError("an instance is wanted")

    return seed.view(Seed)


def graded(maker: Maker, access: Access, leaves: Any, left: Any, wanted: list[float]) -> int:
    """3 where both gradients are right, 2 where one is a number other than 0, 1 where they can be read."""
    found = []
    for leaf in leaves:
        try:
            numbers = held(maker, access.get(leaf, left))
        except BaseException:
            return 0
        found.append(numbers)
    if all(f is not None and all(names.close(float(x), w) for x in f.data) for f, w in zip(found, wanted)):
        return 3
    return 2 if any(f is not None and not f.zero() for f in found) else 1


def find(maker: Maker, candidates: Candidates, kind: str, bound: dict[str, Bound], wanted: str | None) -> Gradients:
    """The backward of a subject. Raises GradientError."""
    best: tuple[int, Start, Access | None, str] | None = None
    for start in backward.starts(maker, candidates, kind, wanted):
        score, access, told = attempt(maker, kind, start, bound)
        if best is None or score > best[0]:
            best = (score, start, access, told)
        if score == ALL_RIGHT:
            break
    if best is None:
        methods = ", ".join(n for listed in candidates.methods.values() for n in listed)
        told = "; its methods are " + methods + ": --map backward=NAME says which." if methods else "."
        raise GradientError(
            maker.cls.__name__ + " has no method that goes back (looked for " + ", ".join(names.BACKWARD[:6])
            + " and names like them" + (", and for " + wanted if wanted else "") + ")" + told
        )  # fmt: skip
    score, start, access, told = best
    if access is None:
        leaf = maker.make(Plain([LEFT], (1, 1) if kind == "tensor" else ()))
        access = next(iter(accesses(maker, leaf, leaf, None)), None)
    if access is None:
        raise GradientError(
            "After " + start.form + " no gradient was found (looked for " + ", ".join(GRADIENT_NAMES[:6]) + "). " + told
        )
    found = Gradients(maker, kind, start, access, score, told)
    if score == ALL_RIGHT:
        refine(found, candidates, bound)
    return found


def keeps(found: Gradients, inner: Any, leaf: Any, left: Any) -> bool:
    """Whether a node on the way to leaf³ keeps its gradient. One that has 0, where the leaf's is right, does not: what
    arrived there was handed on and not written down."""
    numbers, reached = found.read(inner, left), found.read(leaf, left)
    if numbers is None:
        return False
    right = reached is not None and all(names.close(float(x), 3 * LEFT**2) for x in reached.data)
    return not (numbers.zero() and right)


def of_instances(found: Gradients, bound: dict[str, Bound]) -> bool:
    """Whether gradients are instances of the engine's class."""
    maker, shape = found.maker, (1, 1) if found.kind == "tensor" else ()
    op = next(op for op, *_ in EXPRESSIONS if op in bound)
    try:
        with Trial():
            a, b = (maker.make(Plain([x], shape)) for x in (LEFT, RIGHT_OPERAND))
            root = bound[op].call(a, b)
            root = bound["sum"].call(root) if found.kind == "tensor" and "sum" in bound else root
            left = leavings(found.access, root, found.start.run(root, None))
        return maker.is_node(found.access.get(a, left))
    except BaseException:
        return False


def refine(found: Gradients, candidates: Candidates, bound: dict[str, Bound]) -> None:
    """Find out what a backward that works can do besides: seeds, roots that are arrays, gradients of inner nodes."""
    maker, kind = found.maker, found.kind
    ways = list(backward.starts(maker, candidates, kind, found.start.name))
    if of_instances(found, bound):
        # An array has a .data as well: it may be taken where an instance is meant, and fail later.
        ways.sort(key=lambda start: not start.wrapped)
        if found.start.seeded and not found.start.wrapped:
            fits = (w for w in ways if w.wrapped and attempt(maker, kind, w, bound)[0] == ALL_RIGHT)
            found.start = found.seeding = next(fits, found.start)
    if kind == "tensor":
        found.single = attempt(maker, kind, found.start, bound, ("",))[0] < ALL_RIGHT
        for start in ways:
            told = start.seeded and not start.form.startswith("." + str(found.access.name) + " =")
            if found.seeding is None and told and attempt(maker, kind, start, bound, ("",), 2.0)[0] == ALL_RIGHT:
                found.seeding = start
    if "mul" not in bound:
        return
    for retain in (None, "retain_grad", "retain_gradient"):
        if retain is not None and not hasattr(maker.cls, retain):
            continue
        try:
            with Trial():
                leaf = maker.make(Plain([LEFT], (1, 1) if kind == "tensor" else ()))
                inner = bound["mul"].call(leaf, leaf)
                if retain is not None:
                    getattr(inner, retain)()
                root = bound["mul"].call(inner, leaf)
                root = bound["sum"].call(root) if found.single else root
                left = leavings(found.access, root, found.start.run(root, None))
                found.inner = keeps(found, inner, leaf, left)
        except BaseException:
            found.inner = False
        if found.inner:
            found.retain = retain
            return
