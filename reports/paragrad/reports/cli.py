"""The command line: `paragrad parity | bench | ...`, with one parser (`parsing`) and one way to fail.

Nothing heavy is imported before a command needs it, so `--help` is quick and works without torch.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Sequence

from paragrad.reports import files, importing, places, unanswered, unchecked
from paragrad.reports.interrupt import as_ctrl_c
from paragrad.reports.parsing import CommandLineError, parser, with_minus

PARITY, FINDING, USAGE, OURS, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes: parity, a finding, wrong usage or an unusable subject, our own failure, and, whatever was found until
then, Ctrl-C, SIGTERM or SIGHUP."""

NO_TORCH = (
    "torch is not installed in this environment ({python}), and it is what everything is compared with: "
    "`{python} -m pip install torch`, or `nox -s env` for the environment that the sessions use"
)


class UsageError(Exception):
    """Something the caller can mend; the message says what and how."""


def one_thread() -> None:
    """BLAS and torch at one thread, before they are imported: sums are then repeatable, and nothing gets slower."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ.setdefault(name, "1")


def resolve(path: str) -> Callable[[argparse.Namespace], int]:
    """The function that a command names by its dotted path. Raises UsageError where the engine can't be imported."""
    module, _, name = path.rpartition(".")
    try:
        found: Callable[[argparse.Namespace], int] = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:
        if told := importing.fault(error):
            raise UsageError(f"the engine can't be imported: {told}; mend it and run again") from error
        raise
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code. A failure of our own is 3, with its traceback, never 1."""
    words = sys.argv[1:] if argv is None else argv
    try:
        options = parser().parse_args(with_minus(words))
    except CommandLineError as error:
        if words[:1] == ["check"]:
            unchecked.leave(error.told, unchecked.path_in(words))
        raise
    older = unanswered.older(options)
    code = ended(options)
    if code in (USAGE, OURS):
        unanswered.withdraw(older)
    return code


def ended(options: argparse.Namespace) -> int:
    """Run a command to its end, whatever that is; return its exit code."""
    if getattr(options, "torch", True) and importlib.util.find_spec("torch") is None:
        return failed(options, USAGE, NO_TORCH.format(python=sys.executable))
    one_thread()
    try:
        # What could not be written in the end is refused before anything is measured.
        if told := places.hindrance(options):
            raise UsageError(told)
        with as_ctrl_c():
            code = resolve(options.run)(options)
        sys.stdout.flush()
        return code
    except UsageError as error:
        return failed(options, USAGE, str(error))
    except files.UnwritableError as error:
        return failed(options, USAGE, f"{error.filename}: can't be written: {error.strerror}")
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):  # the terminal may be what is gone
            return failed(options, INTERRUPTED, "interrupted")
        return INTERRUPTED
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC) or error.filename is not None:
            traceback.print_exc()
            return failed(options, OURS, "this is a fault of paragrad's own, not of the engine")
        silence()
        return failed(options, OURS, f"stdout can't be written ({error.strerror})")
    except Exception:  # noqa: BLE001 - whatever it is, it is ours, and must not look like a finding
        traceback.print_exc()
        return failed(options, OURS, "this is a fault of paragrad's own, not of the engine")


def silence() -> None:
    """Nothing more to a stdout that takes nothing: Python's own flush at the end would tell of it once more."""
    with contextlib.suppress(OSError, ValueError):  # a stand-in for stdout has no descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def failed(options: argparse.Namespace, code: int, told: str) -> int:
    """Say why a command did not do its work; return its exit code. A check from before must not look like this one."""
    print(f"paragrad {options.command}: {told}", file=sys.stderr)
    if options.command == "check":
        unchecked.leave(told, options.json, options.baseline)
    return code
