"""Ctrl-C and its like, sent to whole process groups as a terminal does: one line, one exit code, nobody left."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from paragrad.fuzz import children
from paragrad.reports import cli

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups like these")
PATIENCE = 60.0
PARENT = """
import multiprocessing, sys, time
from paragrad.fuzz import children

def work():
    children.settle()
    time.sleep(600)

if __name__ == "__main__":
    worker = multiprocessing.get_context("spawn").Process(target=work, daemon=True)
    with children.sheltered():
        worker.start()
    try:
        time.sleep(600)
    except KeyboardInterrupt:
        worker.kill()
        worker.join()
        print("interrupted")
"""


def when(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)


def hands(started: subprocess.Popen[str]) -> list[psutil.Process]:
    """The workers of a command."""
    started_by_it = psutil.Process(started.pid).children(recursive=True)
    return [child for child in started_by_it if any("spawn_main" in part for part in child.cmdline())]


def begun(folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], psutil.Process]:
    """Python in a process group of its own, as a shell starts it, and the worker that it has just started."""
    started = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        text=True,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    when(lambda: bool(hands(started)))
    return started, hands(started)[0]


@posix
def test_a_worker_that_just_started_leaves_ctrl_c_to_its_parent(tmp_path: Path) -> None:
    """It is still importing then, long before anything of ours runs in it."""
    started, worker = begun(tmp_path, "-m", "paragrad", "mutants", "--jobs", "1", "--quick")
    os.killpg(started.pid, signal.SIGINT)
    out, _ = started.communicate(timeout=PATIENCE)
    assert started.returncode == cli.INTERRUPTED, out
    assert "Traceback" not in out
    assert "interrupted" in out.splitlines()[-1]
    assert not psutil.wait_procs([worker], timeout=PATIENCE)[1]


@posix
def test_ctrl_c_while_a_worker_starts_is_not_lost() -> None:
    with pytest.raises(KeyboardInterrupt), children.sheltered():
        signal.raise_signal(signal.SIGINT)


@posix
@pytest.mark.parametrize("late", [False, True])
def test_a_worker_outlives_what_ends_terminals_but_not_its_parent(late: bool, tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(PARENT, encoding="utf-8")
    started, worker = begun(tmp_path, "parent.py")
    if late:
        when(lambda: worker.num_threads() > 1)  # it has settled
    worker.send_signal(signal.SIGINT)
    worker.send_signal(signal.SIGHUP)
    assert worker.is_running()
    assert worker.status() != psutil.STATUS_ZOMBIE
    started.kill()
    started.communicate(timeout=PATIENCE)
    assert not psutil.wait_procs([worker], timeout=PATIENCE)[1]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_every_command_is_interrupted_alike(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not hasattr(signal, name):
        pytest.skip(f"{name} is POSIX's")
    before = signal.getsignal(getattr(signal, name))

    def stopped(options: argparse.Namespace) -> int:
        signal.raise_signal(getattr(signal, name))
        return cli.PARITY

    monkeypatch.setattr(cli, "resolve", lambda path: stopped)
    assert cli.main(["gate"]) == cli.INTERRUPTED == 130
    assert capsys.readouterr().err == "paragrad gate: interrupted\n"
    assert signal.getsignal(getattr(signal, name)) == before


@posix
def test_nohup_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(options: argparse.Namespace) -> int:
        signal.raise_signal(signal.SIGHUP)
        return cli.PARITY

    monkeypatch.setattr(cli, "resolve", lambda path: told)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert cli.main(["gate"]) == cli.PARITY
    finally:
        signal.signal(signal.SIGHUP, before)
