"""Records as large as real ones, drawn from a seed: what a page has to hold when every op, dtype and size is there."""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.reports import record
from paragrad.reports.accuracy.ulp import EDGES, summary
from paragrad.reports.record import Counts, Record
from parity_tests.bodies import BODIES, PROGRAM

OPS = sorted(name for name, op in TABLE.items() if not op.internal)
CLASSES = ("normal", "zero", "tie", "huge", "tiny", "inf", "NaN", "size 0", "strided")
COUNTS: Counts = {"requested": 10_000, "judged": 9_990, "filtered": {"refused": 7}, "crashed": 1, "not_run": 2}


def records(most: int | None = None) -> dict[str, Record]:
    """A record of each kind that a page shows, of all ops or of so many."""
    ops = OPS[:most]
    rng = np.random.default_rng(5)
    bodies = {
        "accuracy": accuracy(rng, ops),
        "parity": parity(rng, ops),
        "speed": speed(rng),
        "gate": gate(rng),
        "diff": diff(200 if most is None else most),
        "mutants": {**BODIES["mutants"], "survivors": [], "killed": 1200, "stopped": ""},
        "false-alarms": {**BODIES["false-alarms"], "alarms": [], "needless": [], "absent": [], "refused": {}},
    }
    made = {}
    for kind, body in bodies.items():
        made[kind] = record.new(kind, 7, {"programs": 10_000}, COUNTS, body)  # type: ignore[arg-type] - each is a kind
        assert not list(record.check(made[kind])), kind
    return made


def quantity(rng: np.random.Generator) -> dict[str, Any]:
    """Errors of both sides at some hundred elements, some of them large."""
    scale = 10 ** rng.uniform(-1.5, 1.2)
    sides = [summary(np.abs(rng.normal(0, scale, 200)), 0) for _ in range(2)]
    return {"count": 600, "beyond": 3, "engine": sides[0], "torch": sides[1]}


def accuracy(rng: np.random.Generator, ops: list[str]) -> dict[str, Any]:
    """Every op in both dtypes with one gradient or two, as most have."""
    rows = []
    for op in ops:
        names = ["input", "other", "input and other", "weight"][: 1 + (rng.random() < 0.3)]
        for dtype, truth in (("float32", "torch in float64"), ("float64", "long double")):
            gradients = {name: quantity(rng) for name in names}
            rows.append(
                {
                    "op": op, "dtype": dtype, "truth": truth, "declared": 2.0, "programs": 40, "value": quantity(rng),
                    "exact": None, "gradients": gradients,
                }
            )  # fmt: skip
    depth = [
        {"depth": d, "graphs": 40, "gradients": 90, "engine": quantity(rng)["engine"], "torch": quantity(rng)["torch"]}
        for d in (1, 2, 5, 10, 20, 50, 100, 200)
    ]
    points = []
    for _ in range(2 * len(ops)):
        condition = 10 ** rng.uniform(0, 9)
        engine, torch = np.minimum(10 ** rng.normal(-2, 0.8, 2), 0.98)
        size = int(10 ** rng.uniform(0.3, 2.4))
        dtype = str(rng.choice(["float32", "float64"]))
        family = str(rng.choice(["scalar", "graph", "mlp"]))
        points.append({"family": family, "dtype": dtype, "program": len(points), "ops": size,
                       "condition": float(f"{condition:.4g}"), "engine": float(f"{engine:.4g}"),
                       "torch": float(f"{torch:.4g}")})  # fmt: skip
    differing = [
        {"point": "gelu([inf])", "torch": "nan", "engine": "inf", "reason": "the limit is what mathematics says"}
    ]
    conventions = {"points": 240, "differing": differing}
    absent = [{"op": "dropout", "dtype": "float32", "reason": "it draws random numbers"}]
    worst = [
        {"op": r["op"], "dtype": r["dtype"], "of": "grad input", "ulp": 3.25, "program": 17,
         "call": f"{r['op']}(x0, x1, dim=1, keepdim=True)", "inputs": "x0 = -1.2345678, x1 = 0.0078125",
         "element": [1, 0, 2], "engine": "-1.2345678901234567", "torch": "-1.2345678901234569",
         "truth": "-1.2345678901234568"}
        for r in rows
    ]  # fmt: skip
    return {"edges": list(EDGES), "rows": rows, "worst": worst, "absent": absent, "depth": depth, "points": points,
            "graphs": {"requested": len(points) + 9, "judged": len(points), "not_compared": 4, "not_run": 5},
            "conventions": conventions}  # fmt: skip


def parity(rng: np.random.Generator, ops: list[str]) -> dict[str, Any]:
    """Half of all pairs of ops, every class, ten worst programs and no finding."""
    edges = {
        maker: {user: int(10 ** rng.uniform(0, 3.4)) for user in ops if rng.random() < 0.5} for maker in ["input", *ops]
    }
    classes = {
        op: {dtype: {name: int(10 ** rng.uniform(0, 3.5)) for name in CLASSES if rng.random() < 0.9}
             for dtype in ("float32", "float64", "int64", "bool")[: rng.integers(2, 5)]}
        for op in ops
    }  # fmt: skip
    table = "\n".join(f"v{k}  mul  v{k - 1}  6.{k}  6.{k + 1}" for k in range(1, 30))
    worst = [
        {"family": "graph", "engine": "tensor", "ratio": 0.99 - 0.01 * k, "variable": 1, "statements": 29,
         "table": table,
         "program": PROGRAM, "repro": "import torch\n" + "x = torch.tensor([1.0])\n" * 40}
        for k in range(10)
    ]  # fmt: skip
    body = {
        **BODIES["parity"], "findings": [], "worst": worst, "stopped": "", "families": {"graph": 8000, "mlp": 1990},
        "values": {"identical": 1_166_724, "rounding": 361_519, "convention": 0, "ill-conditioned": 3, "bug": 0},
        "gradients": {"identical": 1_131_602, "rounding": 422_625, "convention": 2, "ill-conditioned": 9, "bug": 0},
        "coverage": {"ops": ops, "ties": ops[::3], "edges": edges, "classes": classes},
        "ops": {op: int(10 ** rng.uniform(1, 4)) for op in ops[1:]},
        "seconds": {"generate": 0.95, "torch": 2.7, "engine": 1.24, "judge": 5.57}, "elapsed": 12.8,
    }  # fmt: skip
    return body


def speed(rng: np.random.Generator) -> dict[str, Any]:
    """Workloads against torch and micrograd, four sides over sizes and nodes, splits and memory."""
    rows = []
    for k, name in enumerate(["tiny", "mlp", "chain", "conv", "attention", "sgd", "adam", "scalars", "demo"]):
        goal = "at least" if k > 6 else "at most"
        middle = float(10 ** rng.normal(0.8 if k > 6 else -0.3, 0.15))
        side = {"name": "engine", "minimum": 1e-4, "median": 1.1e-4, "steps": 33}
        rows.append(
            {
                "name": name, "title": f"{name} on float32", "subject": side,
                "reference": {**side, "name": "micrograd" if k > 6 else "torch"}, "rounds": 40, "ratio": middle,
                "paired": {"median": middle, "low": middle * 0.96, "high": middle * 1.05}, "goal": goal,
                "target": 3.0 if k > 6 else 0.65, "met": (middle >= 3.0) if k > 6 else (middle <= 0.65),
            }
        )  # fmt: skip
    sides = {"engine": 1.0, "torch": 2.2, "mygrad": 6.0, "autograd": 9.0, "jax": 1.6}
    sizes = [
        {
            "work": work,
            "size": 10**p,
            "side": side,
            "minimum": t,
            "median": t * 1.1,
            "low": t * 1.05,
            "high": t * 1.2,
            "rounds": 30,
        }
        for work in ("add", "exp", "matmul", "conv2d")
        for p in range(7)
        for side, factor in sides.items()
        for t in [factor * (2e-6 + 10**p * 1e-9)]
    ]
    scaling = [
        {"work": work, "side": side, "nodes": 10**p, "forward": f * 10**p * 3e-7, "backward": f * 10**p * 2e-7,
         "failed": ""}
        for work in ("scalar", "tensor")
        for p in range(2, 7)
        for side, f in (("engine", 1.0), ("torch", 7.0))
    ]  # fmt: skip
    micrograd = {"work": "scalar", "side": "micrograd", "forward": None, "backward": None}
    scaling.append({**micrograd, "nodes": 1000, "failed": "RecursionError: maximum recursion depth exceeded"})
    splits = [
        {"name": name, "title": f"{name}, one step", "side": side, "forward": f * 1e-3, "backward": f * 2e-3,
         "optimizer": f * 4e-4}
        for name in ("mlp", "conv", "attention")
        for side, f in (("engine", 1.0), ("torch", 1.7))
    ]  # fmt: skip
    memory = [
        {"name": f"peak-{name}", "title": f"{name} peak", "side": side, "measured": m, "unit": "MiB", "target": target,
         "met": None if target is None else m <= target}
        for name in ("mlp", "conv")
        for side, m, target in (("engine", 184.2, 400.0), ("torch", 310.0, None))
    ]  # fmt: skip
    return {**BODIES["speed"], "rows": rows, "sizes": sizes, "scaling": scaling, "splits": splits, "memory": memory,
            "failed": [], "absent": []}  # fmt: skip


def gate(rng: np.random.Generator) -> dict[str, Any]:
    """Two changes for the worse, and twenty benchmarks, one of them slower."""
    rows = []
    for k, op in enumerate(OPS[:20]):
        ratio = 1.12 if k == 4 else float(rng.normal(1.0, 0.004))
        estimate = {"ratio": ratio, "low": ratio - 0.01, "high": ratio + 0.012, "launches": 3, "pairs": 40}
        control = {"ratio": 1.0, "low": 0.993, "high": 1.006, "launches": 3, "pairs": 40}
        rows.append(
            {
                "name": f"{op}-1000", "title": f"{op}, 1,000 elements", "threshold": 1.03,
                "verdict": "fail" if k == 4 else "inconclusive" if k == 9 else "pass", "seconds": 2e-5,
                "estimate": estimate, "confirmed": estimate if k == 4 else None, "control": control, "power": 0.99,
            }
        )  # fmt: skip
    worse = [
        {"kind": "ulp", "what": "exp, float32, value: max", "before": "1.2 ULP", "after": "3.8 ULP",
         "repro": "paragrad accuracy --seed 0"},
        {"kind": "mutant", "what": "sign: relu of input", "before": "killed", "after": "survived",
         "repro": "paragrad mutants --only relu"},
    ]  # fmt: skip
    return {
        "verdict": "fail",
        "accuracy": {**BODIES["gate"]["accuracy"], "why": "2 things are worse than the baseline", "worse": worse},
        "speed": {
            "verdict": "fail",
            "why": "1 of 20 benchmarks is slower",
            "base": "0123456789ab",
            "seed": 7,
            "rows": rows,
            "failed": [],
            "new": [],
        },
        "elapsed": 190.0,
    }


def diff(count: int) -> dict[str, Any]:
    """A chain of `count` products of what came before, each used twice, with a fault at the second."""
    body = BODIES["diff"]
    leaf, made = body["nodes"]
    number = {**made["value"]["torch"], "shape": [], "elements": 0.1234567890123456, "norm": 0.1234567890123456}
    compared = {**leaf["value"], "mine": number, "torch": number, "verdict": "identical", "error": 0.25}
    term = {**leaf["terms"][0], **dict.fromkeys(("upstream", "local", "expected", "mine", "accumulated"), number)}
    nodes = [{**leaf, "number": 0, "label": "a", "terms": [{**term, "user": 1, "parameter": "input"}]}]
    for k in range(1, count):
        operands = [{"parameter": "input", "node": k - 1}, {"parameter": "other", "node": max(0, k - 2)}]
        users = [(k + 1, "input"), (k + 2, "other")] if k < count - 2 else [(k + 1, "input")] if k < count - 1 else []
        nodes.append(
            {
                **made,
                "number": k,
                "label": f"v{k}",
                "op": "mul",
                "made": f"v{k - 1} * v{max(0, k - 2)}",
                "operands": operands,
                "value": compared,
                "gradient": {**compared, "verdict": "bug" if k == 2 else "rounding"},
                "given": number if k == count - 1 else None,
                "terms": [{**term, "user": user, "parameter": parameter} for user, parameter in users],
            }
        )
    return {**body, "nodes": nodes, "order": [*range(count - 1, -1, -1)], "root": count - 1, "size": count, "star": 2}
