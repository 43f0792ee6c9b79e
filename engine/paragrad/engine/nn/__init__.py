"""Layers, losses and models, by torch.nn's names.

Where to put what: a layer in the file of its kind; one that is an op with options is one line, made by `wrapping`.
`module.py` is what all derive from, `loading.py` takes a state in, `init.py` draws initial weights.
"""

from paragrad.engine.nn import functional
from paragrad.engine.nn.activations import (
    ELU,
    GELU,
    SELU,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from paragrad.engine.nn.containers import Sequential
from paragrad.engine.nn.conv import Conv1d, Conv2d
from paragrad.engine.nn.dropout import Dropout
from paragrad.engine.nn.embedding import Embedding
from paragrad.engine.nn.linear import Linear
from paragrad.engine.nn.losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from paragrad.engine.nn.module import Module
from paragrad.engine.nn.normalization import LayerNorm
from paragrad.engine.nn.parameter import Parameter
from paragrad.engine.nn.pooling import AvgPool2d, MaxPool2d
from paragrad.engine.nn.shaping import Flatten

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "Conv1d",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Mish",
    "Module",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "ReLU6",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
    "functional",
]
