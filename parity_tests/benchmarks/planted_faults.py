"""The regressions that `planted_gate.py` plants: each an edit of one place in the source."""

from __future__ import annotations

from dataclasses import dataclass

ENGINE = "engine/paragrad/engine"
OPS, JUDGE = f"{ENGINE}/ops", "fuzz/paragrad/fuzz/judge"


@dataclass(frozen=True)
class Planted:
    """An edit: `old` becomes `new`, once; the gate has to say `kind` of `op`."""

    name: str
    kind: str
    op: str
    file: str
    old: str
    new: str
    also: tuple[str, ...] = ()
    of: str = ""
    """What every row of an error or a verdict has to be about."""


PLANTED = (
    Planted(
        "softsign by a reciprocal",
        "ulp",
        "softsign",
        f"{OPS}/activation.py",
        "return np.true_divide(input, np.absolute(input) + 1)",
        "return np.asarray(input * (1 / (np.absolute(input) + 1)))",
    ),
    Planted(
        "mish by its definition",
        "ulp",
        "mish",
        f"{OPS}/activation.py",
        "return np.multiply(input, n / (n + 2))",
        "return np.multiply(input, np.tanh(np.log1p(e)))",
    ),
    Planted(
        "logsumexp without its maximum",
        "ulp",
        "logsumexp",
        f"{OPS}/softmax.py",
        "    total = add_up(np.exp(input - top), axis, None, keepdim)\n    return np.log(total)",
        "    top = 0 * top\n    total = add_up(np.exp(input - top), axis, None, keepdim)\n    return np.log(total)",
    ),
    Planted(
        "log2's rule by a reciprocal",
        "ulp",
        "log2",
        f"{OPS}/exponential.py",
        "g / (input * math.log(2))",
        "g * (1 / (input * math.log(2)))",
    ),
    Planted(
        "atan's rule by a reciprocal",
        "ulp",
        "atan",
        f"{OPS}/trigonometric.py",
        "g / (input * input + 1)",
        "g * (1 / (input * input + 1))",
    ),
    Planted(
        "sinh's rule by a root",
        "ulp",
        "sinh",
        f"{OPS}/trigonometric.py",
        "g * cosh(input)",
        "g / rsqrt(1 + sinh(input) * sinh(input))",
        also=("cosh",),
    ),
    Planted(
        "exp2's rule with a short constant",
        "ulp",
        "exp2",
        f"{OPS}/exponential.py",
        "g * out * math.log(2)",
        "g * out * 0.6931472",
    ),
    Planted(
        "log1p by log", "ulp", "log1p", f"{OPS}/exponential.py", "return np.log1p(input)", "return np.log(1 + input)"
    ),
    Planted(
        "asin's rule with the wrong sign",
        "verdict",
        "asin",
        f"{OPS}/trigonometric.py",
        "g * rsqrt(-input * input + 1)",
        "g * -rsqrt(-input * input + 1)",
    ),
    Planted(
        "mv a thousandth too large",
        "verdict",
        "mv",
        f"{OPS}/contraction.py",
        "    return matmul(input, vec)\n",
        "    return matmul(input, vec) * 1.001\n",
    ),
    Planted(
        "relu at 0",
        "convention",
        "relu",
        f"{OPS}/fused_elementwise.py",
        "np.copyto(mask, np.less_equal(out, 0))",
        "np.copyto(mask, np.less(out, 0))",
        of="gradient",
    ),
    Planted(
        "clamp at a bound",
        "convention",
        "clamp",
        f"{OPS}/extremum.py",
        "where(input < min if max is None",
        "where(input <= min if max is None",
    ),
    Planted(
        "maximum at a tie",
        "convention",
        "maximum",
        f"{OPS}/extremum.py",
        "input=lambda g, input, other: _share(g, input, other)",
        "input=lambda g, input, other: where(input >= other, g, 0.0)",
    ),
    Planted(
        "atan2 at the origin",
        "convention",
        "atan2",
        f"{OPS}/trigonometric.py",
        "return where(square == 0, 0.0, reciprocal(square))",
        "return reciprocal(square)",
    ),
    Planted(
        "softsign of integers in float64",
        "dtype",
        "softsign",
        f"{OPS}/activation.py",
        "        input = input.astype(get_default_dtype())\n    return np.true_divide",
        "        input = input.astype(np.float64)\n    return np.true_divide",
    ),
    Planted(
        "log10 in float64",
        "dtype",
        "log10",
        f"{OPS}/exponential.py",
        "return np.log10(input)",
        "return np.log10(input).astype(np.float64)",
    ),
    Planted(
        "huber_loss no longer public",
        "op",
        "huber_loss",
        f"{OPS}/losses.py",
        "@op(promote=None, sample=pair(alike=True, delta",
        "@op(internal=True, promote=None, sample=pair(alike=True, delta",
    ),
    Planted(
        "log10 without a gradient",
        "op",
        "log10",
        f"{OPS}/exponential.py",
        ", input=lambda g, input: g / (input * _LN10))",
        ")",
    ),
    Planted(
        "no more faults in tanh's rule",
        "mutant",
        "tanh",
        "fuzz/paragrad/fuzz/mutants/mutant.py",
        "for op in TABLE.values() for parameter in op.pullbacks]",
        'for op in TABLE.values() for parameter in op.pullbacks if op.name != "tanh"]',
    ),
    Planted(
        "a mutant called equivalent",
        "exclusion",
        "sub",
        "fuzz/paragrad/fuzz/mutants/equivalents.json",
        '[\n {\n  "reason":',
        '[\n {"reason": "nobody looks there", "ids": ["factor:sub(other):2^-7"]},\n {\n  "reason":',
    ),
    Planted(
        "a convention excused",
        "exclusion",
        "relu",
        f"{JUDGE}/conventions/ours.py",
        "DIFFERENT: dict[str, str] = {",
        'DIFFERENT: dict[str, str] = {\n    "relu([0])": "it is as good",',
    ),
    Planted(
        "an op left out of the accuracy report",
        "exclusion",
        "erf",
        "reports/paragrad/reports/accuracy/measure.py",
        "EXCLUDED: dict[str, str] = {}",
        'EXCLUDED: dict[str, str] = {"erf": "it is slow"}',
    ),
    Planted(
        "linear's rule doubled",
        "verdict",
        "linear",
        f"{OPS}/contraction.py",
        "input=lambda g, weight: matmul(g, weight) if",
        "input=lambda g, weight: matmul(2 * g, weight) if",
        of="gradient",
    ),
    Planted(
        "Value.tanh's rule off by 1e-9",
        "verdict",
        "Value.tanh",
        f"{ENGINE}/scalar.py",
        "(z := math.tanh(x), 1.0 - z * z)",
        "(z := math.tanh(x), 1.000000001 - z * z)",
        of="gradient",
    ),
    Planted(
        "Value.sigmoid's rule one rounding worse",
        "verdict",
        "Value.sigmoid",
        f"{ENGINE}/scalar.py",
        "(1.0 - z) * z)",
        "z - z * z)",
        of="gradient",
    ),
    Planted(
        "Value.relu at 0",
        "convention",
        "Value.relu",
        f"{ENGINE}/scalar.py",
        "if x > 0 or x != x else make_result(max(x, 0.0), DEAD",
        "if x >= 0 or x != x else make_result(max(x, 0.0), DEAD",
        of="gradient",
    ),
    Planted(
        "a leaf Value forgets",
        "program",
        "Value.backward",
        f"{ENGINE}/scalar.py",
        "node.grad = node._before + g if node._before else g",
        "node.grad = g",
        also=("scalar_nn.MLP",),
    ),
    Planted(
        "scalar_nn.linear without its bias' edge",
        "ulp",
        "scalar_nn.linear",
        f"{ENGINE}/scalar_nn.py",
        "[(bias, 1.0)]",
        "[(bias, 0.5)]",
        of="gradient",
    ),
    Planted(
        "scalar_nn.SGD not dampened",
        "ulp",
        "scalar_nn.SGD",
        f"{ENGINE}/scalar_nn.py",
        "keep, add = self.momentum, 1.0 - self.dampening",
        "keep, add = self.momentum, 1.0",
    ),
    Planted(
        "Adam's eps inside the root",
        "program",
        "optim.Adam",
        f"{ENGINE}/optim.py",
        "        denominator = np.sqrt(square, out=scratch)",
        '        denominator = np.sqrt(square + group["eps"], out=scratch)',
        also=("optim.AdamW",),
    ),
    Planted(
        "SGD's nesterov without momentum",
        "program",
        "optim.SGD",
        f"{ENGINE}/optim.py",
        "ahead = np.multiply(buf, momentum,",
        "ahead = np.multiply(buf, 1,",
    ),
    Planted(
        "a layer norm with another eps",
        "ulp",
        "nn.LayerNorm",
        f"{ENGINE}/nn/normalization.py",
        "self.eps = eps",
        "self.eps = 2 * eps",
    ),
    Planted(
        "a loss that is another",
        "ulp",
        "nn.MSELoss",
        f"{ENGINE}/nn/losses.py",
        'class MSELoss(Loss, op="mse_loss")',
        'class MSELoss(Loss, op="l1_loss")',
    ),
    Planted(
        "the walk adds in place to what another holds",
        "program",
        "walk",
        f"{ENGINE}/graph.py",
        "elif type(held) is not ndarray or parent in self.shared:",
        "elif type(held) is not ndarray:",
    ),
    Planted(
        "the walk forgets that views share memory",
        "program",
        "walk",
        f"{ENGINE}/graph.py",
        "if contribution is incoming or (not self.create_graph and contribution.base is not None):",
        "if contribution is incoming:",
    ),
    Planted("the judge ten times looser", "judge", "judge", f"{JUDGE}/bounds.py", "NEAR = 4\n", "NEAR = 40\n"),
)
