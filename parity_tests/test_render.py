"""The Markdown pages: made from a record alone, sound whatever a name contains, honest about what is missing."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import pytest

from paragrad.reports import record
from paragrad.reports.html import render_html
from paragrad.reports.record import Record
from paragrad.reports.render import render_markdown
from paragrad.reports.render.coverage import LISTED, listed
from paragrad.reports.render.markdown import code, fence, number, plural, seconds, table, text
from paragrad.reports.render.parity import agreement
from parity_tests.bodies import BODIES, COUNTS, HOSTILE

EXPECTED = {
    "diff": [
        "**DIVERGENCE at a|\\`: gradient of exp(input)**".replace("|", "\\|"),
        "      gradient  mine 2.5            torch 2             bug, exact expected",
        "dL/da|` = dL/dL · dL/da|`",
        "= 2.5·2.5 = 2.5",
        "summed over axis 0: (4, 3) -> (3,)",
        "Next: `paragrad check engine.py --only exp`",
    ],
    "parity": [
        "**1 finding** in 5 programs.",
        "ended early: time is up",
        "| gradients | 40 | 0 | 1 |",
        "Seen in 12 programs; the smallest has 2 statements, shrunk from 31.",
        "`paragrad corpus add build/findings/a.json`",
        "| judge | 3.00 | 75% |",
        "`exp` 2, `mul` 30",
        "| graph | tensor | 2 | 0.75 |",
        "1 of 9 edges from op to op (11%; not every pair can be), 2 of 3 ops on inputs, in 6 uses.",
        "Whose result no op ever used (1): mul.",
        "Never given another op's result (1): exp.",
        "| normal | 1 of 1 | 0 of 0 | - |",
        "| zero | 0 of 1 | 0 of 0 | 1: exp |",
        "| tie | 0 of 0 | 0 of 0 | - |",
    ],
    "accuracy": [
        "**Further off than the table declares:** `exp` in float32 (engine).",
        "| `exp` | float32 | value | 1.5 | 0.5 |",
        "| `exp` | value | 99 | 1.75 | 1.5 | 0.25 | 0.5 and 2 unlike | 0.5 | 0.25 | 1 | 0.571 |",
        "| 10 | 9 | 0.25 | 1.5 | 1.75 | 0.25 | 0.5 | 0.5 |",
        "| `argmax` | float64 | 9 | 1 | 0 |",
        "| ≤ 20 | 1 | 0.01 | 0.01 | 0.02 | 0.02 |",
        "| ≤ 1000 | 1 | 0.01 | 0.01 | 0.02 | 0.02 |",
        "90 points at kinks, ties, poles and with inf and NaN; the engine chooses otherwise at 1.",
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
        "| 13 ops | ≤ 0.45 | 2 | **not met** | 2.1 (1.9 to 2.3) | 2 ms | torch 1 ms | 7 |",
        "| MLP | engine | 1 ms | 2 ms | 500 µs | 3.5 ms |",
        "| peak | engine | ≤ 400 MiB | 184 MiB | met |",
        "| graph | nodes | engine | torch | x |",
        "| scalar | 1,000 | 1 ms + 1 ms | - | - |",
        "- x, scalar, 1,000 nodes: &lt;script&gt;",
        "| add | 16 | 1 µs | 4 µs | 0.25 (0.111 to 9) | 9 µs |",
        "| exp | 16 | 1 µs | - | - | - |",
        "mygrad has no `exp`, or computes something else there.",
        "Not installed here: jax.",
        "Installed here: mygrad 2.5.0.",
        "256 programs in 1 s: 256 a second.",
        "| judge | 1.95 ms | 50.0 % |",
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
    "gate": [
        "# Gate: fail",
        "## Accuracy: fail",
        "| 0.5 | 2 | `paragrad gate --only exp` |",
        "## Speed: inconclusive",
        "Against `0123456789ab`, 1 benchmark, and 1 without a time.",
        "### Could not be measured\n\n| benchmark | error |",
        "| `conv2d` | &lt;script&gt;",
        "New since the base, and not compared: `erfc-16`.",
        "| exp, 16 elements | inconclusive | 10 µs | 1.050 (0.990 to 1.100) |",
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
    for before, line in pairwise(page.splitlines()):
        if before.startswith("|") and line.startswith("|"):
            widths = [row.count("|") - row.count("\\|") for row in (before, line)]
            assert widths[0] == widths[1], f"a row with more cells than its table has: the pipe was not escaped: {line}"


@pytest.mark.parametrize("kind", BODIES)
def test_rendering_measures_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = made(kind)
    for name in ("paragrad.reports.machine.cpu", "paragrad.reports.record.machine", "time.perf_counter"):
        monkeypatch.setattr(name, lambda: pytest.fail("a page is made from its record"))
    assert render_markdown(found) == render_markdown(found)


def test_parity_is_said_plainly() -> None:
    found = made("parity")
    found["body"]["findings"] = []
    assert "**Parity**: in 5 programs every difference from torch is rounding" in render_markdown(found)


def test_what_is_no_rounding_is_not_called_so() -> None:
    rounding = "every difference from torch is rounding"
    assert agreement({"rounding": 3}, {"identical": 2, "convention": 0}) == rounding
    kinks = "or a choice at a kink that torch makes otherwise (1 element)"
    assert agreement({"convention": 0}, {"convention": 1}) == f"{rounding}, {kinks}"
    assert agreement({"ill-conditioned": 2}, {"ill-conditioned": 1, "convention": 1}) == (
        f"{rounding}, {kinks}, or too ill-conditioned to tell (3 elements)"
    )
    found = made("parity")
    found["body"]["findings"] = []
    found["body"]["gradients"]["convention"] = 7
    told = "or a choice at a kink that torch makes otherwise (7 elements)"
    page = str(render_html(found, {"parity": found}))
    assert told in render_markdown(found)
    assert page.count(told) == 2


def test_pieces() -> None:
    assert text("a|b\n<i>_*") == r"a\|b &lt;i&gt;\_\*"
    assert code("a`b|c") == r"`` a`b\|c ``"
    assert fence("a```b") == "````\na```b\n````"
    assert table(("x", "y"), [("1", "2")]) == "| x | y |\n| --- | ---: |\n| 1 | 2 |"
    assert [number(n) for n in (None, 2.0, 0.12345, 1.5e9)] == ["-", "2", "0.123", "1.5e+09"]
    assert [seconds(s) for s in (2.0, 2e-3, 2e-6, 2e-9)] == ["2 s", "2 ms", "2 µs", "2 ns"]
    assert (plural(1, "op"), plural(2, "op")) == ("1 op", "2 ops")


def test_a_long_list_is_cut() -> None:
    names = [f"op{k}" for k in range(LISTED + 3)]
    assert listed(names).endswith(f"op{LISTED - 1} and 3 more")
    assert listed(names[:2]) == "op0, op1"


def test_graphs_that_are_not_judged_are_counted() -> None:
    found = made("accuracy")
    told = (
        "4 random graphs asked for; judged: 1; without a gradient that can be compared: 1; not run, for the time of "
        "the run was over: 2."
    )
    assert told in render_markdown(found)
    assert told in render_html(found, {})
    found["body"]["points"] = []
    found["body"]["graphs"] = {"requested": 3, "judged": 0, "not_compared": 0, "not_run": 3}
    assert "3 random graphs asked for; judged: 0; not run, for the time of the" in render_markdown(found)
    found["body"]["graphs"] = dict.fromkeys(found["body"]["graphs"], 0)
    assert "random graphs" not in render_markdown(found)


def test_parts_that_were_not_measured_are_left_out() -> None:
    found = made("accuracy")
    found["body"]["points"], found["body"]["conventions"] = [], {"points": 0, "differing": []}
    found["body"]["graphs"] = dict.fromkeys(found["body"]["graphs"], 0)
    page = render_markdown(found)
    assert "## Conventions" not in page
    assert "÷ bound" not in page
    found = made("parity")
    found["body"]["worst"], found["body"]["coverage"] = [], {"ops": [], "ties": [], "edges": {}, "classes": {}}
    page = render_markdown(found)
    assert "## Coverage" not in page
    assert "## Nearest" not in page
