"""The runner of code blocks: what a page shows wrongly is caught, and what reaches beyond its folder is not run."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from parity_tests import warm
from parity_tests.blocks import Page


def problems(text: str, folder: Path) -> list[str]:
    """What the runner finds in a page of these lines."""
    return Page(text, folder).run()


TRUE = """
```python
# engine.py
def double(x):
    return 2 * x
```

```python
import engine

assert engine.double(2) == 4
```

```python
>>> a = 1
```

```python
>>> a + 1
2
```

```console
$ python -c "import engine; print(engine.double(4)); print('took 1.25 s')"
8
took 0.5 s
$ printf 'one\\ntwo\\nthree\\n'
one
...
three
```

<!-- exit code: 3 -->
```sh
exit 3
```

```json
{"a": 1}
```

<!-- file: settings.toml -->
```toml
a = 1
```

```console
$ cat settings.toml
a = 1
```

<!-- within the output -->
```text
a = 1
```

```{code-cell} python
the build runs this
```
"""


def test_a_true_page_passes(tmp_path: Path) -> None:
    assert problems(TRUE, tmp_path) == []


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("took 0.5 s\n", "took 0.5 s\nand more\n", "is shown with"),
        ("8\ntook", "9\ntook", "is shown with"),
        ("three\n```", "four\n```", "is shown with"),
        (">>> a + 1\n2", ">>> a + 1\n3", "Got:"),
        ("double(2) == 4", "double(2) == 5", "exit code 1, stated is 0"),
        ("exit 3", "exit 4", "exit code 4, stated is 3"),
        ('{"a": 1}', '{"a": }', "no json"),
        ("```toml\na = 1", "```toml\na = ", "no toml"),
        ("```text\na = 1", "```text\na = 2", "did not print this"),
        ("```sh", "```fish", "a block of fish"),
        ("<!-- exit code: 3 -->", "<!-- exit code: 3 -->\nwords", "stands above no block"),
        ("the build runs this\n```", "the build runs this", "not closed"),
    ],
)
def test_a_fault_is_caught(right: str, wrong: str, told: str, tmp_path: Path) -> None:
    assert TRUE.count(right) == 1
    found = problems(TRUE.replace(right, wrong), tmp_path)
    assert any(told in problem for problem in found), found


@pytest.mark.parametrize("command", ["pip install x", "x/bin/pip install y", "git push", "cd a && nox -s b", "gh pr"])
def test_what_reaches_beyond_is_refused(command: str, tmp_path: Path) -> None:
    (found,) = problems(f"```sh\ntouch ran\n{command}\n```\n", tmp_path)
    assert "reaches beyond the page's folder" in found
    assert not (tmp_path / "ran").exists()
    assert not problems(f"<!-- not run: it would -->\n```sh\ntouch ran\n{command}\n```\n", tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("not run", "needs a reason"),
        ("not run, needs bash: only there", "bash is here"),
        ("not run, run by nowhere: it is long", "nowhere does not run it"),
        ("not run, run by .ci/run: it is long", ".ci/run does not run it: nonesuch"),
    ],
)
def test_an_exclusion_that_is_not_needed_fails(note: str, told: str, tmp_path: Path) -> None:
    (found,) = problems(f"<!-- {note} -->\n```sh\nnox -s nonesuch\n```\n", tmp_path)
    assert told in found


def test_an_exclusion_of_what_is_never_run_fails(tmp_path: Path) -> None:
    (found,) = problems("<!-- not run: it is a drawing -->\n```text\na\n```\n", tmp_path)
    assert "take the exclusion out" in found


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("paragrad check engine.py --programs 9", ["check", "engine.py", "--programs", "9"]),
        ('paragrad diff "(a*b + c) * f" \\\n  a=2', ["diff", "(a*b + c) * f", "a=2"]),
        ("paragrad --version > told.txt", None),
        ("paragrad check a*.py", None),
        ('paragrad check "$HOME"', None),
        ("python -m paragrad check", None),
        ("paragrad --version && rm told.txt", None),
    ],
)
def test_what_needs_a_shell_gets_one(line: str, given: list[str] | None) -> None:
    if "forkserver" in multiprocessing.get_all_start_methods():
        assert warm.arguments(line) == given


def test_a_command_in_a_warm_process_is_held_to_its_output_and_exit_code(tmp_path: Path) -> None:
    page = "<!-- exit code: {} -->\n```console\n$ paragrad chek\n{}```\n"
    assert problems(page.format(2, "...chek...\n"), tmp_path) == []
    assert "exit code 2, stated is 0" in problems(page.format(0, "...\n"), tmp_path)[0]
    assert "is shown with" in problems(page.format(2, "PARITY\n"), tmp_path)[0]
