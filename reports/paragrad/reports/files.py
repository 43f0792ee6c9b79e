"""Text to a file, whole or not at all: written beside its destination, forced to the disk, and renamed.

Whenever the process dies, there is the old file or the new one. The only folder that is made is build/, where all that
is generated goes; another one that is not there is rather a misspelling, and is refused. So is a file that is
read-only, which a rename would replace all the same.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path

BUILD = "build"
WRITING = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class UnwritableError(OSError):
    """A file that is not to be written: `filename`, and in `strerror` why."""


def hindrance(path: str | os.PathLike[str]) -> str:
    """Why a file can't be written there, to be told before anything is measured; nothing where it can."""
    target = Path(path).resolve()
    if target.is_dir():
        return "this is a folder; name a file in it"
    folder = target.parent
    if folder.exists() and not folder.is_dir():
        return f"{folder} is a file and no folder; move it away, or name another"
    if not folder.exists() and folder.name == BUILD:
        folder = folder.parent
    if not folder.is_dir():
        return f"there is no folder {target.parent}; make it, or name another"
    # Root may write everything: the bits say what somebody meant.
    if target.exists() and not (os.access(target, os.W_OK) and target.stat().st_mode & WRITING):
        return "it is read-only; mend its permissions, or name another"
    if not target.exists() and not os.access(folder, os.W_OK):
        return f"nothing can be written in {folder}; mend its permissions, or name another"
    return ""


def write_text(path: str | os.PathLike[str], text: str) -> None:
    r"""Write a text in UTF-8 with \n. Raises OSError, leaving what was there; UnwritableError where it should not.

    Half a surrogate pair, which no UTF-8 has, becomes a \uXXXX: in JSON that is the same text again. A device or a
    pipe can't be replaced, and is written to.
    """
    target = Path(path).resolve()
    if told := hindrance(target):
        raise UnwritableError(errno.EACCES, told, str(path))
    if target.parent.name == BUILD:
        target.parent.mkdir(exist_ok=True)
    content = text.encode("utf-8", errors="backslashreplace")
    if target.exists() and not target.is_file():
        target.write_bytes(content)
        return
    part = target.parent / f".{target.name}.{secrets.token_hex(4)}.part"
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the rename itself
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
