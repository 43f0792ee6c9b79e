"""After each call into the subject: be still the process that was started, with the recursion limit that it had."""

from __future__ import annotations

import os
import sys

_process, _getpid, _leave = [os.getpid()], os.getpid, os._exit
_set, _get = sys.setrecursionlimit, sys.getrecursionlimit
_limit = [_get()]


def start() -> None:
    """Take this process and its recursion limit for the ones to keep."""
    _process[0] = _getpid()
    _limit[0] = _get()


def keep_limit() -> bool:
    """Take the limit that the subject's import set for the one to keep; whether it is another than before."""
    changed = _get() != _limit[0]
    _limit[0] = _get()
    return changed


def check() -> None:
    """End a fork of the subject's as soon as it comes back to us, or each would fork again; undo a changed limit."""
    if _getpid() != _process[0]:
        _leave(0)
    if _get() != _limit[0]:
        _set(_limit[0])
