"""Convolutions, pools and attention against torch: forms of arguments, torch's special kernels, and the errors."""

from __future__ import annotations

import pytest
import torch

import paragrad.engine as pg
from parity_tests.both_sides import Side, assert_parity, assert_same_error, listed
from parity_tests.ulps import assert_within_ulps

CONVOLUTIONS = """
F.conv2d(T(2, 3, 5, 5), T(4, 3, 3, 3)) | F.conv2d(T(3, 5, 5), T(4, 3, 3, 3), T(4))
F.conv2d(T(2, 3, 5, 5), T(4, 3, 3, 3), T(4), padding='same') | F.conv2d(T(2, 3, 5, 5), T(4, 3, 2, 4), padding='same')
F.conv2d(T(2, 3, 5, 5), T(4, 3, 3, 3), padding='same', dilation=2)
F.conv2d(T(2, 3, 5, 5), T(4, 3, 2, 2), T(4), padding='valid')
F.conv2d(T(2, 4, 5, 5), T(6, 2, 3, 3), T(6), groups=2, padding=1)
F.conv2d(T(2, 4, 5, 5), T(8, 1, 3, 3), groups=4, padding=(2, 1), stride=2)
F.conv2d(T(2, 3, 5, 5), T(4, 3, 3, 3), None, (1, 2), (1, 0), (2, 1))
F.conv2d(T(2, 3, 5, 5), T(4, 3, 3, 3), stride=(2,)) | F.conv2d(T(2, 3, 5, 5), T(4, 3, 1, 1))
F.conv2d(T(2, 3, 7, 5), T(4, 3, 2, 2), stride=3) | F.conv2d(T(2, 3, 5, 5), T(4, 3, 3, 3), padding=3, stride=4)
F.conv2d(T(0, 3, 5, 5), T(4, 3, 3, 3)) | F.conv2d(I([[[1, 2], [3, 4]]]), I([[[[1, 1], [1, 1]]]]))
F.conv2d(T(2, 3, 5, 5).mT, T(4, 3, 3, 3).mT) | F.conv1d(T(2, 3, 5), T(4, 3, 3)) | F.conv1d(T(3, 5), T(4, 3, 3), T(4))
F.conv1d(T(2, 3, 5), T(4, 3, 3), stride=2, padding=1, dilation=2)
F.conv1d(T(2, 3, 5), T(4, 3, 3), stride=(2,), padding=(1,), dilation=(2,))
F.conv1d(T(2, 3, 5), T(4, 3, 3), padding='same', dilation=2) | F.conv1d(T(2, 4, 5), T(2, 2, 3), groups=2)
"""


@pytest.mark.parametrize("case", listed(CONVOLUTIONS))
def test_convolutions(case: str) -> None:
    assert_parity(case)


POOLS = """
F.max_pool2d(T(2, 3, 5, 5), 2) | F.max_pool2d(T(3, 5, 5), 2) | F.max_pool2d(T(2, 3, 5, 5), (2, 3), (1, 2), (1, 1))
F.max_pool2d(T(2, 3, 5, 5), 3, padding=1, dilation=2) | F.max_pool2d(T(2, 3, 5, 5), 2, ceil_mode=True)
F.max_pool2d(T(2, 3, 5, 5), 2, 3, ceil_mode=True) | F.max_pool2d(T(2, 3, 5, 5), 2, stride=[])
F.max_pool2d(T(0, 3, 5, 5), 2) | F.max_pool2d(T(2, 3, 5, 5), (2,)) | F.max_pool2d(I([[[1, 5], [3, 4]]]), 2)
F.max_pool2d(T(1, 4, 4) * 0, 2) | F.max_pool2d(T(1, 4, 4) * 0 - inf, 2, padding=1) | F.max_pool2d(T(1, 4, 4), 1)
F.max_pool2d(T(2, 3, 6, 5)[..., ::2, :], 2) | F.avg_pool2d(T(2, 3, 5, 5), 2) | F.avg_pool2d(T(3, 5, 5), 2)
F.avg_pool2d(T(2, 3, 5, 5), (2, 3), (1, 2), (1, 1))
F.avg_pool2d(T(2, 3, 5, 5), 3, padding=1, ceil_mode=True, count_include_pad=False)
F.avg_pool2d(T(2, 3, 5, 5), 3, stride=()) | F.avg_pool2d(T(2, 3, 5, 5), 3, 2, 1, True, True)
F.avg_pool2d(T(2, 3, 5, 5), 3, 2, 1, True, False, 5) | F.avg_pool2d(T(2, 3, 5, 5), 3, divisor_override=-2)
F.avg_pool2d(T(0, 3, 5, 5), 2) | F.avg_pool2d(I([[[-1, -6], [3, 1]]]), 2)
F.avg_pool2d(T(2, 3, 5, 5), 2, 4, ceil_mode=True) | F.avg_pool2d(T(2, 3, 4, 4), 3, 3, 1, True)
F.avg_pool2d(T(1, 4, 4), 1)
"""


@pytest.mark.parametrize("case", listed(POOLS))
def test_pools(case: str) -> None:
    assert_parity(case, ulps=4)


@pytest.mark.parametrize(
    "image",
    ["[[1., nan], [nan, 2.]]", "[[1., 3.], [3., 3.]]", "[[-inf, -inf], [-inf, -inf]]", "[[nan, inf], [inf, 1.]]"],
)
@pytest.mark.parametrize("padding", [0, 1])
def test_which_element_is_the_largest(image: str, padding: int) -> None:
    """The first of equals, but the last NaN."""
    for part in (0, 1):
        case = f"F.max_pool2d(m.tensor([{image}]), 2, padding={padding}, return_indices=True)[{part}]"
        assert_parity(case)


ATTENTION = """
A(T(3, 5), T(4, 5), T(4, 2), T(3, 4).float()) | A(T(3, 5), T(4, 5), T(4, 2)) | A(T(2, 3, 5), T(2, 4, 5), T(2, 4, 2))
A(T(7, 2, 3, 5), T(7, 2, 4, 5), T(7, 2, 4, 2)) | A(T(7, 2, 3, 5), T(7, 2, 4, 5), T(7, 2, 4, 5))
A(T(7, 2, 3, 5), T(1, 2, 4, 5), T(7, 1, 4, 2)) | A(T(2, 3, 5), T(4, 5), T(4, 2))
A(T(3, 5), T(4, 5), T(4, 2), B([[False] * 4, [True, False, True, True], [True] * 4]))
A(T(1, 1, 3, 5), T(1, 1, 4, 5), T(1, 1, 4, 5), B([[False] * 4, [True, False, True, True], [True] * 4]))
A(T(3, 5), T(4, 5), T(4, 2), T(3, 4)) | A(T(2, 3, 5), T(2, 4, 5), T(2, 4, 2), T(3, 4))
A(T(3, 5), T(4, 5), T(4, 2), T(4)) | A(T(1, 2, 3, 5), T(1, 2, 4, 5), T(1, 2, 4, 5), T(3, 4))
A(T(1, 2, 3, 5), T(1, 2, 4, 5), T(1, 2, 4, 5), is_causal=True)
A(T(3, 5), T(4, 5), T(4, 2), T(3, 4).detach() - m.tensor([[0.], [inf], [0.]]))
A(T(2, 3, 5), T(2, 4, 5), T(2, 4, 2), T(3, 1)) | A(T(3, 5), T(4, 5), T(4, 2), is_causal=True)
A(T(5, 5), T(3, 5), T(3, 2), is_causal=True) | A(T(3, 0), T(4, 0), T(4, 2)) | A(T(3, 5), T(0, 5), T(0, 2))
A(T(0, 5), T(4, 5), T(4, 2)) | A(T(3, 5), T(4, 5), T(4, 2), scale=0.5) | A(T(3, 5), T(4, 5), T(4, 2), scale=0.0)
A(T(3, 5), T(4, 5), T(4, 2), scale=-1.0) | A(T(3, 5), T(4, 5), T(4, 2), dropout_p=1.0)
"""


@pytest.mark.parametrize("case", listed(ATTENTION))
def test_attention(case: str) -> None:
    """Also where torch takes its fused kernel: four dimensions, of one width."""
    assert_parity(case.replace("A(", "F.scaled_dot_product_attention("), ulps=16)


def test_attention_drops_weights() -> None:
    """With dropout the result is the mean of 200 results, about the one without; each value is one of few."""
    pg.manual_seed(3)
    query, key, value = pg.zeros(1, 2), pg.zeros(4, 2), pg.tensor([[1.0], [10.0], [100.0], [1000.0]])
    found = [pg.scaled_dot_product_attention(query, key, value, dropout_p=0.5).item() for _ in range(200)]
    assert len({round(2 * x) for x in found} & {0, 1, 10, 11, 1000, 1111}) == 6
    assert 200 < sum(found) / 200 < 360


ERRORS = """
F.conv2d(T(2, 3, 5, 5), T(4, 3, 3, 3), T(4), 2, 'same') | F.conv2d(T(2, 3, 5, 5), T(4, 3, 2, 2), T(4), padding='foo')
F.conv2d(T(2, 3, 5, 5), T(4, 3, 3, 3), T(3)) | F.conv2d(T(2, 3, 5, 5), T(4, 3, 3, 3), T(4, 1))
F.conv2d(T(2, 3, 5, 5), T(4, 2, 3, 3)) | F.conv2d(T(2, 4, 5, 5), T(3, 2, 3, 3), groups=2)
F.conv2d(T(2, 4, 5, 5), T(4, 2, 3, 3), groups=0) | F.conv2d(T(2, 3, 5, 5), T(4, 3, 6, 6))
F.conv2d(T(2, 3, 5, 5), T(4, 3, 3, 3), stride=0) | F.conv2d(T(2, 3, 5, 5), T(4, 3, 3, 3), padding=-1)
F.conv2d(T(2, 3, 5), T(4, 3, 3)) | F.conv2d(T(2, 3, 5, 5), T(4, 3, 3, 3), dilation=0)
F.conv2d(T(2, 3, 5, 5), T(4, 3, 3, 3), stride=(1, 1, 1)) | F.conv2d(T(5, 5), T(4, 3, 3, 3))
F.conv2d(T(2, 3, 5, 5), T(4, 3, 3, 3).float()) | F.conv2d(T(2, 3, 5, 5), T(4, 3, 3, 3), T(4).float())
F.conv2d(T(2, 3, 5, 5), T(0, 3, 3, 3)) | F.conv1d(T(2, 3, 5, 5), T(4, 3, 3))
F.conv2d(B([[[True]]]), B([[[[True]]]])) | F.conv2d(T(2, 3, 0, 5), T(4, 3, 3, 3)) | F.max_pool2d(T(5, 5), 2)
F.max_pool2d(T(2, 3, 5, 5), 2, padding=2) | F.max_pool2d(T(2, 3, 5, 5), 6) | F.max_pool2d(T(2, 3, 5, 5), 0)
F.max_pool2d(T(2, 3, 5, 5), 2, stride=0) | F.max_pool2d(T(2, 0, 5, 5), 2) | F.max_pool2d(T(2, 3, 0, 5), 2)
F.max_pool2d(B([[[True]]]), 1) | F.avg_pool2d(T(2, 3, 5, 5), 2, padding=2)
F.avg_pool2d(T(2, 3, 5, 5), 3, divisor_override=0) | F.avg_pool2d(T(2, 3, 5, 5), 6) | F.avg_pool2d(T(2, 0, 5, 5), 2)
A(T(5), T(4, 5), T(4, 2)) | A(T(3, 5), T(4, 6), T(4, 2)) | A(T(3, 5), T(4, 5), T(3, 2))
A(T(3, 5), T(4, 5), T(4, 2), T(3, 4), is_causal=True) | A(T(3, 5), T(4, 5), T(4, 2), I([[1]]))
A(T(3, 5), T(4, 5).float(), T(4, 2)) | A(T(3, 5).float(), T(4, 5).float(), T(4, 2).float(), T(3, 4))
A(T(1, 4, 3, 5), T(1, 2, 4, 5), T(1, 2, 4, 2)) | A(T(3, 5), T(4, 5), T(4, 2), T(3, 3))
"""


@pytest.mark.parametrize("case", listed(ERRORS))
def test_errors(case: str) -> None:
    case = case.replace("A(", "F.scaled_dot_product_attention(")
    message = assert_same_error(case)
    name = case.partition("(")[0][2:]
    assert message.startswith((f"{name}():", "matmul():", "add():")), message


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("F.conv2d(T(2, 3, 5, 5), T(4, 2, 3, 3))", ["(2, 3, 5, 5)", "(4, 2, 3, 3)", "3 channels"]),
        ("F.conv2d(T(2, 3, 5, 5), T(4, 3, 6, 6))", ["(6, 6)", "(5, 5)"]),
        ("F.max_pool2d(T(2, 3, 5, 5), 6)", ["(6, 6)", "(2, 3, 5, 5)"]),
        ("F.scaled_dot_product_attention(T(5), T(4, 5), T(4, 2))", ["(5,)", "(4, 5)", "(4, 2)"]),
    ],
)
def test_errors_name_the_shapes(case: str, words: list[str]) -> None:
    message = assert_same_error(case)
    for word in words:
        assert word in message, message


def test_second_derivative_of_a_network() -> None:
    """Through convolution, pool and attention at once, for the sum of squares of the gradient."""
    found = []
    for module in (pg, torch):
        side = Side(module)
        (image, weight) = side.leaf(1, 2, 6, 6, scale=0.25), side.leaf(3, 2, 3, 3, scale=0.25)
        functions = side.names["F"]
        features = functions.max_pool2d(functions.conv2d(image, weight, padding=1).tanh(), 2).reshape(3, 9)
        result = functions.scaled_dot_product_attention(features, features, features, is_causal=True)
        grad = pg.grad if module is pg else torch.autograd.grad
        first = grad([(result * result).sum()], [image, weight], create_graph=True)
        sum((g * g).sum() for g in first).backward()  # type: ignore[union-attr]
        found.append([leaf.grad.numpy() for leaf in side.leaves])
    for ours, torchs in zip(*found, strict=True):
        assert_within_ulps(ours, torchs, 16, of=[torchs])
