"""The options of every command: `parser` states them all, with what each is called, takes and means.

It imports nothing that is heavy: each command names the function that runs it, and `cli` imports that.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import NoReturn

FORMS = ("markdown", "html", "summary", "comment", "junit", "annotations")
"""What `paragrad report` makes of records."""

GATE_CODES = (
    "exit codes: 0 pass, or inconclusive; 1 fail, or inconclusive with --strict; 2 nothing to compare, or the engine "
    "can't be imported; 3 a failure of paragrad's own; 130 interrupted"
)


class CommandLineError(SystemExit):
    """A command line that can't be read; it ends the process with 2, as argparse's own errors do."""

    def __init__(self, told: str) -> None:
        super().__init__(2)
        self.told = told


class Parser(argparse.ArgumentParser):
    """argparse with errors of one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2 and one line."""
        told = f"{self.prog}: {message} (see `{self.prog} --help`)"
        print(told, file=sys.stderr)
        raise CommandLineError(told)


Add = Callable[..., Parser]
"""What makes the parser of one command: `add_parser` of argparse."""


def whole(text: str) -> int:
    """A whole number ≥ 0, or a clear error."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number ≥ 0")
    return number


def positive(text: str) -> float:
    """A number > 0, or a clear error."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number > 0")
    return number


def with_minus(words: Sequence[str]) -> list[str]:
    """The words of a command line with a space before an expression such as -a, or argparse takes it for options."""

    def is_expression(word: str) -> bool:
        number = word[1:].replace(".", "", 1).isdigit()
        return word[:1] == "-" and word[1:2] not in ("", "-") and word != "-h" and not number

    return [f" {w}" if words[0] == "diff" and is_expression(w) else w for w in words]


def version() -> str:
    """Our version, and those of what decides the results."""
    found = []
    for name in ("paragrad", "torch", "numpy"):
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name} is not installed")
    return ", ".join([*found, f"Python {platform.python_version()}"])


def _parity(add: Add) -> None:
    command = add("parity", help="fuzz our engine against torch, write the record and the reports")
    command.add_argument("--programs", type=whole, default=10_000, metavar="N", help="programs to judge (10,000)")
    command.add_argument("--seconds", type=positive, default=60.0, metavar="S", help="at most so long (60)")
    command.add_argument("--seed", type=whole, metavar="N", help="the same seed draws the same programs (random)")
    command.add_argument("--only", action="append", default=[], metavar="NAME", help="a family or an op; repeatable")
    command.add_argument("--dtype", choices=("float32", "float64", "mixed"), help="one dtype instead of all")
    command.add_argument("--json", metavar="FILE", help="where the record goes (build/parity.json; - is stdout)")
    command.add_argument("--quick", action="store_true", help="leave out the accuracy and the speed report")
    command.add_argument("--sizes", metavar="FILE", help="pytest-benchmark's JSON, for the speed report")
    command.set_defaults(run="paragrad.reports.commands.parity")


def _bench(add: Add) -> None:
    command = add("bench", help="measure speed against torch and the peers in one interleaved run")
    command.add_argument("--only", action="append", default=[], metavar="NAME", help="a workload; repeatable")
    command.add_argument("--rounds", type=whole, default=7, metavar="N", help="interleaved rounds, at least 5 (7)")
    command.add_argument("--sizes", metavar="FILE", help="pytest-benchmark's JSON of parity_tests/benchmarks")
    command.add_argument("--json", metavar="FILE", help="where the record goes (build/speed.json; - is stdout)")
    command.set_defaults(run="paragrad.reports.commands.bench")


def _accuracy(add: Add) -> None:
    command = add("accuracy", help="measure the ULP of every op against a higher-precision truth")
    command.add_argument("--seed", type=whole, default=0, metavar="N", help="the seed of the inputs (0)")
    command.add_argument("--json", metavar="FILE", help="where the record goes (build/accuracy.json; - is stdout)")
    told = "print the script of a program of the record (OP: also scalar, graph, mlp), and measure nothing"
    command.add_argument("--script", nargs=3, metavar=("OP", "DTYPE", "NUMBER"), help=told)
    command.set_defaults(run="paragrad.reports.commands.accuracy")


def _mutants(add: Add) -> None:
    command = add("mutants", help="plant faults in our engine and see whether the judge finds each")
    command.add_argument("--quick", action="store_true", help="the fixed selection that CI hunts")
    command.add_argument("--only", action="append", default=[], metavar="NAME", help="a family or an op; repeatable")
    command.add_argument("--seed", type=whole, default=0, metavar="N", help="the seed of the programs (0)")
    command.add_argument("--programs", type=whole, metavar="N", help="the most for one mutant (2000; --quick: 200)")
    command.add_argument("--jobs", type=whole, metavar="N", help="processes (as many as cores)")
    command.add_argument("--resume", action="store_true", help="take up a run that was interrupted")
    command.add_argument("--json", metavar="FILE", help="where the record goes (build/mutants.json; - is stdout)")
    command.set_defaults(run="paragrad.reports.mutants.mutants")


def _ulps(add: Add) -> None:
    command = add("ulps", help="hold the ULP that ops declare against what is measured")
    command.add_argument("--programs", type=whole, default=400, metavar="N", help="programs an op and dtype (400)")
    command.add_argument("--write", action="store_true", help="take what is declared and measured as what is committed")
    command.add_argument("--file", default="reports/baseline/ulps.json", metavar="FILE", help="what is committed")
    command.set_defaults(run="paragrad.reports.ulps.ulps")


def _alarms(add: Add) -> None:
    command = add("false-alarms", help="judge sound engines, torch among them, until N elements are judged")
    command.add_argument(
        "--elements", type=whole, default=10_000_000, metavar="N", help="gradient elements (10,000,000)"
    )
    command.add_argument("--seconds", type=positive, default=900.0, metavar="S", help="at most so long (900)")
    command.add_argument("--seed", type=whole, metavar="N", help="the same seed draws the same programs (random)")
    command.add_argument("--jobs", type=whole, default=2, metavar="N", help="processes (2)")
    command.add_argument("--engine", action="append", default=[], metavar="NAME", help="one of them; repeatable")
    command.add_argument("--json", metavar="FILE", help="where the record goes (build/false-alarms.json; - is stdout)")
    command.set_defaults(run="paragrad.reports.false_alarms.command.false_alarms")


def _judges(add: Add) -> None:
    command = add("judges", help="plant faults and count which of five judges finds them")
    command.add_argument("--graphs", type=whole, default=300, metavar="N", help="scalar graphs a dtype (300)")
    command.add_argument("--programs", type=whole, default=2000, metavar="N", help="for the smallest fault (2,000)")
    command.add_argument("--timed", type=whole, default=1500, metavar="N", help="programs timed for the cost (1,500)")
    command.add_argument("--seed", type=whole, default=0, metavar="N", help="the seed of graphs and faults (0)")
    command.add_argument("--json", metavar="FILE", help="where the record goes (build/judges.json; - is stdout)")
    command.add_argument("--docs", action="store_true", help="write docs/judges.json, the plots and docs/judge.md, too")
    command.set_defaults(run="paragrad.reports.judges.command.judges")


def _check(add: Add) -> None:
    command = add("check", help="check somebody else's engine: path/to/file.py:Class")
    command.add_argument(
        "target", nargs="*", metavar="TARGET", help="file.py[:Class], notebook.ipynb, package.module, or own, jax, ..."
    )
    command.add_argument("--exec", metavar="COMMAND", help="a program that speaks the protocol (docs/protocol.md)")
    command.add_argument("--programs", type=whole, metavar="N", help="programs to judge (2,000)")
    command.add_argument("--seconds", type=positive, metavar="S", help="at most so long (30)")
    command.add_argument("--seed", type=whole, metavar="N", help="the same seed draws the same programs (0)")
    command.add_argument("--only", action="append", default=[], metavar="OP", help="an op; repeatable")
    command.add_argument("--map", action="append", default=[], metavar="OP=METHOD", help="how the engine calls an op")
    command.add_argument("--python", metavar="PATH", help="the interpreter that runs it (the active environment's)")
    command.add_argument(
        "--strict", action=argparse.BooleanOptionalAction, default=None, help="limits and conventions fail, too"
    )
    command.add_argument(
        "--baseline", metavar="FILE", help="what is known (.paragrad/baseline.json, where there is one)"
    )
    command.add_argument("--accept", action="store_true", help="write what is found as the baseline")
    command.add_argument("--json", metavar="FILE", help="the check as data (- is stdout)")
    command.add_argument("--repro", metavar="DIR", help="write a stand-alone script for each finding")
    command.add_argument("--program", metavar="FILE", help="try one program, as --repro writes it, and nothing else")
    command.set_defaults(run="paragrad.reports.check.run")


def _diff(add: Add) -> None:
    command = add("diff", help="show every value and gradient of one computation, torch's beside yours")
    command.add_argument(
        "what",
        metavar="WHAT",
        type=textwrap.dedent,
        help='an expression ("tanh(a*b + c)"), model.py:loss, a saved program or a corpus entry',
    )
    command.add_argument("values", nargs="*", metavar="NAME=VALUE", help="a=2 b=-3 c=[[1,2],[3,4]]: for an expression")
    command.add_argument("--engine", metavar="ENGINE", help="whose numbers: file.py:Class, micrograd, ... (own)")
    command.add_argument("--dtype", choices=("float32", "float64"), default="float64", help="of the values (float64)")
    command.add_argument(
        "--node", metavar="LABEL", help="the node around which a large graph is shown (the first fault)"
    )
    command.add_argument("--depth", type=whole, metavar="N", help="show nodes at most so many edges away from it")
    command.add_argument("--most", type=whole, default=60, metavar="N", help="show at most so many nodes (60)")
    command.add_argument(
        "--timeout", type=positive, default=30.0, metavar="S", help="a file may build for so long (30)"
    )
    command.add_argument("--json", metavar="FILE", help="the record (- is stdout); paragrad report shows it")
    command.add_argument("--html", metavar="FILE", help="a page to step through, forward and backward, node by node")
    command.set_defaults(run="paragrad.reports.diff.command.run")


def _peers(add: Add) -> None:
    command = add("peers", help="check the engines that are known by name, and write the scoreboard")
    command.add_argument("--only", action="append", default=[], metavar="NAME", help="micrograd, jax, ...; repeatable")
    command.add_argument("--programs", type=whole, default=1000, metavar="N", help="programs for each (1,000)")
    command.add_argument("--seconds", type=positive, default=30.0, metavar="S", help="at most so long for each (30)")
    command.add_argument("--seed", type=whole, default=0, metavar="N", help="the same seed draws the same programs (0)")
    command.add_argument("--json", metavar="FILE", help="where the record goes (build/peers.json; - is stdout)")
    command.add_argument("--docs", action="store_true", help="write docs/peers.md, too")
    command.set_defaults(run="paragrad.reports.peers.command.peers")


def _report(add: Add) -> None:
    command = add("report", help="show records as pages, or as CI shows them; nothing is measured")
    command.add_argument(
        "files", nargs="*", metavar="FILE", help="records, or checks written with --json (all there are)"
    )
    command.add_argument("--folder", default="build", metavar="DIR", help="where records lie, without FILE (build)")
    command.add_argument("--output", metavar="PATH", help="where it goes: .md, .html, .xml (JUnit); - is stdout")
    command.add_argument("--as", dest="form", choices=FORMS, metavar="FORM", help=f"one of {', '.join(FORMS)}")
    command.add_argument("--against", metavar="FILE", help="for --as comment: the record from before")
    command.add_argument("--schema", action="store_true", help="show the schema of every record, as docs/record.md")
    command.set_defaults(run="paragrad.reports.report.report", torch=False)


def _conventions(add: Add) -> None:
    command = add("conventions", help="show what torch does at kinks, and whether it moved")
    command.add_argument("--only", action="append", default=[], metavar="OP", help="an op to show; repeatable")
    command.add_argument("--write", action="store_true", help="take the installed torch's choices as its table")
    command.add_argument("--output", metavar="FILE", help="write the table as a Markdown page")
    command.add_argument("--json", metavar="FILE", help="write the installed torch's choices (- is stdout)")
    command.set_defaults(run="paragrad.reports.conventions.conventions")


def _gate(add: Add) -> None:
    command = add(
        "gate", help="say what got less exact than the baseline, or slower than the base commit", epilog=GATE_CODES
    )
    command.add_argument("--accuracy", action="store_true", help="against the baseline (without a choice: both)")
    command.add_argument("--speed", action="store_true", help="against the base commit")
    command.add_argument(
        "--base", metavar="REF", help="the base commit (CI: the branch merged into; else the last one)"
    )
    command.add_argument("--only", action="append", default=[], metavar="NAME", help="an op or a benchmark; repeatable")
    command.add_argument("--baseline", metavar="FILE", help="the baseline (reports/baseline/accuracy.json)")
    command.add_argument(
        "--accept", action="store_true", help="take what is measured as the baseline, and say what that is"
    )
    command.add_argument("--strict", action="store_true", help="an inconclusive answer fails, too")
    command.add_argument("--json", metavar="FILE", help="where the record goes (build/gate.json; - is stdout)")
    command.set_defaults(run="paragrad.reports.gate.command.run")


def _corpus(add: Add) -> None:
    command = add("corpus", help="list the corpus, or move a finding into it")
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    moved = actions.add_parser("add", help="move a finding into the committed corpus")
    moved.add_argument("file", metavar="FILE", help="a finding under build/findings/")
    actions.add_parser("list", help="list what is replayed first")
    command.set_defaults(run="paragrad.reports.commands.corpus")


COMMANDS = (
    _parity,
    _bench,
    _accuracy,
    _mutants,
    _ulps,
    _alarms,
    _judges,
    _check,
    _diff,
    _peers,
    _report,
    _conventions,
    _gate,
    _corpus,
)
"""What adds each command, in the order of `--help`."""


def parser() -> Parser:
    """The parser of all commands."""
    top = Parser(prog="paragrad", description="Does this autograd engine compute the gradients PyTorch computes?")
    top.add_argument("--version", action="version", version=version())
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for put in COMMANDS:
        put(commands.add_parser)
    return top
