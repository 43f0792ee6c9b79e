"""Modules: torch's names, states that travel both ways, errors, and how they look.

What a layer computes is the op it calls, which has tests of its own; here the layer is held to that op, bit for bit.
"""

from __future__ import annotations

import copy
import math
import pickle
import threading
from typing import Any

import numpy as np
import pytest
import torch

import paragrad.engine as pg
from paragrad.engine import nn
from paragrad.engine.functional import functions
from paragrad.engine.ops.table import TABLE

F = nn.functional

LAYERS = [
    "Linear(3, 4)",
    "Linear(3, 4, bias=False)",
    "Conv1d(4, 6, 3)",
    "Conv1d(4, 6, 3, padding='same', bias=False)",
    "Conv2d(4, 6, 3)",
    "Conv2d(4, 6, (3, 2), stride=2, padding=1, dilation=2, groups=2, bias=False)",
    "Embedding(5, 3)",
    "Embedding(5, 3, padding_idx=-1)",
    "LayerNorm(4)",
    "LayerNorm((2, 4), eps=0.001, bias=False)",
    "LayerNorm(4, elementwise_affine=False)",
    "Flatten()",
    "Flatten(0, 1)",
    "MaxPool2d(2)",
    "MaxPool2d(3, 2, 1, ceil_mode=True)",
    "AvgPool2d((2, 3), 1)",
]
ACTIVATIONS = [
    *[
        "ELU",
        "GELU",
        "Hardsigmoid",
        "Hardswish",
        "Hardtanh",
        "LeakyReLU",
        "LogSigmoid",
        "Mish",
        "ReLU",
        "ReLU6",
        "SELU",
        "SiLU",
        "Sigmoid",
        "Softplus",
    ],
    *["Softsign", "Tanh", "Softmax", "LogSoftmax"],
]
LOSSES = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
    "SmoothL1Loss",
]


def made(text: str, place: Any) -> Any:
    """The module that `text` describes, of our nn or of torch's."""
    return eval(text, dict(vars(place)))  # the texts above, no others


class Net(nn.Module):
    """A model with children, a shared parameter, a parameter of its own and two buffers."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.body = nn.Sequential(nn.ReLU(), nn.Linear(3, 3), nn.Dropout(0.5))
        self.body[1].weight = self.first.weight
        self.scale = nn.Parameter(pg.tensor([2.0]))
        self.register_buffer("mean", pg.tensor([1.0, 2.0, 3.0]))
        self.register_buffer("seen", pg.tensor(0), persistent=False)

    def forward(self, x: pg.Tensor) -> pg.Tensor:
        return self.body(self.first(x - self.mean)) * self.scale


class TorchNet(torch.nn.Module):
    """The same in torch."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Linear(3, 3)
        self.body = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Linear(3, 3), torch.nn.Dropout(0.5))
        self.body[1].weight = self.first.weight
        self.scale = torch.nn.Parameter(torch.tensor([2.0]))
        self.register_buffer("mean", torch.tensor([1.0, 2.0, 3.0]))
        self.register_buffer("seen", torch.tensor(0), persistent=False)


# Names and states


@pytest.mark.parametrize("text", [*LAYERS, *(f"{loss}()" for loss in LOSSES)])
def test_layers_look_and_are_named_as_torchs(text: str) -> None:
    ours, torchs = made(text, nn), made(text, torch.nn)
    assert repr(ours) == repr(torchs)
    named = {name: tuple(tensor.shape) for name, tensor in torchs.state_dict().items()}
    assert {name: tensor.shape for name, tensor in ours.state_dict().items()} == named
    assert list(ours.state_dict()) == list(named)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in torchs.named_parameters()]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_look_as_torchs_and_call_the_op(name: str) -> None:
    args = (1,) if "Softmax" in name else ()
    ours = getattr(nn, name)(*args)
    assert repr(ours) == repr(getattr(torch.nn, name)(*args))
    x = pg.tensor([[-3.0, -0.5, 0.0], [0.5, 1.0, 40.0]])
    assert np.array_equal(ours(x).numpy(), ours.op(x, *args).numpy())
    assert ours.__doc__ == ours.op.compute.__doc__


def test_a_state_goes_both_ways() -> None:
    ours, torchs = Net(), TorchNet()
    assert list(ours.state_dict()) == list(torchs.state_dict())
    torchs.load_state_dict({k: torch.from_numpy(v.numpy().copy()) for k, v in ours.state_dict().items()})
    for name, tensor in torchs.state_dict().items():
        assert np.array_equal(tensor.numpy(), ours.state_dict()[name].numpy()), name
    fresh = Net()
    weight = fresh.first.weight
    assert repr(fresh.load_state_dict(torchs.state_dict())) == "<All keys matched successfully>"
    assert fresh.first.weight is weight, "loading copies into the parameters that are there"
    for name, tensor in fresh.state_dict().items():
        assert np.array_equal(tensor.numpy(), torchs.state_dict()[name].numpy()), name
    fresh.load_state_dict({k: v.numpy() for k, v in torchs.state_dict().items()})
    assert not fresh.state_dict()["scale"].requires_grad
    assert fresh.state_dict(keep_vars=True)["scale"] is fresh.scale
    assert next(iter(fresh.state_dict(prefix="net."))) == "net.scale"


def test_loading_names_everything_that_does_not_fit() -> None:
    model = nn.Linear(2, 3)
    before = model.weight.detach().numpy().copy()
    with pytest.raises(RuntimeError) as error:
        model.load_state_dict({"weight": np.zeros((2, 2), np.float32), "wieght": np.zeros(3), "x": np.zeros(1)})
    text = str(error.value)
    assert text.startswith("Error(s) in loading state_dict for Linear:")
    for part in (
        '"wieght", "x"',
        'Missing key(s) in state_dict: "bias"',
        "size mismatch for weight",
        "(2, 2)",
        "(3, 2)",
    ):
        assert part in text
    assert np.array_equal(model.weight.detach().numpy(), before), "nothing is copied where something is wrong"
    left = model.load_state_dict({"x": np.zeros(1), "bias": np.ones(3)}, strict=False)
    assert left == (["weight"], ["x"])
    assert model.bias.tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(RuntimeError, match="size mismatch for bias"):
        model.load_state_dict({"bias": np.zeros(2)}, strict=False)
    with pytest.raises(TypeError, match="float16"):
        model.load_state_dict({"bias": np.zeros(3, np.float16)}, strict=False)


# Parts


def test_parts_are_found_in_order_and_once() -> None:
    net, torchs = Net(), TorchNet()
    assert [name for name, _ in net.named_parameters()] == [name for name, _ in torchs.named_parameters()]
    assert [name for name, _ in net.named_modules()] == [name for name, _ in torchs.named_modules()]
    assert [name for name, _ in net.named_children()] == [name for name, _ in torchs.named_children()]
    assert [name for name, _ in net.named_buffers()] == [name for name, _ in torchs.named_buffers()]
    shared = [name for name, _ in net.named_parameters(remove_duplicate=False)]
    assert shared == [name for name, _ in torchs.named_parameters(remove_duplicate=False)]
    assert [name for name, _ in net.named_parameters(recurse=False)] == ["scale"]
    assert sum(1 for _ in net.modules()) == 6
    assert repr(net) == repr(torchs).replace("TorchNet", "Net").replace(", inplace=False", "")


def test_train_eval_freeze_and_dtype_reach_everything() -> None:
    net = Net()
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    assert all(module.training for module in net.train().modules())
    net.requires_grad_(False)
    assert not any(parameter.requires_grad for parameter in net.parameters())
    net.requires_grad_()
    net(pg.ones(2, 3)).sum().backward()
    assert net.double() is net
    for parameter in net.parameters():
        assert parameter.dtype == pg.float64 == parameter.grad.dtype
    assert net.mean.dtype == pg.float64
    assert net.seen.dtype == pg.int64
    assert net.float().scale.dtype == pg.float32
    seen: list[str] = []
    net.apply(lambda module: seen.append(type(module).__name__))
    assert seen == ["Linear", "ReLU", "Linear", "Dropout", "Sequential", "Net"]


def test_zero_grad() -> None:
    layer = nn.Linear(2, 1)
    layer(pg.ones(1, 2)).sum().backward()
    kept = layer.weight.grad
    layer.zero_grad(set_to_none=False)
    assert layer.weight.grad is kept
    assert kept.tolist() == [[0.0, 0.0]]
    layer.zero_grad()
    assert layer.weight.grad is None


def test_assigning_parts() -> None:
    layer = nn.Linear(2, 1)
    with pytest.raises(TypeError, match="cannot assign Tensor as parameter 'weight'"):
        layer.weight = pg.ones(1, 2)
    layer.weight = nn.Parameter(pg.ones(1, 2))
    layer.bias = None
    assert [name for name, _ in layer.named_parameters()] == ["weight"]
    assert layer(pg.ones(2)).item() == 2.0
    with pytest.raises(KeyError, match="'weight' already exists"):
        layer.register_buffer("weight", pg.ones(1))
    with pytest.raises(TypeError, match="cannot assign list as buffer"):
        layer.register_buffer("b", [1.0])  # type: ignore[arg-type]
    layer.register_buffer("none", None)
    layer.register_parameter("extra", nn.Parameter(pg.zeros(1)))
    layer.add_module("act", nn.ReLU())
    assert list(layer.state_dict()) == ["weight", "extra"]
    with pytest.raises(NotImplementedError, match="has no forward"):
        nn.Module()()


def test_a_parameter_is_a_tensor_that_requires_grad() -> None:
    data = pg.tensor([1.0, 2.0])
    parameter = nn.Parameter(data)
    assert parameter.requires_grad
    assert parameter.is_leaf
    assert np.shares_memory(parameter.array, data.array)
    assert type(parameter * 2) is pg.Tensor
    (pg.stack([parameter, parameter]) * parameter).sum().backward()
    assert parameter.grad.tolist() == [4.0, 8.0]
    assert repr(parameter) == "Parameter containing:\ntensor([1., 2.], requires_grad=True)"
    with pytest.raises(RuntimeError, match="floating point"):
        nn.Parameter(pg.tensor([1]))


def test_copies_and_pickles_stand_on_their_own() -> None:
    net = Net()
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert twin.body[1].weight is twin.first.weight
        assert twin.first.weight.requires_grad
        assert type(twin.first.weight) is nn.Parameter
        twin.first.weight.array[...] = 0
        assert net.first.weight.array.any()


# Layers call their ops


def test_layers_are_their_ops() -> None:
    x, image = pg.arange(24, dtype="float32").reshape(2, 3, 4), pg.arange(128, dtype="float32").reshape(1, 2, 8, 8)
    linear, norm = nn.Linear(4, 5), nn.LayerNorm((3, 4))
    assert np.array_equal(linear(x).array, F.linear(x, linear.weight, linear.bias).array)
    assert np.array_equal(norm(x).array, F.layer_norm(x, (3, 4), norm.weight, norm.bias, 1e-5).array)
    conv = nn.Conv2d(2, 4, 3, 2, 1, 2, 2)
    assert np.array_equal(conv(image).array, F.conv2d(image, conv.weight, conv.bias, 2, 1, 2, 2).array)
    line = nn.Conv1d(3, 2, 3, padding="same")
    assert np.array_equal(line(x).array, F.conv1d(x, line.weight, line.bias, padding="same").array)
    rows = nn.Embedding(5, 3, padding_idx=2)
    assert np.array_equal(rows(pg.tensor([2, 4])).array, rows.weight.array[[2, 4]])
    assert rows(pg.tensor(2)).tolist() == [0.0, 0.0, 0.0]
    assert nn.Flatten()(x).shape == (2, 12)
    assert np.array_equal(nn.MaxPool2d(2)(image).array, F.max_pool2d(image, 2).array)
    assert np.array_equal(nn.AvgPool2d(2, padding=1)(image).array, F.avg_pool2d(image, 2, padding=1).array)
    values, indices = nn.MaxPool2d(2, return_indices=True)(image)
    assert values.shape == indices.shape
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 2), nn.Tanh())
    assert np.array_equal(model(x).array, model[2](model[1](model[0](x))).array)
    assert len(model.append(nn.ReLU())) == 4
    assert [type(step).__name__ for step in model[1:3]] == ["Linear", "Tanh"]
    same = nn.ReLU()
    assert len(nn.Sequential(same, same)) == 2


def test_losses_keep_their_options() -> None:
    x, target = pg.tensor([[0.5, -1.0, 2.0], [1.0, 0.0, -2.0]], requires_grad=True), pg.tensor([2, 0])
    weight = pg.tensor([1.0, 2.0, 3.0])
    loss = nn.CrossEntropyLoss(weight, ignore_index=1, reduction="sum", label_smoothing=0.1)
    found = F.cross_entropy(x, target, weight, 1, "sum", 0.1)
    assert loss(x, target).item() == found.item()
    assert list(loss.state_dict()) == ["weight"]
    assert loss.double().weight.dtype == pg.float64
    assert nn.MSELoss("sum")(x, x * 2).item() == F.mse_loss(x, x * 2, "sum").item()
    assert nn.HuberLoss(delta=0.5)(x, x * 2).item() == F.huber_loss(x, x * 2, delta=0.5).item()
    with pytest.raises(TypeError, match="is called with input, target"):
        nn.MSELoss()(x)
    with pytest.raises(TypeError, match="has no argument 'size_average'; it has: reduction"):
        nn.MSELoss(size_average=True)
    with pytest.raises(TypeError, match="got twice the argument 'reduction'"):
        nn.MSELoss("sum", reduction="mean")
    with pytest.raises(TypeError, match="takes 1 arguments"):
        nn.MSELoss("sum", 2)
    with pytest.raises(TypeError, match="missing the argument 'dim'"):
        nn.Softmax()


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        ("Conv2d(3, 4, 3, groups=2)", ValueError, "in_channels must be divisible"),
        ("Conv2d(4, 3, 3, groups=2)", ValueError, "out_channels must be divisible"),
        ("Conv2d(4, 4, 3, groups=0)", ValueError, "positive"),
        ("Conv2d(4, 4, 3, padding='full')", ValueError, "'same' or 'valid'"),
        ("Conv2d(4, 4, 3, 2, padding='same')", ValueError, "strided"),
        ("Dropout(1.5)", ValueError, "between 0 and 1, but got 1.5"),
        ("Embedding(3, 2, padding_idx=3)", AssertionError, "within num_embeddings"),
        ("Sequential(3)", TypeError, "int is not a Module"),
    ],
)
def test_bad_arguments(text: str, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        made(text, nn)


def test_functional_has_every_op_that_torchs_has() -> None:
    shared = {name for name in functions if hasattr(torch.nn.functional, name)}
    assert {"relu", "cross_entropy", "linear", "conv2d", "layer_norm", "dropout", "embedding"} <= shared
    for name in shared:
        assert getattr(F, name) is functions[name]
    assert shared <= set(dir(F))
    with pytest.raises(AttributeError, match="no 'grelu'"):
        _ = F.grelu


def test_every_layer_of_one_op_is_listed_here() -> None:
    wraps = {name for name in nn.__all__ if isinstance(getattr(nn, name), type) and hasattr(getattr(nn, name), "op")}
    assert wraps == {*ACTIVATIONS, *LOSSES, "MaxPool2d", "AvgPool2d"}
    assert all(getattr(nn, name).op is TABLE[getattr(nn, name).op.name] for name in wraps)


# Randomness


def test_initial_weights_have_torchs_distributions() -> None:
    """Uniform within 1/√fan_in for Linear and Conv, standard normal for Embedding; a seed gives the same again."""
    pg.manual_seed(3)
    linear, conv, rows = nn.Linear(100, 200), nn.Conv2d(8, 50, 3, groups=2), nn.Embedding(200, 100)
    for tensor, fan_in in ((linear.weight, 100), (linear.bias, 100), (conv.weight, 36), (conv.bias, 36)):
        bound = 1 / math.sqrt(fan_in)
        size = np.abs(tensor.array)
        assert bound * 0.9 < size.max() <= bound
        # Four standard deviations of the mean of |uniform|, which is bound / √12 for one.
        assert abs(size.mean() - bound / 2) < 4 * bound / math.sqrt(12 * size.size)
    assert abs(rows.weight.array.mean()) < 4 / math.sqrt(rows.weight.numel())
    assert abs(rows.weight.array.var() - 1) < 4 * math.sqrt(2 / rows.weight.numel())
    pg.manual_seed(3)
    assert np.array_equal(nn.Linear(100, 200).weight.array, linear.weight.array)
    assert linear.weight.dtype == pg.float32
    assert nn.Linear(2, 2, dtype="float64").bias.dtype == pg.float64


def test_dropout_follows_the_seed_and_the_mode() -> None:
    x, layer = pg.ones(1000), nn.Dropout(0.25)
    pg.manual_seed(5)
    first = layer(x)
    pg.manual_seed(5)
    assert np.array_equal(layer(x).array, first.array)
    assert set(first.tolist()) == {0.0, float(np.float32(1 / 0.75))}
    assert abs(np.count_nonzero(first.array) - 750) < 4 * math.sqrt(1000 * 0.25 * 0.75)
    assert layer.eval()(x) is x


def test_threads_never_draw_the_same_numbers() -> None:
    pg.manual_seed(7)
    drawn: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: drawn.append(nn.Linear(50, 50).weight.array.tobytes())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(drawn)) == 8
