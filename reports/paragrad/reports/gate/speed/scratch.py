"""The temporary folders of gates. One that was killed is cleared away by the next: its folder, and the worktree that
git has written down for it. Nothing else is touched.

A gate holds a lock on a file in its folder, which the system drops when the process ends, however it ends. A process
number would not do: another process gets it, and in another container it means nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from paragrad.reports.gate.speed import git

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

PREFIX = "paragrad-gate-"
BASE = "base"
"""The worktree in the folder."""
LOCK = "lock"
HELD = b"held"
"""What is in the lock's file once it is held: one without it is just being made."""


@contextlib.contextmanager
def folder(top: Path) -> Iterator[Path]:
    """A new folder for a worktree of the checkout at `top`, which may be made at BASE in it. However the block ends,
    neither stays; what killed gates have left goes first."""
    clear(top)
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as made:
        found = Path(made).resolve()
        with (found / LOCK).open("xb", buffering=0) as lock:
            _hold(lock)
            lock.write(HELD)
            try:
                yield found
            finally:
                forget(top, found / BASE)


def clear(top: Path) -> None:
    """Remove what gates left whose process is gone: folders of this user, and worktrees of this checkout."""
    for left in Path(tempfile.gettempdir()).resolve().glob(f"{PREFIX}*"):
        if _mine(left) and _abandoned(left):
            forget(top, left / BASE)
            shutil.rmtree(left, ignore_errors=True)
    for line in git.asked(top, "worktree", "list", "--porcelain").splitlines():
        tree = Path(line.removeprefix("worktree "))
        ours = line.startswith("worktree ") and tree.name == BASE and tree.parent.name.startswith(PREFIX)
        if ours and not tree.parent.exists():
            forget(top, tree)


def forget(top: Path, tree: Path) -> None:
    """Remove a worktree, and what git has written down for it; no other one, as `git worktree prune` would."""
    git.run(top, "worktree", "remove", "--force", "--force", str(tree))
    shutil.rmtree(tree, ignore_errors=True)


def _mine(left: Path) -> bool:
    """Whether it is a folder of this user's: anybody may make one of such a name where all may write."""
    try:
        facts = left.lstat()
    except OSError:
        return False
    return left.is_dir() and not left.is_symlink() and (not hasattr(os, "getuid") or facts.st_uid == os.getuid())


def _abandoned(left: Path) -> bool:
    """Whether nobody holds the lock of a folder any more."""
    try:
        with (left / LOCK).open("r+b", buffering=0) as lock:
            return _hold(lock) and lock.read() == HELD
    except OSError:
        return False


def _hold(lock: BinaryIO) -> bool:
    """Lock a file until it is closed; False where another process has it."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
