"""Regressions planted in the source, one at a time, and what the accuracy gate says of each.

    python parity_tests/benchmarks/planted_gate.py [--jobs N] [--whole] [NAME]...

Each is an edit in a copy of the tree, held against the committed baseline: the op and its family, the ops of the same
file (of what is no op of the table, everything that is none, and a few ops), or with --whole all ops, a minute each.
Mutants are hunted of the op alone. The gate has to name the op and the kind, and nothing beside: `also` are ops that
are written with the edited one, so they got worse as well. Of a gradient's fault no value may be named.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
BASELINE = TOP / "reports" / "baseline" / "accuracy.json"
ENGINE = "engine/paragrad/engine"
OPS, JUDGE = f"{ENGINE}/ops", "fuzz/paragrad/fuzz/judge"
BESIDE = ("add", "mul", "tanh", "relu", "linear", "layer_norm", "mse_loss", "softmax")
"""Ops that are measured with what is no op of the table."""


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
        "ulp",
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


def child(op: str, whole: bool) -> None:
    """In a planted copy: measure, compare, and print what got worse as JSON lines."""
    from paragrad.reports.cli import one_thread

    one_thread()
    import torch

    from paragrad.reports.gate.accuracy import baseline, gate, measure, mutants

    torch.set_num_threads(1)
    known = baseline.read(BASELINE)
    hunt = mutants.measure

    def of_one(faults: list[mutants.MutantRow], only: object, lost: set[str], tell: object) -> mutants.Hunted:
        found = hunt(faults, (op,), lost, lambda done, total: None, jobs=1)
        found.killed += [row for row in faults if row["op"] != op and row["op"] not in lost]
        return found

    measure.mutants.measure = of_one  # type: ignore[assignment]
    gated = gate.run(BASELINE, known, () if whole else near(op, known), lambda done, total, what: None)
    print(json.dumps(gated.answer["worse"]))


def near(op: str, known: Any) -> list[str]:
    """The names that are measured with an op, `known` is the baseline."""
    from paragrad.engine.ops.table import TABLE

    if op not in TABLE:
        rest = {row["op"] for kind in ("ulp", "verdict", "program", "judge") for row in known["rows"][kind]}
        return sorted(rest - TABLE.keys()) + list(BESIDE)
    home = TABLE[op].compute.__module__
    return [name for name, entry in TABLE.items() if entry.compute.__module__ == home]


def worse(planted: Planted, whole: bool) -> list[dict[str, str]]:
    """What the gate says of one."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("engine", "fuzz", "reports"):
            shutil.copytree(TOP / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        file = copy / planted.file
        text = file.read_text(encoding="utf-8")
        assert planted.old in text, f"{planted.name}: {planted.file} no longer has {planted.old!r}"
        file.write_text(text.replace(planted.old, planted.new, 1), encoding="utf-8")
        paths = os.pathsep.join(str(copy / name) for name in ("engine", "fuzz", "reports"))
        command = [
            sys.executable,
            str(Path(__file__).resolve()),
            "--child",
            planted.op,
            *(["--whole"] if whole else []),
        ]
        done = subprocess.run(
            command,
            cwd=copy,
            env=os.environ | {"PYTHONPATH": paths},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        found: list[dict[str, str]] = json.loads(done.stdout.splitlines()[-1])
        return found


def op_of(row: dict[str, str]) -> str:
    """The op that a line names."""
    if row["kind"] == "judge":
        return "judge"
    what = row["what"].partition(": ")[2] if row["kind"] == "exclusion" else row["what"]
    if row["kind"] == "mutant" or ":" in what.partition(" ")[0].rstrip(":"):
        what = what.partition(":")[2]
    return what.replace("(", " ").replace(":", " ").split()[0]


def about(planted: Planted, row: dict[str, str]) -> bool:
    """Whether an error or a verdict is of what was planted."""
    return row["kind"] not in ("ulp", "verdict") or planted.of in row["what"]


def main() -> int:
    """Plant each, and print a table; 1 where one was not named exactly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--child", metavar="OP")
    options = parser.parse_args()
    if options.child:
        child(options.child, options.whole)
        return 0
    chosen = [p for p in PLANTED if not options.names or p.name in options.names]
    exact = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for planted, rows in zip(chosen, pool.map(lambda each: worse(each, options.whole), chosen), strict=True):
            named = [row for row in rows if row["kind"] == planted.kind and op_of(row) == planted.op]
            beside = [row for row in rows if op_of(row) not in (planted.op, *planted.also) or not about(planted, row)]
            exact += bool(named) and not beside
            kinds = ", ".join(sorted({row["kind"] for row in rows}))
            told = f"{named[0]['what']}: {named[0]['before']} -> {named[0]['after']}" if named else "NOT NAMED"
            print(f"{planted.name} | {planted.kind} | {told} | {len(rows)} rows ({kinds}) | {len(beside)} beside")
            if named:
                print(f"    {named[0]['repro'][:300]}")
            for row in beside:
                print(f"    beside: {row['kind']}: {row['what']}: {row['before']} -> {row['after']}")
            sys.stdout.flush()
    print(f"{exact} of {len(chosen)} named exactly, none beside")
    return 0 if exact == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
