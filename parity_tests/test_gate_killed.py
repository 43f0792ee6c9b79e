"""What is left of a speed gate that was ended from outside: nothing, or nothing that the next one does not clear."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from paragrad.reports.gate.speed import base as bases
from paragrad.reports.gate.speed import git, scratch
from paragrad.reports.gate.speed.errors import GateError
from parity_tests.checkouts import asked, checkout

GATE = """
import sys, time
from pathlib import Path
from paragrad.reports.gate.speed import base
from paragrad.reports.interrupt import as_ctrl_c

with as_ctrl_c(), base.laid_out(base.find(None, Path(sys.argv[1]))) as trees:
    print(trees.base.parent, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of our own for temporary folders, here and in children."""
    there = tmp_path / "temporary"
    there.mkdir()
    monkeypatch.setenv("TMPDIR", str(there))
    monkeypatch.setattr(tempfile, "tempdir", str(there))
    monkeypatch.delenv("GITHUB_BASE_REF", raising=False)


def begun(top: Path) -> tuple[subprocess.Popen[str], Path]:
    """A gate that has laid out its trees, and where."""
    started = subprocess.Popen(
        [sys.executable, "-c", GATE, str(top)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert started.stdout is not None
    return started, Path(started.stdout.readline().strip())


def worktrees(top: Path) -> list[str]:
    """The worktrees that git knows, by path."""
    return [line for line in asked(top, "worktree", "list", "--porcelain").splitlines() if line.startswith("worktree")]


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without a word")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_nothing_stays_of_a_gate_that_was_asked_to_end(name: str, tmp_path: Path) -> None:
    top = checkout(tmp_path / "checkout")
    started, folder = begun(top)
    assert (folder / "base" / "engine").is_dir()
    started.send_signal(getattr(signal, name))
    started.communicate(timeout=60)
    assert not folder.exists()
    assert len(worktrees(top)) == 1


@pytest.mark.parametrize("cleaned", [False, True], ids=["as it was left", "the temporary folder was cleaned"])
def test_the_next_gate_clears_what_a_killed_one_left(cleaned: bool, tmp_path: Path) -> None:
    top = checkout(tmp_path / "checkout")
    started, folder = begun(top)
    started.kill()
    started.communicate(timeout=60)
    assert folder.exists()
    assert len(worktrees(top)) == 2
    if cleaned:
        shutil.rmtree(folder)
    with bases.laid_out(bases.find(None, top)):
        assert not folder.exists()
        assert len(worktrees(top)) == 2
    assert len(worktrees(top)) == 1
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


def test_the_next_gate_clears_nothing_else(tmp_path: Path) -> None:
    """A gate that runs, a worktree of the user's that is away, and folders of such a name that are none of ours."""
    top = checkout(tmp_path / "checkout")
    started, folder = begun(top)
    away = tmp_path / "away"
    asked(top, "worktree", "add", "-q", "--detach", str(away))
    away.rename(tmp_path / "unplugged")
    named = Path(tempfile.gettempdir()) / f"{scratch.PREFIX}of-somebody"
    (named / "base").mkdir(parents=True)
    just_made = Path(tempfile.gettempdir()) / f"{scratch.PREFIX}just-made"
    just_made.mkdir()
    (just_made / scratch.LOCK).touch()
    before = worktrees(top)
    try:
        with bases.laid_out(bases.find(None, top)) as trees:
            assert trees.base.parent != folder
        assert (folder / "base" / "engine").is_dir()
        assert (named / "base").is_dir()
        assert just_made.is_dir()
        assert worktrees(top) == before
    finally:
        started.kill()
        started.communicate(timeout=60)


def test_two_gates_in_one_checkout_at_a_time(tmp_path: Path) -> None:
    top = checkout(tmp_path / "checkout")
    found = bases.find(None, top)
    with bases.laid_out(found) as one, bases.laid_out(found) as other:
        assert one.base != other.base
        assert (one.base / "engine").is_dir()
        assert (other.base / "engine").is_dir()
    assert len(worktrees(top)) == 1


def test_a_git_that_is_too_old_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "asked", lambda folder, *arguments: "git version 2.17.1")
    with pytest.raises(GateError, match=r"^git version 2\.17\.1 is too old, .*2\.24 or later; update git$"):
        bases.find(None, tmp_path)


@pytest.mark.parametrize("told", ["git version 2.39.2 (Apple Git-143)", "git version 3.1.windows.1", "a git"])
def test_a_git_that_is_new_enough_is_taken(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "asked", lambda folder, *arguments: told)
    git.require()


def test_git_s_own_words_are_told(tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    asked(checkout(tmp_path / "checkout"), "clone", "-q", "--bare", ".", str(bare))
    with pytest.raises(GateError, match=r"\(fatal: this operation must be run in a work tree\)"):
        bases.find(None, bare)
