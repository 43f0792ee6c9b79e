"""The table of a program: numbers and words as they are, whatever brackets they hold."""

from __future__ import annotations

import numpy as np
import pytest

from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.explain import text
from paragrad.fuzz.judge import Finding
from paragrad.fuzz.program import Ref
from parity_tests.small import call, program


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [([np.nan, np.nan], "[nan nan]"), ([np.inf, 1.0], "[inf 1.]"), ([[np.inf], [np.nan]], "[[inf] [nan]]")],
)
def test_brackets_in_numbers_are_shown(numbers: list[object], shown: str) -> None:
    made = program(call("abs", 2, Ref(0)), inputs=[numbers], seed=np.ones_like(np.array(numbers)))
    table = text(made, Own().run(made), PyTorch().run(made), Finding("value", 0, "abs", 2, "wrong"))
    rows = [line for line in table.splitlines() if "abs(x0)" in line]
    assert len(rows) == 1
    assert rows[0].count(shown) >= 2, table


def test_words_of_a_subject_are_no_markup() -> None:
    made = program(call("exp", 1, Ref(0)), inputs=[1.0])
    message = "[red]IndexError[/red]: [/] list index [bold] out of range"
    table = text(made, Own().run(made), PyTorch().run(made), Finding("crash", 0, "exp", 1, message))
    assert message in table
    assert "float64[] requires grad" in table


def test_a_notebook_and_forced_colours_leave_the_text_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a cell rich showed the table to the notebook, and the text was empty."""
    made = program(call("exp", 1, Ref(0)), inputs=[1.0])
    told = (made, Own().run(made), PyTorch().run(made), Finding("value", 0, "exp", 1, "wrong"))
    expected = text(*told)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert text(*told) == expected
    assert capsys.readouterr().out == ""
