"""A class that names itself in its annotations: the import fails before Python 3.14."""


class Value:
    """A number whose backward has a slip of the pen, and fails."""

    def __init__(self, data: float) -> None:
        self.data = data
        self.grad: float = 0.0
        self.parts: list[tuple[Value, float]] = []

    def __mul__(self, other: Value) -> Value:  # noqa: F821
        out = Value(self.data * other.data)
        out.parts = [(self, other.data), (other, self.data)]
        return out

    def backaward(self) -> None:
        raise KeyError("no order")
