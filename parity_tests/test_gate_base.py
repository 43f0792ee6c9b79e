"""The speed gate's base commit and its workers: small repositories of their own, and workers that misbehave."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from paragrad.reports.bodies.gate import SpeedGate
from paragrad.reports.gate.speed import base as bases
from paragrad.reports.gate.speed import process, run, thresholds
from paragrad.reports.gate.speed.errors import GateError
from paragrad.reports.gate.speed.measure import Plan
from paragrad.reports.gate.speed.process import Lost, Process, Refused
from paragrad.reports.shape import problems
from parity_tests import checkouts
from parity_tests.checkouts import asked as git
from parity_tests.checkouts import commit

ROOT = Path(__file__).parents[1]
ONE_LAUNCH = Plan(rounds=2, fewest=1, most=1)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of three commits, the first without an engine."""
    monkeypatch.delenv("GITHUB_BASE_REF", raising=False)
    return checkouts.checkout(tmp_path / "repository")


def test_the_base_is_the_commit_before(repository: Path) -> None:
    found = bases.find(None, repository)
    assert (found.commit, found.chosen, found.dirty) == (git(repository, "rev-parse", "HEAD~1"), "HEAD~1", False)
    assert found.top == repository.resolve()
    assert bases.find(None, repository / "engine") == found


@pytest.mark.parametrize("name", ["engine/a", "engine/new"])
def test_the_base_of_a_dirty_tree_is_head(repository: Path, name: str) -> None:
    (repository / name).write_text("3", encoding="utf-8")
    found = bases.find(None, repository)
    assert (found.commit, found.chosen, found.dirty) == (git(repository, "rev-parse", "HEAD"), "HEAD", True)


def test_what_is_not_the_engine_s_makes_no_tree_dirty(repository: Path) -> None:
    """Else a note beside it would have the last commit compared with itself."""
    (repository / "note").touch()
    found = bases.find(None, repository)
    assert (found.chosen, found.dirty, found.same) == ("HEAD~1", False, False)


def test_an_engine_beside_itself_is_told(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    assert bases.find("HEAD").same
    gate = run.run("HEAD", [])
    assert (gate["verdict"], gate["base"], gate["rows"]) == ("pass", git(repository, "rev-parse", "HEAD"), [])
    assert gate["why"].startswith("the engine is the base's, so nothing can be slower")
    commit(repository, readme="y")
    assert bases.find(None, repository).same
    (repository / "engine" / "a").write_text("3", encoding="utf-8")
    assert not bases.find("HEAD", repository).same


def test_the_base_of_a_pull_request_is_where_it_left_its_branch(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(repository), str(there))
    left = git(there, "rev-parse", "HEAD")
    for text in "34":
        commit(there, engine__a=text)
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    found = bases.find(None, there)
    assert (found.commit, found.chosen) == (left, "the merge base with origin/main")
    monkeypatch.setenv("GITHUB_BASE_REF", "other")
    with pytest.raises(GateError, match="GITHUB_BASE_REF is other, and origin/other is no commit here; name one with"):
        bases.find(None, there)


@pytest.mark.parametrize("asked", ["nothing", "--help", "", "HEAD~9", "HEAD:engine"])
def test_an_unknown_base_is_named(repository: Path, asked: str) -> None:
    with pytest.raises(GateError, match=f"^--base {asked} is no commit here; name one with --base REF"):
        bases.find(asked, repository)


def test_a_base_without_an_engine_is_named(repository: Path) -> None:
    with pytest.raises(GateError, match=r"^HEAD~2 \([0-9a-f]{12}\) has no folder engine/"):
        bases.find("HEAD~2", repository)


def test_a_tree_without_an_engine_is_named(repository: Path) -> None:
    shutil.rmtree(repository / "engine")
    with pytest.raises(GateError, match="has no folder engine/: there is nothing to compare"):
        bases.find(None, repository)


def test_a_shallow_clone_is_told(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", repository.as_uri(), "shallow")
    with pytest.raises(GateError, match=r"^HEAD~1, the default base, is no commit here; .*--unshallow.*fetch-depth: 0"):
        bases.find(None, tmp_path / "shallow")


def test_what_is_no_checkout_is_told(tmp_path: Path) -> None:
    with pytest.raises(GateError, match="is not in a git checkout"):
        bases.find(None, tmp_path)


def test_missing_git_is_told(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(GateError, match="git is not installed"):
        bases.find(None, repository)


def test_a_hook_that_started_us_leads_nowhere_else(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = bases.find(None, repository)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert bases.find(None, repository) == expected


@pytest.mark.parametrize("ending", [None, ValueError, KeyboardInterrupt])
def test_nothing_stays_of_the_trees(repository: Path, ending: type[BaseException] | None) -> None:
    (repository / "engine" / "a").write_text("3", encoding="utf-8")
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {repository}/ran\n", encoding="utf-8")
    hook.chmod(0o755)
    before = git(repository, "status", "--porcelain")

    def use() -> bases.Trees:
        with bases.laid_out(bases.find(None, repository)) as trees:
            assert (trees.base / "engine" / "a").read_text(encoding="utf-8") == "2"
            assert (trees.working / "engine" / "a").read_text(encoding="utf-8") == "3"
            assert len(str(trees.base)) == len(str(trees.working))
            (trees.base / "engine" / "left").touch()
            if ending is not None:
                raise ending(str(trees.base))
            return trees

    if ending is None:
        folder = use().base
    else:
        with pytest.raises(ending) as caught:
            use()
        folder = Path(str(caught.value))
    assert not folder.parent.exists()
    assert len(git(repository, "worktree", "list").splitlines()) == 1
    assert not list((repository / ".git").glob("worktrees/*"))
    assert git(repository, "status", "--porcelain") == before


def test_a_worktree_that_git_refuses_is_told(repository: Path) -> None:
    found = bases.find(None, repository)
    gone = bases.Base(found.top, "0" * 40, "x", False)
    with pytest.raises(GateError, match="git worktree can't lay out 000000000000"), bases.laid_out(gone):
        pass
    assert len(git(repository, "worktree", "list").splitlines()) == 1


def tree(folder: Path, engine: str) -> Path:
    """A tree whose engine is one file."""
    package = folder / "engine" / "paragrad" / "engine"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(engine, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import sys\nsys.exit('no more')", r"^the worker for x died \(exit code 1: no more\)$"),
        ("import time\ntime.sleep(600)", "^the worker for x gave no answer in 0.5 s, and was stopped$"),
        ("print('hello')", "^the worker for x answered 'hello', which is not what it was asked for$"),
        ("print('{}')", "^the worker for x answered '{}', which is not what it was asked for$"),
        ('print(\'{"engine": "/other"}\')', "^the worker for x has the engine of .*other, expected .*engine$"),
        ('print(\'{"error": "a: b"}\')', r"^the engine of x can't be imported \(a: b\)$"),
    ],
)
def test_a_worker_that_is_none_is_told(tmp_path: Path, script: str, message: str) -> None:
    path = tmp_path / "script.py"
    path.write_text(script, encoding="utf-8")
    patience = 0.5 if "sleep" in script else process.PATIENCE
    with Process("x", tree(tmp_path, ""), tmp_path, patience, path) as worker, pytest.raises(Lost, match=message):
        worker.greet()


def test_a_worker_has_its_own_tree_s_engine(tmp_path: Path) -> None:
    """Whatever engine is installed, and whatever a subject prints."""
    mine = tree(tmp_path, "print('hello')\nimport os\nos.write(1, b'hello')")
    with Process("x", mine, tmp_path) as worker:
        worker.greet()
        with pytest.raises(Refused, match="cannot import name 'functional'"):
            worker.ask(build="exp-16", seed=0, cpu=None)
        with pytest.raises(Refused, match="KeyError: 'block'"):
            worker.ask(other=1)


def test_another_engine_is_refused(tmp_path: Path) -> None:
    """A tree without an engine: what is installed would be measured in its place."""
    with Process("x", tmp_path, tmp_path) as worker, pytest.raises(Lost, match="the engine of"):
        worker.greet()


def test_a_worker_that_dies_between_answers_is_told(tmp_path: Path) -> None:
    dies = tree(tmp_path, "")
    (dies / "engine/paragrad/engine/functional.py").write_text("import os\nos._exit(7)", encoding="utf-8")
    with Process("x", dies, tmp_path) as worker:
        worker.greet()
        for _ in range(2):
            with pytest.raises(Lost, match=r"died \(exit code 7\)"):
                worker.ask(build="exp-16", seed=0, cpu=None)


def test_a_worker_loads_no_torch() -> None:
    command = (
        "import io, sys\n"
        "sys.argv = ['worker']\n"
        "from paragrad.reports.gate.speed import worker\n"
        "out = io.StringIO()\n"
        'worker.serve(iter([\'{"build": "mlp-sgd", "seed": 1, "cpu": null}\']), out)\n'
        "print(out.getvalue().splitlines()[1], sorted(sys.modules.keys() & {'torch', 'hypothesis', 'paragrad.fuzz'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "{} []\n"


@pytest.fixture
def checkout(repository: Path) -> Path:
    """A repository whose engine is this checkout's, with its thresholds; `where` is new in the working tree."""
    shutil.rmtree(repository / "engine")
    shutil.copytree(ROOT / "engine", repository / "engine", ignore=shutil.ignore_patterns("__pycache__"))
    place = repository / thresholds.PLACE
    place.parent.mkdir(parents=True)
    shutil.copy(ROOT / thresholds.PLACE, place)
    functional = repository / "engine/paragrad/engine/functional.py"
    whole = functional.read_text(encoding="utf-8")
    functional.write_text(whole + "\ndel functions['where']\n", encoding="utf-8")
    commit(repository)
    functional.write_text(whole + "\ndel functions['cat']\n", encoding="utf-8")
    return repository


def test_the_gate_end_to_end(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run in earnest, too short to say anything of times: what is new, what fails, and that nothing stays."""
    monkeypatch.chdir(checkout)
    lines: list[str] = []
    gate = run.run(None, ["where", "cat", "relu-16"], lines.append, ONE_LAUNCH)
    assert not list(problems(json.loads(json.dumps(gate)), SpeedGate))
    assert (gate["verdict"], gate["new"], gate["base"]) == ("fail", ["where"], git(checkout, "rev-parse", "HEAD"))
    assert gate["failed"] == [{"name": "cat", "error": "KeyError: 'cat'"}]
    (row,) = gate["rows"]
    assert (row["name"], row["estimate"]["pairs"], row["estimate"]["launches"]) == ("relu-16", 8, 1)
    assert 0 < row["seconds"] < 1
    assert "with changes that are not committed, against HEAD" in lines[0]
    assert lines[1] == "speed: launch 1, 3 of 3 benchmarks"
    assert len(git(checkout, "worktree", "list").splitlines()) == 1


def test_an_engine_that_is_broken_is_told(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / "engine/paragrad/engine/__init__.py").write_text("1 / 0\n", encoding="utf-8")
    monkeypatch.chdir(checkout)
    with pytest.raises(GateError, match=r"^the engine of the working tree can't be imported \(engine/.*py:1: Zero"):
        run.run(None, ["relu-16"], plan=ONE_LAUNCH)
    assert len(git(checkout, "worktree", "list").splitlines()) == 1


def test_missing_thresholds_are_told(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / thresholds.PLACE).unlink()
    monkeypatch.chdir(checkout)
    with pytest.raises(GateError, match="can't be read"):
        run.run(None, ["relu-16"], plan=ONE_LAUNCH)
