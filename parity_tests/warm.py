"""Commands of paragrad in children of a process that has imported torch: it takes longer than most commands do.

Each command has a child of its own, forked from there, with its own folder, environment and output, as in a shell.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import shlex
import sys
from functools import cache
from pathlib import Path

QUOTED = re.compile(r"""'[^']*'|"[^"$`\\]*\"""")
SHELL = re.compile(r"[|&;<>()$`*?\[\]#~{}!\n]")
"""What a shell does more with than cut words, where it is not quoted."""


def arguments(line: str) -> list[str] | None:
    """The arguments of a line that is one command of paragrad and needs no shell; None for any other."""
    line = line.strip().replace("\\\n", " ")
    if not line.startswith("paragrad ") or SHELL.search(QUOTED.sub("", line)):
        return None
    return shlex.split(line)[1:] if "forkserver" in multiprocessing.get_all_start_methods() else None


@cache
def server() -> multiprocessing.context.ForkServerContext:
    """Where the children come from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch", "paragrad.reports.cli", "paragrad.reports.commands", "parity_tests.warm"])
    return context


def child(given: list[str], folder: str, environment: dict[str, str], output: str) -> None:
    """The command, in the child: all it prints goes to a file."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    with Path(output).open("w", encoding="utf-8", buffering=1) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        sys.stdout = sys.stderr = file
        sys.argv = ["paragrad", *given]
        from paragrad.reports import cli

        raise SystemExit(cli.main(given))


def paragrad(given: list[str], folder: Path, environment: dict[str, str], longest: float) -> tuple[int, str]:
    """The exit code and output of `paragrad GIVEN` in a folder. Raises TimeoutError after `longest` seconds."""
    output = folder.with_name(f"{folder.name}.printed")
    process = server().Process(target=child, args=(given, str(folder), environment, str(output)))
    process.start()
    process.join(longest)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError(f"paragrad {shlex.join(given)} took more than {longest} s")
    return process.exitcode, output.read_text(encoding="utf-8")
