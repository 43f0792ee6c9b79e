"""The base commit: which one it is, and its engine laid out beside a copy of the working tree's.

Both lie in one temporary folder, under names of the same length, so that neither its file system nor its path tells
one from the other, and an editor that saves during a run changes nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from paragrad.reports.gate.speed import git, scratch
from paragrad.reports.gate.speed.errors import GateError

SHALLOW = "this is a shallow clone: `git fetch --unshallow`, or `fetch-depth: 0` for actions/checkout, fetches the rest"


@dataclass(frozen=True, slots=True)
class Base:
    """A commit of the checkout at `top`, why it was chosen, and whether the engine there differs from HEAD's."""

    top: Path
    commit: str
    chosen: str
    dirty: bool
    same: bool = False
    """Whether the commit's engine is the working tree's: then nothing can be slower."""


@dataclass(frozen=True, slots=True)
class Trees:
    """Two folders that hold an `engine/`, and one for the bytecode of both."""

    base: Path
    working: Path
    cache: Path


def find(asked: str | None, folder: Path | None = None) -> Base:
    """The commit that `asked` names, in the checkout around `folder` (None: the current one).

    Where None is asked for: in CI for a pull request (GITHUB_BASE_REF is set), the merge base with the branch that it
    is for; else HEAD where the engine in the working tree differs from it, and the commit before where it does not:
    beside HEAD itself nothing could be slower.
    Raises GateError where there is no git, no checkout, no such commit, or no engine in it.
    """
    folder = Path.cwd() if folder is None else folder
    git.require()
    found = git.run(folder, "rev-parse", "--show-toplevel")
    if found.returncode:
        told = f"{folder} is not in a git checkout that can be read ({git.why(found)})"
        raise GateError(f"{told}: the base commit is read from one; run the gate in a clone")
    top = Path(found.stdout.removesuffix("\n"))
    dirty = bool(git.asked(top, "status", "--porcelain", "--", "engine"))
    commit, chosen = _choose(top, asked, dirty)
    if git.asked(top, "cat-file", "-t", f"{commit}:engine") != "tree":
        raise GateError(f"{chosen} ({commit[:12]}) has no folder engine/: name a commit that has one with --base REF")
    if not (top / "engine").is_dir():
        raise GateError(
            f"{top} has no folder engine/: there is nothing to compare; run the gate in paragrad's checkout"
        )
    same = not dirty and git.asked(top, "rev-parse", f"{commit}:engine") == git.asked(top, "rev-parse", "HEAD:engine")
    return Base(top, commit, chosen, dirty, same)


def _choose(top: Path, asked: str | None, dirty: bool) -> tuple[str, str]:
    """The commit, and the name under which it was found."""
    if asked is not None:
        return _commit(top, asked, f"--base {asked}"), asked
    if branch := os.environ.get("GITHUB_BASE_REF"):
        name = f"origin/{branch}"
        tip = _commit(top, name, f"GITHUB_BASE_REF is {branch}, and {name}")
        merged = git.asked(top, "merge-base", "HEAD", tip)
        if not merged:
            raise GateError(f"HEAD and {name} have no commit in common here; {_mend(top)}")
        return merged, f"the merge base with {name}"
    name = "HEAD" if dirty else "HEAD~1"
    return _commit(top, name, f"{name}, the default base,"), name


def _commit(top: Path, name: str, told: str) -> str:
    """The commit of a name. Raises GateError, which calls it what is `told`."""
    found = git.asked(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if not found:
        raise GateError(f"{told} is no commit here; {_mend(top)}")
    return found


def _mend(top: Path) -> str:
    if git.asked(top, "rev-parse", "--is-shallow-repository") == "true":
        return SHALLOW
    return "name one with --base REF (`git log --oneline` lists them)"


@contextlib.contextmanager
def laid_out(base: Base) -> Iterator[Trees]:
    """The engines of the base commit and of the working tree. Failure or Ctrl-C, nothing of them stays."""
    with scratch.folder(base.top) as folder:
        trees = Trees(folder / scratch.BASE, folder / "tree", folder / "cache")
        trees.cache.mkdir()
        # No hook: one that runs on checkout is about the user's tree.
        no_hooks = ("-c", f"core.hooksPath={os.devnull}")
        added = git.run(base.top, *no_hooks, "worktree", "add", "--detach", str(trees.base), base.commit)
        if added.returncode:
            told = f"git worktree can't lay out {base.commit[:12]} ({git.why(added)})"
            raise GateError(f"{told}; mend that and run again")
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(base.top / "engine", trees.working / "engine", ignore=ignored)
        yield trees
