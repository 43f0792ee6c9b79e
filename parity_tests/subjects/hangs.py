"""An engine of which one op and the backward never end."""


class Value:
    """A number that takes its time."""

    def __init__(self, data):
        self.data = data
        self.grad = 0.0

    def __mul__(self, other):
        return Value(self.data * other.data)

    def exp(self):
        while True:
            try:
                self.data += 0.0
            except ValueError:
                break

    def backward(self):
        while True:
            self.grad += 0.0
