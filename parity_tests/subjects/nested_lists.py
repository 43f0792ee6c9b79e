"""Matrices as lists of lists, without NumPy."""


class Matrix:
    """Rows of numbers."""

    def __init__(self, rows, parents=()):
        self.rows = rows
        self.grad = [[0.0 for _ in row] for row in rows]
        self.parents = parents

    @property
    def shape(self):
        return len(self.rows), len(self.rows[0])

    def zipped(self, other, combine):
        return [[combine(x, y) for x, y in zip(a, b, strict=True)] for a, b in zip(self.rows, other.rows, strict=True)]

    def __add__(self, other):
        return Matrix(self.zipped(other, lambda x, y: x + y), ((self, Matrix.same), (other, Matrix.same)))

    def __mul__(self, other):
        out = Matrix(self.zipped(other, lambda x, y: x * y))
        out.parents = ((self, lambda g: g.times(other)), (other, lambda g: g.times(self)))
        return out

    def same(self):
        return self

    def times(self, other):
        return Matrix(self.zipped(other, lambda x, y: x * y))

    def matmul(self, other):
        columns = list(zip(*other.rows, strict=True))
        out = Matrix([[sum(x * y for x, y in zip(row, c, strict=True)) for c in columns] for row in self.rows])
        out.parents = ((self, lambda g: g.matmul(other.transpose())), (other, lambda g: self.transpose().matmul(g)))
        return out

    def transpose(self):
        return Matrix([list(column) for column in zip(*self.rows, strict=True)], ((self, Matrix.transpose),))

    def backward(self, gradient=None):
        gradient = gradient or Matrix([[1.0 for _ in row] for row in self.rows])
        self.grad = Matrix(self.grad).zipped(gradient, lambda x, y: x + y)
        for parent, pull in self.parents:
            parent.backward(pull(gradient))
