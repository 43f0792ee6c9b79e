"""A body of each kind of record, small, whole and hostile: wherever words may come from a subject, they are markup."""

from __future__ import annotations

from typing import Any

import numpy as np

from paragrad.fuzz.encoding import to_json
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref
from paragrad.reports.accuracy.ulp import EDGES
from paragrad.reports.record import Counts

HOSTILE = "<script>alert(1)</script> | `x` *y* [z](http://w) #1\nnext"
COUNTS: Counts = {"requested": 9, "judged": 5, "filtered": {"refused": 1}, "crashed": 1, "not_run": 2}
ULPS = {"max": 1.75, "p999": 1.5, "median": 0.25, "unlike": 0, "bins": [60, 30, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0]}
TORCH = {"max": 0.5, "p999": 0.5, "median": 0.25, "unlike": 2, "bins": [60, 30, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}
QUANTITY = {"count": 100, "beyond": 1, "engine": ULPS, "torch": TORCH}
SIDE = {"name": "engine", "minimum": 2e-3, "median": 3e-3, "steps": 10}
PROGRAM = to_json(
    Program([Input.of("x", np.array([1.0, 2.0]), True)], [Apply("exp", (Ref(0),), {}, (1,)), Backward((1,), (None,))])
)
FINDING = {
    "kind": "gradient",
    "op": "mul|`",
    "argument": "input",
    "message": HOSTILE,
    "diagnosis": HOSTILE,
    "whose": "subject",
    "family": "tensor",
    "variable": 1,
    "programs": 12,
    "statements": 2,
    "statements_before": 31,
    "table": "v1  mul  ```  6.0 | 6.1",
    "file": "build/findings/a.json",
    "script": "build/findings/a.py",
    "program": PROGRAM,
    "repro": f"# {HOSTILE}",
}
AROUND = {"low": 1e-6, "high": 9e-6}
NUMBER = {"state": "shown", "shape": [], "dtype": "float64", "elements": 2.5, "norm": 2.5}
ARRAY = {"state": "shown", "shape": [4, 3], "dtype": "float32", "elements": None, "norm": "inf"}
HIDDEN = {"state": "hidden", "shape": [], "dtype": "", "elements": None, "norm": None}
COMPARED = {
    "mine": NUMBER,
    "torch": {**NUMBER, "elements": 2.0},
    "expected": NUMBER,
    "error": "inf",
    "worst": [],
    "worst_mine": 2.5,
    "worst_torch": 2.0,
    "verdict": "bug",
}
NODE = {
    "number": 0,
    "label": "a|`",
    "op": "input",
    "made": "",
    "operands": [],
    "place": {"line": 1, "column": 4, "end": 5, "text": "a ```"},
    "meaning": "",
    "value": COMPARED,
    "gradient": COMPARED,
    "difference": 2.0,
    "given": None,
    "terms": [
        {
            "user": 1,
            "parameter": "input",
            "upstream": NUMBER,
            "local": NUMBER,
            "symbol": "L",
            "rule": HOSTILE,
            "expected": NUMBER,
            "mine": None,
            "accumulated": NUMBER,
            "undone": "summed over axis 0: (4, 3) -> (3,)",
            "right": False,
        }
    ],
}
BODIES: dict[str, dict[str, Any]] = {
    "diff": {
        "verdict": "divergence",
        "engine": HOSTILE,
        "command": "paragrad diff 'exp(a)' a=1",
        "source": {"form": "expression", "name": "", "text": "exp(a)"},
        "program": PROGRAM,
        "root": 1,
        "size": 3,
        "nodes": [
            NODE,
            {
                **NODE,
                "number": 1,
                "label": "L",
                "op": "exp",
                "made": "exp(a) | `",
                "operands": [{"parameter": "input", "node": 0}],
                "value": {**COMPARED, "mine": HIDDEN, "torch": ARRAY, "worst": [3, 0], "verdict": "hidden"},
                "gradient": {**COMPARED, "mine": ARRAY, "torch": ARRAY, "worst": [3, 0], "error": None},
                "given": NUMBER,
                "terms": [],
            },
        ],
        "order": [1, 0],
        "star": 0,
        "findings": [
            {
                "node": 0,
                "kind": "gradient",
                "op": "exp",
                "argument": "input",
                "title": "gradient of exp(input)",
                "message": HOSTILE,
                "diagnosis": HOSTILE,
                "whose": "subject",
                "rule": HOSTILE,
                "where": "engine.py:3: ```",
            }
        ],
        "failure": "",
        "unjudged": 3,
        "notes": [HOSTILE],
        "test": f"# {HOSTILE}",
        "next": "paragrad check engine.py --only exp",
    },
    "parity": {
        "families": {"graph": 4, "scalar": 1},
        "distinct": 5,
        "replayed": 1,
        "values": {"identical": 70, "rounding": 5, "bug": 0},
        "gradients": {"identical": 40, "bug": 1},
        "largest": 0.75,
        "findings": [FINDING],
        "worst": [
            {
                "family": "graph",
                "engine": "tensor",
                "ratio": 0.75,
                "variable": None,
                "statements": 2,
                "table": HOSTILE,
                "program": PROGRAM,
                "repro": f"# {HOSTILE}",
            }
        ],
        "coverage": {
            "ops": ["exp", "mul", HOSTILE],
            "ties": [HOSTILE],
            "edges": {"input": {"exp": 3, "mul": 2}, "exp": {"mul": 1}},
            "classes": {"exp": {"float32": {"normal": 9, "tiny": 1}}},
        },
        "ops": {"mul": 30, "exp": 2},
        "seconds": {"torch": 1.0, "judge": 3.0},
        "elapsed": 4.5,
        "stopped": "time is up",
    },
    "accuracy": {
        "edges": list(EDGES),
        "rows": [
            {
                "op": "exp",
                "dtype": "float32",
                "truth": "torch in float64",
                "declared": 1.0,
                "programs": 40,
                "value": QUANTITY,
                "exact": None,
                "gradients": {"input": QUANTITY},
            },
            {
                "op": "argmax",
                "dtype": "float64",
                "truth": "long double",
                "declared": 0.0,
                "programs": 40,
                "value": None,
                "exact": {"count": 9, "engine": 1, "torch": 0},
                "gradients": {},
            },
        ],
        "worst": [
            {
                "op": "exp",
                "dtype": "float32",
                "of": "grad input",
                "ulp": 1.5,
                "program": 3,
                "call": HOSTILE,
                "inputs": HOSTILE,
                "element": [0, 2],
                "engine": "1.25",
                "torch": "nan",
                "truth": HOSTILE,
            }
        ],
        "absent": [{"op": "dropout", "dtype": "float32", "reason": HOSTILE}],
        "depth": [{"depth": 10, "graphs": 4, "gradients": 9, "engine": ULPS, "torch": TORCH}],
        "points": [
            {
                "family": "graph",
                "dtype": "float32",
                "program": 7,
                "ops": 20,
                "condition": 1e3,
                "engine": 0.01,
                "torch": 0.02,
            },
        ],
        "graphs": {"requested": 4, "judged": 1, "not_compared": 1, "not_run": 2},
        "conventions": {
            "points": 90,
            "differing": [{"point": "gelu([inf])", "torch": "nan", "engine": "inf", "reason": HOSTILE}],
        },
    },
    "false-alarms": {
        "rows": [
            {
                "engine": "torch",
                "staged": False,
                "family": "mlp",
                "dtype": "float32",
                "programs": 8,
                "values": 5,
                "gradients": 5,
            }
        ],
        "values": {"identical": 5, "bug": 0},
        "gradients": {"identical": 4, "bug": 1},
        "refused": {HOSTILE: 2},
        "alarms": [
            {
                "engine": "torch",
                "staged": False,
                "family": "mlp",
                "dtype": "float32",
                "kind": "gradient",
                "op": "mul|`",
                "argument": "input",
                "message": HOSTILE,
                "programs": 3,
                "table": "v1  mul  ```  6.0 | 6.1",
                "file": "build/findings/b.json",
            }
        ],
        "elapsed": 4.5,
        "stopped": "",
        "absent": ["jax"],
        "needless": [HOSTILE],
    },
    "peers": {
        "rows": [
            {
                "name": "jax",
                "engine": HOSTILE,
                "missing": "",
                "kind": "tensor",
                "ops": 3,
                "programs": 5,
                "gradients": 7,
                "seconds": 1.5,
                "restarts": 0,
                "speed": 2.5,
                "severities": {"wrong": 1, "convention": 0},
                "findings": [
                    {
                        "severity": "wrong",
                        "kind": "gradient",
                        "op": "mul",
                        "expression": HOSTILE,
                        "diagnosis": HOSTILE,
                        "reason": "",
                        "programs": 2,
                        "program": {},
                        "repro": "paragrad check jax --only mul --seed 0",
                    }
                ],
            }
        ],
    },
    "speed": {
        "rows": [
            {
                "name": "tiny",
                "title": "13 ops",
                "subject": SIDE,
                "reference": {**SIDE, "name": "torch", "minimum": 1e-3},
                "rounds": 7,
                "ratio": 2.0,
                "paired": {"median": 2.1, "low": 1.9, "high": 2.3},
                "goal": "at most",
                "target": 0.45,
                "met": False,
            }
        ],
        "memory": [
            {
                "name": "peak",
                "title": "peak",
                "side": "engine",
                "measured": 184.2,
                "unit": "MiB",
                "target": 400.0,
                "met": True,
            },
        ],
        "failed": [{"name": "conv2d", "error": HOSTILE}],
        "sizes": [
            {"work": "add", "size": 16, "side": "engine", "minimum": 1e-6, "median": 1e-6, **AROUND, "rounds": 9},
            {"work": "add", "size": 16, "side": "torch", "minimum": 4e-6, "median": 4e-6, **AROUND, "rounds": 9},
            {"work": "exp", "size": 16, "side": "engine", "minimum": 1e-6, "median": 1e-6, **AROUND, "rounds": 9},
            {"work": "add", "size": 16, "side": "mygrad", "minimum": 8e-6, "median": 9e-6, **AROUND, "rounds": 9},
        ],
        "splits": [
            {"name": "mlp", "title": "MLP", "side": "engine", "forward": 1e-3, "backward": 2e-3, "optimizer": 5e-4},
        ],
        "scaling": [
            {"work": "scalar", "side": "engine", "nodes": 1000, "forward": 1e-3, "backward": 1e-3, "failed": ""},
            {"work": "scalar", "side": "x", "nodes": 1000, "forward": None, "backward": None, "failed": HOSTILE},
        ],
        "loop": {"programs": 256, "seconds": {"generate": 0.1, "torch": 0.3, "engine": 0.1, "judge": 0.5}},
        "peers": {"mygrad": "2.5.0"},
        "absent": ["jax"],
    },
    "mutants": {
        "families": [
            {
                "family": "sign",
                "planted": 5,
                "equivalent": 1,
                "killed": 2,
                "survived": 1,
                "hung": 1,
                "failed": 0,
                "median": 1.5,
                "p90": 2.0,
                "named_op": 2,
                "named_argument": 1,
            }
        ],
        "survivors": [
            {"id": "sign:a|b", "description": HOSTILE, "outcome": "survived", "programs": 9, "why": HOSTILE},
        ],
        "equivalents": [{"id": "sign:c", "reason": HOSTILE, "outcome": "killed", "programs": 3}],
        "gone": ["sign:d"],
        "killed": 2,
        "hung": 1,
        "median": 1.5,
        "p90": 2.0,
        "named_op": 2,
        "named_argument": 1,
        "elapsed": 3.5,
        "stopped": "interrupted",
    },
    "gate": {
        "verdict": "fail",
        "accuracy": {
            "verdict": "fail",
            "why": HOSTILE,
            "baseline": "reports/baseline/accuracy.json",
            "rule": "the same machine: no ULP may grow",
            "checked": {"ulp": 400, "op": 165},
            "worse": [
                {"kind": "ulp", "what": HOSTILE, "before": "0.5", "after": "2", "repro": "paragrad gate --only exp"},
            ],
            "better": [],
        },
        "speed": {
            "verdict": "inconclusive",
            "why": HOSTILE,
            "base": "0123456789ab",
            "seed": 7,
            "rows": [
                {
                    "name": "exp-16",
                    "title": "exp, 16 elements",
                    "threshold": 1.03,
                    "verdict": "inconclusive",
                    "seconds": 1e-5,
                    "estimate": {"ratio": 1.05, "low": 0.99, "high": 1.1, "launches": 5, "pairs": 40},
                    "confirmed": None,
                    "control": {"ratio": 1.0, "low": 0.9, "high": 1.1, "launches": 5, "pairs": 40},
                    "power": 0.4,
                }
            ],
            "failed": [{"name": "conv2d", "error": HOSTILE}],
            "new": ["erfc-16"],
        },
        "elapsed": 61.5,
    },
}
