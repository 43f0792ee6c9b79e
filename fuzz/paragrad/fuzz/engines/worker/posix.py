"""What only some systems have: limits that the kernel holds. All else works without this file; nothing needs it.

A cap on memory makes one huge allocation fail at once, with an exception in the subject, where the parent's watch
would see it only once it has been written to. A cap on core dumps keeps crashes from filling the disk.
"""

from __future__ import annotations

import contextlib
import resource
from typing import Any

# Linux only; and mypy, elsewhere, knows of no such names.
_system: Any = resource


RESERVE = 2
"""The kernel counts what is reserved, the parent's watch what is used: so many times its limit may be reserved."""


def cap(pid: int, memory: int) -> None:
    """Cap the writable memory that a running process reserves, and its core dumps, where the kernel can.

    `memory` is the limit in bytes on what it may use.
    """
    with contextlib.suppress(AttributeError, OSError, ValueError):
        _system.prlimit(pid, _system.RLIMIT_CORE, (0, 0))
        _system.prlimit(pid, _system.RLIMIT_DATA, (RESERVE * memory, RESERVE * memory))
