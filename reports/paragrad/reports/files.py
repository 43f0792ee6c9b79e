"""Text to a file, whole or not at all: written beside its destination, forced to the disk, and renamed.

Whenever the process dies, there is the old file or the new one.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_text(path: str | os.PathLike[str], text: str) -> None:
    r"""Write a text in UTF-8 with \n, making the folders above it. Raises OSError, leaving what was there.

    Half a surrogate pair, which no UTF-8 has, becomes a \uXXXX: in JSON that is the same text again. A device or a
    pipe can't be replaced, and is written to.
    """
    target = Path(path).resolve()
    content = text.encode("utf-8", errors="backslashreplace")
    if target.exists() and not target.is_file():
        target.write_bytes(content)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
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
