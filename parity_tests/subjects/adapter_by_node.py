"""An adapter of plain_value.py whose gradients are asked for node by node."""

import math
import operator

from plain_value import Value

paragrad_adapter = 1
kind = "scalar"
name = "plain, by an adapter"
backward_once = True


def _tanh(input):
    return input.tanh()


def _sin(input):
    raise NotImplementedError("no sine yet")


def _relu(input, threshold):
    return input if input.data > threshold else input * 0.0


ops = {"add": operator.add, "mul": operator.mul, "tanh": _tanh, "sin": _sin, "relu": _relu}


def leaf(number, requires_grad):
    assert isinstance(number, float)
    assert math.isfinite(number)
    return Value(number)


def value(x):
    return x.data


def backward(roots, cotangents):
    total = Value(0.0)
    for root, cotangent in zip(roots, cotangents):  # noqa: B905 - an old Python may run this
        total = total + (root if cotangent is None else root * cotangent.data)
    total.backward()


def gradient(x):
    return x.grad


def zero(x):
    x.grad = 0.0
