"""One root in the place of several: each times its cotangent, summed, with the subject's own ops.

For tensors there are several ways to sum all elements; the first is taken whose gradient is right, for the sum is ours,
not the program's: a fault of it must not be found in every program.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator

from .bind import Bound
from .construct import Maker, Unsupported
from .gradient import Gradients, leavings
from .interrupt import Trial
from .lists import size
from .plain import Plain

X = Plain([0.5, 1.5, 0.75, 2.0, 0.25, 1.25], (2, 3))
CUBE = Plain([0.5] * 12, (2, 3, 2))

Sum = Callable[[Any], Any]


class Weighing:
    """Makes one root of several."""

    def __init__(self, maker: Maker, kind: str, bound: dict[str, Bound], gradients: Gradients) -> None:
        self.maker = maker
        self.kind = kind
        self.bound = bound
        self.gradients = gradients
        self.sum: Sum | None = self.choose() if kind == "tensor" else None
        self.turned = False
        """Whether the weight is the first operand of the product, and not the second."""
        self.weighs = self.right_product() or self.right_product(turned=True)
        """Whether a product hands the weight on as it should: one that does not would be found in every program."""

    def shape(self, node: Any) -> tuple[int, ...]:
        """The shape of a node's numbers."""
        numbers = self.maker.read(node)
        return numbers.shape if numbers is not None else ()

    def sums(self) -> Iterator[Sum]:
        """The ways to sum all elements."""
        for name in ("sum", "mean"):
            call = self.bound[name].call if name in self.bound else None
            if call is not None:
                yield self.scaled(call) if name == "mean" else call
                for keep in (False, True):
                    over = self.over_all(call, keep)
                    yield self.scaled(over) if name == "mean" else over

    def over_all(self, call: Callable[..., Any], keep: bool) -> Sum:
        """A reduction told every dim."""
        return lambda x: call(x, dim=tuple(range(len(self.shape(x)))), keepdim=keep)

    def scaled(self, mean: Sum) -> Sum:
        """A mean times the number of elements."""

        def call(x: Any) -> Any:
            return self.product(mean(x), self.maker.make(Plain([float(size(self.shape(x)))]), False))

        return call

    def choose(self) -> Sum | None:
        """The first way whose gradients are all 1, else the first that runs."""
        ran: Sum | None = None
        for way in self.sums():
            try:
                right = True
                for numbers in (X, CUBE):
                    with Trial():
                        leaf = self.maker.make(numbers)
                        root = way(leaf)
                        ran = ran or way
                        returned = self.gradients.start.run(root, None)
                    found = self.gradients.read(leaf, leavings(self.gradients.access, root, returned))
                    right = right and found is not None and found.shape == numbers.shape and set(found.data) == {1.0}
                if right:
                    return way
            except BaseException:
                continue
        return ran

    def right_product(self, turned: bool = False) -> bool:
        """Whether leaf * 2, or 2 * leaf, gives the leaf the gradient 2; products are then made in this order."""
        self.turned = turned
        if "mul" not in self.bound:
            return True
        shape = (1, 2) if self.kind == "tensor" else ()
        ones = [1.0] * size(shape)
        try:
            with Trial():
                leaf = self.maker.make(Plain([0.5 * x for x in ones], shape))
                weight = self.maker.make(Plain([2.0 * x for x in ones], shape), False)
                root = self.product(leaf, weight)
                root = self.sum(root) if self.sum is not None and self.gradients.single else root
                returned = self.gradients.start.run(root, None)
            found = self.gradients.read(leaf, leavings(self.gradients.access, root, returned))
        except BaseException:
            return True  # what raises is told as it is
        return found is not None and set(found.data) == {2.0}

    def product(self, a: Any, b: Any) -> Any:
        """a * b, or b * a where the engine's gradient of that is right."""
        if "mul" not in self.bound:
            raise Unsupported("a cotangent needs mul, which was not found")
        return self.bound["mul"].call(b, a) if self.turned else self.bound["mul"].call(a, b)

    def is_one(self, weight: Any) -> bool:
        """Whether a weight changes nothing."""
        numbers = self.maker.read(weight)
        return numbers is not None and set(numbers.data) == {1.0}

    def total(self, roots: list[Any], weights: list[Any]) -> Any:
        """The sum of the roots' elements, each times its weight (None: 1)."""
        if not self.weighs:
            weights = [None if w is None or self.is_one(w) else w for w in weights]
            if any(w is not None for w in weights):
                raise Unsupported("a cotangent needs a product that hands gradients on")
        terms = [r if w is None else self.product(r, w) for r, w in zip(roots, weights)]
        if (len(terms) > 1 or self.gradients.single) and self.kind == "tensor":
            if self.sum is None:
                raise Unsupported("several roots need sum or mean, which were not found")
            terms = [self.sum(term) for term in terms]
        total = terms[0]
        for term in terms[1:]:
            if "add" not in self.bound:
                raise Unsupported("several roots need add, which was not found")
            total = self.bound["add"].call(total, term)
        return total
