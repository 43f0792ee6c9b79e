"""The Markdown pages: made from a record alone, sound whatever a name contains, honest about what is missing."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from paragrad.reports import record
from paragrad.reports.record import Counts, Record
from paragrad.reports.render import render_markdown
from paragrad.reports.render.markdown import code, fence, number, plural, seconds, table, text

HOSTILE = "<script>alert(1)</script> | `x` *y* [z](http://w) #1\nnext"
COUNTS: Counts = {"requested": 9, "judged": 5, "filtered": {"refused": 1}, "crashed": 1, "not_run": 2}
ULPS = {"max": 1.75, "p999": 1.5, "median": 0.25, "unlike": 0}
TORCH = {"max": 0.5, "p999": 0.5, "median": 0.25, "unlike": 2}
QUANTITY = {"count": 100, "beyond": 1, "engine": ULPS, "torch": TORCH}
SIDE = {"name": "engine", "minimum": 2e-3, "median": 3e-3, "steps": 10}
FINDING = {
    "kind": "gradient",
    "op": "mul|`",
    "argument": "input",
    "message": HOSTILE,
    "diagnosis": HOSTILE,
    "whose": "subject",
    "family": "tensor",
    "programs": 12,
    "statements": 2,
    "statements_before": 31,
    "table": "v1  mul  ```  6.0 | 6.1",
    "file": "build/findings/a.json",
    "script": "build/findings/a.py",
}
BODIES: dict[str, dict[str, Any]] = {
    "parity": {
        "families": {"graph": 4, "scalar": 1},
        "distinct": 5,
        "replayed": 1,
        "values": {"identical": 70, "rounding": 5, "bug": 0},
        "gradients": {"identical": 40, "bug": 1},
        "largest": 0.75,
        "findings": [FINDING],
        "ops": {"mul": 30, "exp": 2},
        "seconds": {"torch": 1.0, "judge": 3.0},
        "elapsed": 4.5,
        "stopped": "time is up",
    },
    "accuracy": {
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
        "absent": [{"op": "dropout", "dtype": "float32", "reason": HOSTILE}],
        "depth": [{"depth": 10, "graphs": 4, "gradients": 9, "engine": ULPS, "torch": TORCH}],
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
                "goal": "at most",
                "target": 0.45,
                "met": False,
            }
        ],
        "memory": [
            {"name": "peak", "title": "peak", "measured": 184.2, "unit": "MiB", "target": 400.0, "met": True},
        ],
        "failed": [{"name": "conv2d", "error": HOSTILE}],
        "sizes": [
            {"work": "add", "size": 16, "side": "engine", "minimum": 1e-6, "median": 1e-6, "rounds": 9},
            {"work": "add", "size": 16, "side": "torch", "minimum": 4e-6, "median": 4e-6, "rounds": 9},
            {"work": "exp", "size": 16, "side": "engine", "minimum": 1e-6, "median": 1e-6, "rounds": 9},
        ],
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
}
EXPECTED = {
    "parity": [
        "**1 finding** in 5 programs.",
        "ended early: time is up",
        "| gradients | 40 | 0 | 1 |",
        "Seen in 12 programs; the smallest has 2 statements, shrunk from 31.",
        "`paragrad corpus add build/findings/a.json`",
        "| judge | 3.00 | 75% |",
        "`exp` 2, `mul` 30",
    ],
    "accuracy": [
        "**Further off than the table declares:** `exp` in float32 (engine).",
        "| `exp` | float32 | value | 1.5 | 0.5 |",
        "| `exp` | value | 99 | 1.75 | 1.5 | 0.25 | 0.5 and 2 unlike | 0.5 | 0.25 | 1 | 0.571 |",
        "| 10 | 9 | 0.25 | 1.5 | 1.75 | 0.25 | 0.5 | 0.5 |",
        "| `argmax` | float64 | 9 | 1 | 0 |",
        "## Not measured",
    ],
    "false-alarms": [
        "**1 false alarm** in 5 gradient elements of sound engines.",
        "| torch | each number by its bound | mlp | float32 | 8 | 5 |",
        "| gradients | 4 | 1 |",
        "Seen in 3 programs (mlp, float32); the smallest is `build/findings/b.json`.",
    ],
    "peers": ["# Peers against torch", "Seen in 2 programs; `paragrad check jax --only mul --seed 0`"],
    "speed": [
        "1 of 2 targets met.",
        "## 1 workload could not run",
        "| 13 ops | ≤ 0.45 | 2 | **not met** | 2 ms | torch 1 ms | 7 |",
        "| peak | ≤ 400 MiB | 184 MiB | met |",
        "| add | 16 | 1 µs | 4 µs | 0.25 |",
        "| exp | 16 | 1 µs | - | - |",
    ],
    "mutants": [
        "**75.0%** killed: 3 of 4 planted faults that a program can show, 1 of them by a process that hung or died.",
        "median 1.5, 90th percentile 2",
        "| sign | 5 | 1 | 2 | 1 | 1 | 0 | 1.5 | 2 | 100.0% | 50.0% |",
        "## 1 survivor",
        "| `sign:a\\|b` | survived | 9 |",
        "## Listed as equivalent, and killed\n\n`sign:c`",
        "## Listed as equivalent, and no longer there\n\n`sign:d`",
        "ended early: interrupted",
    ],
}


def made(kind: Any) -> Record:
    """A record of this kind, as one would be read."""
    found = record.new(kind, 7, {"note": HOSTILE}, copy.deepcopy(COUNTS), copy.deepcopy(BODIES[kind]))
    assert not list(record.check(found))
    return found


@pytest.mark.parametrize("kind", BODIES)
def test_the_page_says_it(kind: str) -> None:
    page = render_markdown(made(kind))
    for line in EXPECTED[kind]:
        assert line in page, f"{line!r} is not in\n{page}"
    for fact in ("| judged | 5 |", "| filtered | refused: 1 |", "| crashed | 1 |", "| not run | 2 |", "| seed | 7 |"):
        assert fact in page


@pytest.mark.parametrize("kind", BODIES)
def test_nothing_that_is_quoted_becomes_markup(kind: str) -> None:
    page = render_markdown(made(kind))
    assert "<script>" not in page
    assert "[z](" not in page
    widths = {line.count("|") - line.count("\\|") for line in page.splitlines() if "alert" in line and line[0] == "|"}
    assert len(widths) <= 2, "a row with more cells than its table has: the pipe was not escaped"


@pytest.mark.parametrize("kind", BODIES)
def test_rendering_measures_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = made(kind)
    for name in ("paragrad.reports.machine.cpu", "paragrad.reports.record.machine", "time.perf_counter"):
        monkeypatch.setattr(name, lambda: pytest.fail("a page is made from its record"))
    assert render_markdown(found) == render_markdown(found)


def test_parity_is_said_plainly() -> None:
    found = made("parity")
    found["body"]["findings"] = []
    assert "**Parity**: in 5 programs every difference from torch is rounding." in render_markdown(found)


def test_pieces() -> None:
    assert text("a|b\n<i>_*") == r"a\|b &lt;i&gt;\_\*"
    assert code("a`b|c") == r"`` a`b\|c ``"
    assert fence("a```b") == "````\na```b\n````"
    assert table(("x", "y"), [("1", "2")]) == "| x | y |\n| --- | ---: |\n| 1 | 2 |"
    assert [number(n) for n in (None, 2.0, 0.12345, 1.5e9)] == ["-", "2", "0.123", "1.5e+09"]
    assert [seconds(s) for s in (2.0, 2e-3, 2e-6, 2e-9)] == ["2 s", "2 ms", "2 µs", "2 ns"]
    assert (plural(1, "op"), plural(2, "op")) == ("1 op", "2 ops")
