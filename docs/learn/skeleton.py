"""Your own engine: copy this file, fill in what is missing, and check it after every step."""


class Value:
    """A number that remembers how it was computed, and its gradient."""

    def __init__(self, data, children=()):
        self.data = data
        self.grad = 0.0
        self.children = children
        self.pass_on = lambda: None

    # Step 1: the sum. Which note does it leave?
    # def __add__(self, other): ...

    # Step 2: the walk. Every node after all that use it; begin with a gradient of 1.
    def backward(self):
        raise NotImplementedError("step 2")

    # Step 3: the product, and plain numbers on either side of + and *.
    # Step 4: tanh, exp and relu.
    # Step 5: -, / and **, with the plain number on the left as well.
    # Step 6: graphs of 100,000 nodes, and a second backward.
