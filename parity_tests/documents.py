"""Records and checks in files, hostile wherever words may come from a subject: what `paragrad report` is tried on."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from paragrad.reports import record
from paragrad.reports.bodies.check import SCHEMA
from parity_tests.bodies import BODIES, COUNTS, HOSTILE, PROGRAM

CONTROL = "\x1b[31m\x00\x0b\u2028\ufffe\ud800]]>"
"""What neither XML 1.0 nor a terminal is to get."""


VERSIONS = {"paragrad": "0.1.0", "python": "3.12.1", "numpy": "2.3.0", "torch": None}


def finding(name: str, **changes: Any) -> dict[str, Any]:
    """A finding of a check that fails it."""
    return {
        "id": name,
        "known": None,
        "fails": True,
        "severity": "wrong",
        "kind": "gradient",
        "op": "mul",
        "argument": "input",
        "title": "gradient of mul(input)",
        "expression": f"a * b {HOSTILE}",
        "at": "a = 1.0, b = 2.0",
        "number": "d/da",
        "program": PROGRAM,
        "expected": [2.0, "inf"],
        "got": 4.0,
        "torch": 2.0,
        "finite_difference": "nan",
        "own_difference": None,
        "message": f"gradient is 4.0 {CONTROL}",
        "diagnosis": f"it is off by the constant factor 2 {HOSTILE} {CONTROL}",
        "first": "the gradient of a",
        "rule": "",
        "source_line": "src/engine.py:12: self.grad += 2 * out.grad",
        "programs": 3,
        "variable": None,
        "table": f"v1 | {HOSTILE} {CONTROL}",
        "script": f"print({HOSTILE!r})\n",
        "also": [],
        "repro": None,
        **changes,
    }


def check(*findings: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The JSON of a check with these findings."""
    failing = any(found["fails"] for found in findings) or bool(changes.get("gone"))
    return {
        "schema": SCHEMA,
        "created": "2026-11-23T12:00:00+00:00",
        "versions": VERSIONS,
        "engine": f"Value from {HOSTILE}",
        "command": "paragrad check src/engine.py:Value",
        "options": {"programs": 60, "seconds": 30.0, "seed": 0, "strict": False, "only": []},
        "verdict": "findings" if failing else "parity",
        "stopped": "",
        "counts": {
            "requested": 60,
            "judged": 50,
            "filtered": {HOSTILE: 1},
            "crashed": 2,
            "not_run": 7,
            "gradients": 90,
            "restarts": 2,
        },
        "seconds": {"total": 1.25, "first_finding": 0.5 if failing else None},
        "ops": {"checked": ["add", "mul", "tanh"], "not_compared": ["exp"], "unmatched": ["squash"]},
        "notes": [HOSTILE],
        "gone": [],
        "findings": list(findings),
        **changes,
    }


ERROR = {
    "schema": SCHEMA,
    "created": "2026-11-23T12:00:00+00:00",
    "versions": VERSIONS,
    "verdict": "error",
    "error": f"nowhere.py: there is no such file {HOSTILE}",
}
CHECK = check(
    finding("wrong-gradient-mul-input"),
    finding("limit-pow", severity="limit", fails=False, op="pow", kind="crash", got="OverflowError"),
    finding("wrong-known", known=HOSTILE, fails=False, op="tanh"),
    gone=["wrong-gone"],
)


JUDGES = {
    "judges": ["paragrad", HOSTILE],
    "detection": [],
    "sound": [],
    "smallest": [],
    "cost": [],
    "targets": [{"what": HOSTILE, "target": 1.0, "measured": 0.5, "goal": "at most", "met": True}],
}
KINDS = [*BODIES, "judges"]


def body(kind: str) -> dict[str, Any]:
    """The hostile body of a record, to be changed at will: no two parts of it are the same object."""
    made: dict[str, Any] = json.loads(json.dumps(JUDGES if kind == "judges" else BODIES[kind]))
    return made


def save(folder: Path, kind: Any, content: Any = None, name: str | None = None) -> Path:
    """A record, or a check, in a file of the folder; the path."""
    path = folder / f"{name or kind}.json"
    if kind == "check":
        path.write_text(json.dumps(CHECK if content is None else content), encoding="utf-8")
        return path
    made = record.new(kind, 7, {}, copy.deepcopy(COUNTS), body(kind) if content is None else content)
    record.write(made, path)
    return path
