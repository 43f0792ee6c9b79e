"""The check as a test of an engine's author: what fails, what is an error, and where it runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from paragrad.reports import checked, parsing, testing
from paragrad.reports.bodies.check import Check
from paragrad.reports.testing import CheckNotPossibleError, assert_parity, told
from parity_tests.documents import check, finding

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "examples" / "my-engine"
FAULT = ("self.grad += (1 - out.data**2) * out.grad", "self.grad += (1 - out.data) * out.grad")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sample project, quicker, in a folder whose name needs quoting."""
    folder = tmp_path / "my project"
    shutil.copytree(SAMPLE, folder)
    settings = folder / "pyproject.toml"
    text = settings.read_text(encoding="utf-8")
    assert "programs = 500" in text
    settings.write_text(text.replace("programs = 500", "programs = 60"), encoding="utf-8")
    return folder


def broken(project: Path) -> None:
    """Plant a fault in the engine."""
    engine = project / "my_engine.py"
    text = engine.read_text(encoding="utf-8")
    assert FAULT[0] in text
    engine.write_text(text.replace(*FAULT), encoding="utf-8")


def pytest_in(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the tests of a project as its author does, from another folder."""
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", str(folder / "tests")]
    return subprocess.run(
        words,
        cwd=folder.parent,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )


def test_the_sample_project_passes_whatever_its_files_are_called(project: Path) -> None:
    for name in ("random.py", "types.py", "paragrad.py"):  # they must not stand in for the library's
        (project / name).write_text("raise RuntimeError('theirs')\n", encoding="utf-8")
    before = contents(project)
    done = pytest_in(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert contents(project) == before, "a check writes nothing beside the engine"


def contents(folder: Path) -> list[str]:
    """The files in a folder and below it."""
    return sorted(str(path) for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")


def test_a_fault_in_the_sample_project_fails_it_with_the_finding(project: Path) -> None:
    broken(project)
    done = pytest_in(project)
    assert done.returncode == 1, done.stdout + done.stderr
    for said in (
        "AssertionError: Value from my_engine.py differs from torch: 1 finding (and ",
        "wrong: gradient of tanh(input)",
        "  a.tanh()  at a = ",
        "  d/da   got ",
        ", expected ",
        "  why ",
        f"  where  my_engine.py:39: {FAULT[1]}",
        "  id     wrong-gradient-tanh-input",
        "  next   paragrad check my_engine.py:Value --repro repros",
    ):
        assert said in done.stdout, done.stdout
    assert "subprocess" not in done.stdout, "the helper's own frames are not what one wants to read"


def test_what_can_not_be_checked_is_shown_without_our_frames(project: Path) -> None:
    (project / "my_engine.py").unlink()
    done = pytest_in(project)
    assert done.returncode == 1
    assert "CheckNotPossibleError: " in done.stdout
    assert "subprocess" not in done.stdout, done.stdout


def test_a_fault_changes_nothing_else_that_is_told_of_the_sample(project: Path) -> None:
    """What appears only beside a fault (it is drawn otherwise then) would cry wolf in a comment."""
    broken(project)
    settings = project / "pyproject.toml"
    settings.write_text(settings.read_text("utf-8").replace("programs = 60", "programs = 500"), encoding="utf-8")
    with pytest.raises(AssertionError) as caught:
        assert_parity(folder=project)
    assert "differs from torch: 1 finding (and 2 that may stay)" in str(caught.value)


def test_a_verdict_that_is_not_that_of_the_exit_code_is_an_error(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(words: list[str], **more: Any) -> Any:
        file = Path(words[-1].removeprefix("--json="))
        file.write_text(json.dumps(check(finding("a"))), encoding="utf-8")
        return subprocess.CompletedProcess(words, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(CheckNotPossibleError, match="paragrad itself failed"):
        assert_parity(folder=project)


def test_a_hang_is_told_as_one() -> None:
    hung: Any = finding("a", severity="hang", kind="crash", title="crash of exp")
    assert checked.title(hung) == "hang: exp"


def test_it_returns_the_check(project: Path) -> None:
    broken(project)
    document = assert_parity(folder=project, only=["add", "mul"], programs=20, seconds=60, seed=1)
    assert (document["ops"]["checked"], document["verdict"]) == (["add", "mul"], "parity")


def test_options_become_those_of_the_command(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def run(words: list[str], **more: Any) -> Any:
        seen.append(words)
        raise subprocess.TimeoutExpired(words, more["timeout"])

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(CheckNotPossibleError, match=r"did not end in 5 s; assert_parity\(timeout=...\)"):
        assert_parity(
            command="node a.mjs",
            folder=project,
            programs=3,
            seconds=1.5,
            seed=0,
            only=["add"],
            names={"relu": "rectify"},
            strict=True,
            baseline="b.json",
            python=Path("p"),
            timeout=5,
        )
    (words,) = seen
    options = parsing.parser().parse_args(words[words.index("check") :])
    assert (options.exec, options.programs, options.seconds, options.seed) == ("node a.mjs", 3, 1.5, 0)
    assert (options.only, options.map, options.strict) == (["add"], ["relu=rectify"], True)
    assert (options.baseline, options.python, options.target) == ("b.json", "p", [])


def test_what_can_not_be_checked_is_an_error_and_no_finding(project: Path) -> None:
    with pytest.raises(CheckNotPossibleError, match=r"gone\.py: there is no such file") as caught:
        assert_parity("gone.py:Value", folder=project)
    assert not isinstance(caught.value, AssertionError)
    assert "Traceback" not in str(caught.value)
    with pytest.raises(CheckNotPossibleError, match="gone: there is no such folder"):
        assert_parity(folder=project / "gone")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import os; os.abort()", "paragrad itself failed"),
        ("raise ZeroDivisionError('ours')", "ZeroDivisionError: ours"),
        ("import sys; sys.exit(0)", r"\(exit code 0\); this says nothing of the engine:\nit said nothing"),
        ("import sys; print('a clear line', file=sys.stderr); sys.exit(2)", "^a clear line$"),
    ],
)
def test_a_failure_of_ours_is_an_error(code: str, says: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A paragrad that dies, in front of the real one."""
    stand_in = project / "stand-in" / "paragrad"
    stand_in.mkdir(parents=True)
    (stand_in / "__init__.py").write_text("", encoding="utf-8")
    (stand_in / "__main__.py").write_text(code, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(stand_in.parent))
    with pytest.raises(CheckNotPossibleError, match=says):
        assert_parity(folder=project)


def test_without_torch_it_says_how_to_install_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shadow = project / "shadow"
    shadow.mkdir()
    hide = (
        "import importlib.util as u\n"
        "real = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'torch' else real(name, *more)\n"
    )
    (shadow / "sitecustomize.py").write_text(hide, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(shadow), os.environ.get("PYTHONPATH", "")]))
    with pytest.raises(
        CheckNotPossibleError, match=r"torch is not installed in this environment .* -m pip install torch"
    ):
        assert_parity(folder=project)


IMPORT = """
import sys
before = set(sys.modules)
import paragrad.reports.testing
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
assert loaded <= set(sys.stdlib_module_names) | {"paragrad"}, loaded - set(sys.stdlib_module_names)
"""


def test_importing_it_loads_the_standard_library_only() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr


def test_the_folder_is_the_nearest_with_a_pyproject(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.parent)
    assert testing._folder_of(project / "tests" / "deep" / "test_it.py") == project
    (project / "tests" / "pyproject.toml").write_text("", encoding="utf-8")
    assert testing._folder_of(project / "tests" / "deep" / "test_it.py") == project / "tests"
    assert testing._folder_of(Path("/nowhere/test_it.py")) == project.parent
    assert testing._folder_of(None) == project.parent


def test_findings_are_told_most_serious_first_and_what_is_gone_is_told() -> None:
    document: Any = check(finding("a"), finding("b", fails=False), finding("c", repro="repros/c.py"), gone=["d"])
    made: Check = document
    text = told(made, ROOT)
    assert "differs from torch: 2 findings (and 1 that may stay)" in text
    assert text.index("id     a") < text.index("next   python repros/c.py") < text.index("gone: d: known")
    assert text.endswith("  next   paragrad check src/engine.py:Value --accept")
    assert "id     b" not in text


WORKFLOW = (SAMPLE / ".github" / "workflows" / "parity.yml").read_text(encoding="utf-8")


def test_the_commands_of_the_workflow_are_understood() -> None:
    commands = re.findall(r"run: python -m paragrad (.*?)(?: >> .*)?$", WORKFLOW, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        parsing.parser().parse_args(command.split())


def test_the_workflow_is_well_formed() -> None:
    """What is told without a parser of YAML: indentation by two, no tabs, whole expressions, steps of one thing."""
    lines = [line for line in WORKFLOW.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    depth = 0
    for line in lines:
        indent = len(line) - len(line.lstrip(" "))
        assert "\t" not in line
        assert indent % 2 == 0
        assert indent <= depth + 4, line
        depth = indent
        assert line.count("${{") == line.count("}}")
        assert line.lstrip().startswith("- ") or ":" in line or indent >= 10, line
    keys = [line.rstrip(":") for line in lines if re.fullmatch(r"\w+:.*", line)]
    assert [key.partition(":")[0] for key in keys] == ["name", "on", "permissions", "concurrency", "env", "jobs"]
    assert "os: [ubuntu-latest, macos-latest, windows-latest]" in WORKFLOW
    steps = re.split(r"^      - ", WORKFLOW.partition("    steps:\n")[2], flags=re.MULTILINE)[1:]
    assert len(steps) == 9
    for step in steps:
        assert len(re.findall(r"^ *(?:uses|run):|^(?:uses|run):", step, re.MULTILINE)) == 1, step
    assert "Untried" in WORKFLOW, "it says so until it has run"


def test_docs_ci_shows_what_is_there() -> None:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    five = (SAMPLE / "tests" / "test_gradients.py").read_text(encoding="utf-8")
    assert five in page
    for command in re.findall(r"^(?:\| `)?paragrad ([^`#>|\n]*)", page, re.MULTILINE):
        parsing.parser().parse_args(command.split())
    for link in re.findall(r"\]\(([^)#]+)\)", page):
        assert (ROOT / "docs" / link).exists(), link
