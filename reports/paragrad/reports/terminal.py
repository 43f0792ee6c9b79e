"""What every command shares: torch on one thread, and the console that people read."""

from __future__ import annotations

import argparse
import functools
import io
import sys
from collections.abc import Callable

import torch
from rich.console import Console

from paragrad.fuzz.corpus import CorpusError
from paragrad.reports.cli import UsageError

Command = Callable[[argparse.Namespace], int]


def command(function: Command) -> Command:
    """One thread for torch, and a corpus that can't be read told as something the caller can mend."""

    @functools.wraps(function)
    def inner(options: argparse.Namespace) -> int:
        torch.set_num_threads(1)
        try:
            return function(options)
        except CorpusError as error:
            raise UsageError(str(error)) from error

    return inner


def console_for(json: str | None) -> Console:
    """Where people read: stdout, or stderr where stdout carries JSON. What its encoding lacks is told by its number."""
    stream = sys.stderr if json == "-" else sys.stdout
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="backslashreplace")
    return Console(stderr=json == "-", highlight=False, soft_wrap=True)
