"""Call a candidate on known operands and say in words what came out."""

from __future__ import annotations

from typing import Any, Callable, Sequence

from . import guard, names
from .construct import Maker
from .interrupt import Trial
from .plain import Plain, describe, message
from .stubs import MissingDependency

RIGHT = "right"
POINTS = 4


class Tester:
    """Makes operands, calls, and says in words what came out."""

    def __init__(self, maker: Maker, kind: str) -> None:
        self.maker = maker
        self.kind = kind

    def outcome(self, call: Callable[..., Any], columns: Sequence[Sequence[float]], truth: names.Truth,
                numbers: Sequence[int] = ()) -> str:  # fmt: skip
        """RIGHT, or what is wrong. Scalars see the points one by one, tensors all of them in one array.

        An operand at a place in `numbers` is a Python number, the first of its column.
        """
        columns = [[c[0]] * POINTS if k in numbers else c for k, c in enumerate(columns)]
        tensor = self.kind == "tensor"
        for group in [list(range(POINTS))] if tensor else [[i] for i in range(POINTS)]:
            shape = (2, POINTS // 2) if tensor else ()
            try:
                actual = [c[0] if k in numbers else self.maker.make(Plain([c[i] for i in group], shape))
                          for k, c in enumerate(columns)]  # fmt: skip
            except BaseException as error:
                return "raises " + type(error).__name__ + ": " + message(error)
            found = self.result(call, actual)
            if isinstance(found, str):
                return found
            if len(found.data) != len(group):
                return "wrong: a result of shape " + str(found.shape)
            for i, got in zip(group, found.data):
                point = [c[i] for c in columns]
                wanted = truth(*point)
                if not names.close(float(got), wanted):
                    return "wrong: " + str(got) + " for " + repr(wanted) + " at " + ", ".join(map(repr, point))
        return RIGHT

    def result(self, call: Callable[..., Any], actual: Sequence[Any]) -> Plain | str:
        """The numbers of a call, or in words why there are none."""
        trial = Trial()
        try:
            with trial:
                made = call(*actual)
        except MissingDependency:
            raise
        except BaseException as error:
            if trial.late:
                return "hangs for over " + str(trial.seconds) + " s"
            return "raises " + type(error).__name__ + ": " + message(error)
        finally:
            guard.check()
        try:
            found = self.maker.read(made)
        except BaseException as error:
            return "gives what can't be read: " + type(error).__name__
        if found is None:
            return "gives " + describe(made)
        if not self.maker.is_node(made):
            return "gives a plain " + type(made).__name__ + ", not a " + str(self.maker.cls.__name__)
        return found
