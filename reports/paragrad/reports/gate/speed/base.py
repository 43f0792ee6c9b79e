"""The base commit: which one it is, and its engine laid out beside a copy of the working tree's.

Both lie in one temporary folder, under names of the same length, so that neither its file system nor its path tells
one from the other, and an editor that saves during a run changes nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from paragrad.reports.gate.speed.errors import GateError

SHALLOW = "this is a shallow clone: `git fetch --unshallow`, or `fetch-depth: 0` for actions/checkout, fetches the rest"


@dataclass(frozen=True, slots=True)
class Base:
    """A commit of the checkout at `top`, why it was chosen, and whether the working tree differs from HEAD."""

    top: Path
    commit: str
    chosen: str
    dirty: bool


@dataclass(frozen=True, slots=True)
class Trees:
    """Two folders that hold an `engine/`, and one for the bytecode of both."""

    base: Path
    working: Path
    cache: Path


def find(asked: str | None, folder: Path | None = None) -> Base:
    """The commit that `asked` names, in the checkout around `folder` (None: the current one).

    Where None is asked for: in CI for a pull request (GITHUB_BASE_REF is set), the merge base with the branch that it
    is for; else HEAD where the working tree differs from it, and the commit before where it does not.
    Raises GateError where there is no git, no checkout, no such commit, or no engine in it.
    """
    folder = Path.cwd() if folder is None else folder
    if shutil.which("git") is None:
        raise GateError("git is not installed, or not on PATH: the base commit is read with it; install it")
    found = _try(folder, "rev-parse", "--show-toplevel")
    if not found:
        raise GateError(f"{folder} is not in a git checkout: the base commit is read from one; run the gate in a clone")
    top = Path(found)
    dirty = bool(_try(top, "status", "--porcelain"))
    commit, chosen = _choose(top, asked, dirty)
    if _try(top, "cat-file", "-t", f"{commit}:engine") != "tree":
        raise GateError(f"{chosen} ({commit[:12]}) has no folder engine/: name a commit that has one with --base REF")
    if not (top / "engine").is_dir():
        raise GateError(
            f"{top} has no folder engine/: there is nothing to compare; run the gate in paragrad's checkout"
        )
    return Base(top, commit, chosen, dirty)


def _choose(top: Path, asked: str | None, dirty: bool) -> tuple[str, str]:
    """The commit, and the name under which it was found."""
    if asked is not None:
        return _commit(top, asked, f"--base {asked}"), asked
    if branch := os.environ.get("GITHUB_BASE_REF"):
        name = f"origin/{branch}"
        tip = _commit(top, name, f"GITHUB_BASE_REF is {branch}, and {name}")
        merged = _try(top, "merge-base", "HEAD", tip)
        if not merged:
            raise GateError(f"HEAD and {name} have no commit in common here; {_mend(top)}")
        return merged, f"the merge base with {name}"
    name = "HEAD" if dirty else "HEAD~1"
    return _commit(top, name, f"{name}, the default base,"), name


def _commit(top: Path, name: str, told: str) -> str:
    """The commit of a name. Raises GateError, which calls it what is `told`."""
    found = _try(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if not found:
        raise GateError(f"{told} is no commit here; {_mend(top)}")
    return found


def _mend(top: Path) -> str:
    if _try(top, "rev-parse", "--is-shallow-repository") == "true":
        return SHALLOW
    return "name one with --base REF (`git log --oneline` lists them)"


@contextlib.contextmanager
def laid_out(base: Base) -> Iterator[Trees]:
    """The engines of the base commit and of the working tree. Whatever happens, nothing of them stays."""
    with tempfile.TemporaryDirectory(prefix="paragrad-gate-", ignore_cleanup_errors=True) as made:
        folder = Path(made).resolve()
        trees = Trees(folder / "base", folder / "tree", folder / "cache")
        trees.cache.mkdir()
        try:
            # No hook: one that runs on checkout is about the user's tree.
            added = _git(
                base.top,
                "-c",
                f"core.hooksPath={os.devnull}",
                "worktree",
                "add",
                "--detach",
                str(trees.base),
                base.commit,
            )
            if added.returncode:
                lines = added.stderr.strip().splitlines() or ["no message"]
                raise GateError(f"git worktree can't lay out {base.commit[:12]} ({lines[-1]}); mend that and run again")
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(base.top / "engine", trees.working / "engine", ignore=ignored)
            yield trees
        finally:
            _git(base.top, "worktree", "remove", "--force", str(trees.base))
            shutil.rmtree(trees.base, ignore_errors=True)
            _git(base.top, "worktree", "prune")


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in a folder. What a hook that started us has set (GIT_DIR and the like) would point elsewhere."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**environment, "LC_ALL": "C"},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def _try(folder: Path, *arguments: str) -> str:
    """What git prints; nothing where it fails."""
    done = _git(folder, *arguments)
    return done.stdout.strip() if done.returncode == 0 else ""
