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
from pathlib import Path
from typing import Any

from planted_faults import PLANTED, Planted

TOP = Path(__file__).resolve().parents[2]
BASELINE = TOP / "reports" / "baseline" / "accuracy.json"
BESIDE = ("add", "mul", "tanh", "relu", "linear", "layer_norm", "mse_loss", "softmax")
"""Ops that are measured with what is no op of the table."""


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
