"""The rules of the repository that no other tool holds: layers, namespace, file size, the wheel, the documents."""

import ast
import importlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("engine", "fuzz", "reports")
PYTHON_FILES = [
    ROOT / "noxfile.py",
    *(path for top in (*SOURCES, "parity_tests") for path in sorted((ROOT / top).rglob("*.py"))),
]
MOST_LINES = 400


def run(*command: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python COMMAND` and return its output; UTF-8 whatever the console speaks."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )


def lint_imports(cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the import contracts of pyproject.toml against the packages that `cwd` sees."""
    command = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    return run("-c", command, cwd=cwd, **environment)


@pytest.mark.parametrize("top", SOURCES)
def test_this_checkout_is_what_is_tested(top: str) -> None:
    """An installed paragrad, or another checkout's, would pass in place of this one."""
    found = Path(importlib.import_module(f"paragrad.{top}").__path__[0]).resolve()
    here = (ROOT / top / "paragrad" / top).resolve()
    assert found == here, f"paragrad.{top} comes from {found}: install this checkout with `nox -N -s env`"


def test_imports_run_one_way() -> None:
    outcome = lint_imports(ROOT)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "2 kept, 0 broken" in outcome.stdout


@pytest.mark.parametrize(
    ("package", "statement"),
    [
        ("engine", "import paragrad.fuzz"),
        ("engine", "import paragrad.reports"),
        ("fuzz", "import paragrad.reports"),
        ("engine", "def f():\n    import torch"),
        ("engine", "from hypothesis import given"),
        ("engine", "import rich"),
    ],
)
def test_the_contract_catches(package: str, statement: str, tmp_path: Path) -> None:
    """Test the tester: a forbidden import planted in a small paragrad breaks the contract."""
    for name in SOURCES:
        folder = tmp_path / "paragrad" / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(statement if name == package else "", encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    outcome = lint_imports(tmp_path, PYTHONPATH=str(tmp_path))
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert "1 kept, 1 broken" in outcome.stdout


def test_the_engine_needs_numpy_only() -> None:
    outcome = run("parity_tests/numpy_only.py", "--refuse")
    assert outcome.returncode == 0, outcome.stderr


def test_help_loads_no_torch() -> None:
    outcome = run("-X", "importtime", "-m", "paragrad", "--help")
    assert outcome.returncode == 0, outcome.stderr
    loaded = {line.rpartition("|")[2].strip() for line in outcome.stderr.splitlines()}
    assert "paragrad.reports.cli" in loaded
    slow = loaded & {"torch", "hypothesis"}
    assert not slow, f"`paragrad --help` has to answer at once: import {slow} inside functions"


def test_the_namespace_has_no_init() -> None:
    """One `paragrad/__init__.py` would hide the other two source roots."""
    for top in SOURCES:
        for name in ("__init__.py", "py.typed"):
            assert (ROOT / top / "paragrad" / top / name).is_file(), f"add {top}/paragrad/{top}/{name}"
        assert not (ROOT / top / "paragrad" / "__init__.py").exists(), f"remove {top}/paragrad/__init__.py"


def test_every_module_is_in_a_package() -> None:
    """A folder without `__init__.py` is left out by mypy's `packages` and by the import contract, without a word."""
    for top in SOURCES:
        package = ROOT / top / "paragrad" / top
        folders = {path.parent for path in package.rglob("*.py")}
        missing = sorted(str(folder) for folder in folders if not (folder / "__init__.py").is_file())
        assert not missing, f"add an __init__.py with a docstring to {missing}"


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_is_one_idea(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{lines} lines, at most {MOST_LINES}: split it by family"


def test_nox_list_is_the_manual() -> None:
    """Each session has a docstring of one line."""
    tree = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    sessions = {
        node.name: ast.get_docstring(node)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and any("nox.session" in ast.unparse(mark) for mark in node.decorator_list)
    }
    assert {"parity", "tests", "lint", "numpy_only", "bench", "mutants"} <= sessions.keys()
    for name, text in sessions.items():
        assert len((text or "").splitlines()) == 1, f"nox session {name} needs a docstring of one line"


def test_ci_runs_what_the_readme_says() -> None:
    command = "python3 -m venv .venv && .venv/bin/pip install nox && .venv/bin/nox -s tests"
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_one_thread() -> None:
    import torch

    assert torch.get_num_threads() == 1


def test_the_wheel_has_the_three_packages_and_nothing_else(tmp_path: Path) -> None:
    outcome = run("-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert {name.partition("/")[0] for name in names} == {"paragrad"}
    assert {name.split("/")[1] for name in names} == {"__main__.py", *SOURCES}
    here = {
        path.relative_to(ROOT / top).as_posix()
        for top in SOURCES
        for path in (ROOT / top / "paragrad").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == here, "the wheel and the source roots differ"
