"""Arrays with `dim` and `keepdim`, a dtype, `requires_grad`, a backward that wants its seed, and functions beside."""

import numpy as np


class Tensor:
    """An array with a name for what it is."""

    def __init__(self, data, dtype=np.float32, requires_grad=False):
        self.data = np.array(data, dtype=dtype)
        self.requires_grad = requires_grad
        self.grad = np.zeros_like(self.data) if requires_grad else None
        self.parents = []

    def made(self, data, *parents):
        out = Tensor(data, data.dtype, any(p.requires_grad for p, _ in parents))
        out.parents = parents
        return out

    def mul(self, other):
        if not isinstance(other, Tensor):
            other = Tensor(other, self.data.dtype)
        a, b = self.data, other.data
        return self.made(a * b, (self, lambda g: undo(g * b, a.shape)), (other, lambda g: undo(g * a, b.shape)))

    def sum(self, dim=None, keepdim=False):
        def pull(g):
            return np.broadcast_to(g if keepdim or dim is None else np.expand_dims(g, dim), self.data.shape)

        return self.made(np.asarray(self.data.sum(axis=dim, keepdims=keepdim)), (self, pull))

    def reshape(self, *shape):
        return self.made(self.data.reshape(shape), (self, lambda g: g.reshape(self.data.shape)))

    def transpose(self, dim0, dim1):
        return self.made(self.data.swapaxes(dim0, dim1), (self, lambda g: g.swapaxes(dim0, dim1)))

    def max(self, dim=None):
        value = self.data.max(axis=dim, keepdims=True)
        mask = self.data == value
        out = np.asarray(self.data.max(axis=dim))
        return self.made(
            out, (self, lambda g: mask * (g if dim is None else np.expand_dims(g, dim)) / mask.sum(dim, keepdims=True))
        )

    def softmax(self):
        e = np.exp(self.data - self.data.max(axis=-1, keepdims=True))
        s = e / e.sum(axis=-1, keepdims=True)
        return self.made(s, (self, lambda g: s * (g - (g * s).sum(axis=-1, keepdims=True))))

    def backward(self, gradient):
        self.grad = self.grad + gradient
        for parent, pull in self.parents:
            if parent.requires_grad:
                parent.backward(pull(np.asarray(gradient)))

    def zero_grad(self):
        self.grad = np.zeros_like(self.data)


def undo(gradient, shape):
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    kept = tuple(k for k, size in enumerate(shape) if size == 1)
    return gradient.sum(axis=kept, keepdims=True) if kept else gradient


def cat(tensors, dim=0):
    places = np.cumsum([0] + [t.data.shape[dim] for t in tensors])
    parents = [
        (t, lambda g, k=k, t=t: np.take(g, range(places[k], places[k] + t.data.shape[dim]), dim))
        for k, t in enumerate(tensors)
    ]
    return tensors[0].made(np.concatenate([t.data for t in tensors], axis=dim), *parents)


def cross_entropy(logits, targets):
    e = np.exp(logits.data - logits.data.max(axis=-1, keepdims=True))
    s = e / e.sum(axis=-1, keepdims=True)
    rows = np.arange(len(targets))
    one_hot = np.zeros_like(s)
    one_hot[rows, targets] = 1
    loss = np.asarray(-np.log(s[rows, targets]).mean())
    return logits.made(loss, (logits, lambda g: g * (s - one_hot) / len(rows)))
