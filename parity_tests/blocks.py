"""The code blocks of a Markdown page, run as a reader would: what a page shows is what happens.

A page has a folder of its own, with a `pyproject.toml` that keeps checks short. Blocks are taken in order:

- `python` whose first line is a comment with a file name, `# engine.py`, is that file; with `>>>` it is a doctest, and
  all of a page share their names; any other is a script.
- `sh` is run by bash (a command of paragrad alone by a process that has torch already, `parity_tests/warm.py`);
  `console` has its commands after `$ `, and what follows has to be what is printed. `...` stands for anything there,
  and times (`4.2 s`) are not compared.
- A block with a command that installs, publishes or downloads is not run, and has to say so (`not run`, below).
- `json`, `toml`, `yaml` are read; `text` is left alone; {directives} are the site's, whose build executes its cells.

What else there is to say stands in comments directly above a block, one a line:

    <!-- not run: REASON -->                 nobody should, for it publishes or installs
    <!-- not run, needs pwsh: REASON -->     fails where the program is there, for then it can be run
    <!-- not run, run by FILE: REASON -->    the file has to be there, and has to name the nox sessions of the block
    <!-- exit code: 1 -->                    of the last command; `1, 0, 1`: of each one of a console
    <!-- file: NAME -->                      the block is this file, whatever its language
    <!-- copy: FROM as NAME, ... -->         files or folders of the repository are put into the page's folder first
    <!-- after: CODE -->                     this runs first: Python before a script, else a shell's commands
    <!-- within the output -->               of a text: what the last command printed has these lines in it
"""

from __future__ import annotations

import doctest
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from parity_tests import warm

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^( *)(`{3,}|~{3,}) *(.*)$")
NOTE = re.compile(
    r"^<!-- (not run|exit code|file|copy|after|within the output)(?:, (needs|run by) ([^:]+))?(?:: (.+))? -->$"
)
TIME = re.compile(r"\b\d[\d,.]* (s|ms|seconds)\b")
RUN = frozenset({"python", "pycon", "sh", "console"})
READ = frozenset({"json", "toml", "yaml"})
LEFT = frozenset({"text", "markdown"})
OUTSIDE = re.compile(r"(?:^|[\s;&|/`$(])(pip|pipx|nox|npm|git push|gh|curl|wget)(?=\s|$)", re.MULTILINE)
"""What changes more than the page's folder: it installs, publishes or downloads. Such a block is refused, never run."""
SHORT = "[tool.paragrad]\nprograms = 60\nseconds = 200\n"
"""Few programs, and time for all of them on any machine: the same findings in each run."""
LONGEST = 300
"""Seconds for one command."""


@dataclass
class Block:
    """A fenced block: its language, its text, the line of its fence (from 1) and the notes above it by kind."""

    language: str
    text: str
    line: int
    notes: dict[str, re.Match[str]] = field(default_factory=dict)


def read(page: str) -> Iterator[Block]:
    """The blocks of a page. Raises ValueError for a note that stands above no block, and for an open fence."""
    notes: dict[str, re.Match[str]] = {}
    lines = iter(enumerate(page.splitlines(), 1))
    for number, line in lines:
        note, fence = NOTE.match(line.strip()), FENCE.match(line)
        if note:
            notes[note[1]] = note
        elif fence:
            indent, ticks, said = fence.groups()
            inner: list[str] = []
            for _, text in lines:
                if text.strip() == ticks:
                    break
                inner.append(text.removeprefix(indent))
            else:
                raise ValueError(f"line {number}: this fence is not closed")
            language = "{}" if said.startswith("{") else said.partition(" ")[0]
            yield Block(language, "\n".join(inner) + "\n", number, notes)
            notes = {}
        elif line.strip() and notes:
            raise ValueError(f"line {number}: a note stands above no block: {next(iter(notes.values()))[0]}")
    if notes:
        raise ValueError(f"a note stands above no block: {next(iter(notes.values()))[0]}")


def alike(wanted: str, printed: str) -> bool:
    """Whether what was printed is what a page shows, but for `...`, times, and spaces at the ends of lines."""
    sides = [
        "".join(f"{line.rstrip()}\n" for line in TIME.sub(r"# \1", text).splitlines()) for text in (wanted, printed)
    ]
    return doctest.OutputChecker().check_output(sides[0], sides[1], doctest.ELLIPSIS)


class Page:
    """A page being run in its folder; `problems` says what is not as the page shows it."""

    def __init__(self, text: str, folder: Path) -> None:
        self.text, self.folder = text, folder
        (folder / "pyproject.toml").write_text(SHORT, encoding="utf-8")
        self.problems: list[str] = []
        self.names: dict[str, object] = {"__name__": "__main__"}
        self.printed = ""
        roots = os.pathsep.join(str(ROOT / name) for name in ("engine", "fuzz", "reports"))
        programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        self.environment = {**os.environ, "PATH": programs, "PYTHONPATH": roots, "PYTHONUTF8": "1", "NO_COLOR": "1"}
        self.environment |= {"COLUMNS": "80", "GITHUB_STEP_SUMMARY": "summary.md"}

    def run(self) -> list[str]:
        """Run all blocks in order; return the problems."""
        try:
            blocks = list(read(self.text))
        except ValueError as error:
            return [str(error)]
        for block in blocks:
            for problem in self.tell(block):
                self.problems.append(f"line {block.line}: {problem}")
        return self.problems

    def tell(self, block: Block) -> Iterator[str]:
        """What is wrong with one block."""
        notes = block.notes
        if copied := notes.get("copy"):
            for one in (copied[4] or "").split(", "):
                yield from self.copy(one)
        before = notes["after"][4] if "after" in notes else ""
        if before and block.language in {"sh", "console"}:
            yield from self.ended(["bash", "-euo", "pipefail", "-c", before])
            before = ""
        if excluded := notes.get("not run"):
            yield from unneeded(block, excluded)
            return
        named = re.match(r"# ([\w./-]+\.\w+)$", block.text.partition("\n")[0]) if block.language in RUN | READ else None
        if name := notes["file"][4] if "file" in notes else named[1] if named else None:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        if block.language in READ:
            yield from unreadable(block)
        elif block.language == "text" and "within the output" in notes:
            if not alike(f"...\n{block.text}...", f"\n{self.printed}\n"):
                yield f"the last command did not print this; it printed:\n{self.printed}"
        elif block.language in {"sh", "console"} and not name and (found := OUTSIDE.search(block.text)):
            yield f"{found[1]} reaches beyond the page's folder, and is not run: put `<!-- not run: REASON -->` above"
        elif block.language in RUN and not name:
            whole = replace(block, text=f"{before}\n{block.text}") if before else block
            yield from getattr(self, block.language)(whole)
        elif block.language not in {*RUN, *LEFT, "{}"}:
            yield f"a block of {block.language or 'no language'}: say how it is run, or call it text"

    def copy(self, said: str) -> Iterator[str]:
        """Put a file or folder of the repository into the page's folder."""
        source, _, name = said.partition(" as ")
        origin, target = ROOT / source, self.folder / (name or source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_dir():
            shutil.copytree(origin, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".*cache"))
        elif origin.is_file():
            shutil.copy(origin, target)
        else:
            yield f"there is no {source} to be copied"

    def python(self, block: Block) -> Iterator[str]:
        """A doctest, or a script."""
        if ">>> " in block.text:
            yield from self.pycon(block)
            return
        yield from self.ended([sys.executable, "-c", block.text], stated(block))

    def pycon(self, block: Block) -> Iterator[str]:
        """A doctest; warnings are no part of it."""
        test = doctest.DocTestParser().get_doctest(block.text, self.names, "page", None, block.line)
        told: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            runner.run(test, out=told.append, clear_globs=False)
        finally:
            os.chdir(before)
        self.names = test.globs
        if runner.failures:
            yield "".join(told)

    def sh(self, block: Block) -> Iterator[str]:
        """Commands of which nothing is shown."""
        yield from self.ended(["bash", "-euo", "pipefail", "-c", block.text], stated(block))

    def console(self, block: Block) -> Iterator[str]:
        """Commands, each with its output."""
        parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
        codes = block.notes["exit code"][4].split(", ") if "exit code" in block.notes else ["0"]
        codes = ["0"] * (len(parts) - 1 - len(codes)) + codes
        if parts[0].strip() or len(parts) == 1:
            yield "a console starts with a command, as `$ paragrad --help`"
        for part, code in zip(parts[1:], codes, strict=True):
            lines = part.splitlines()
            more = next(i for i, line in enumerate(lines) if not line.endswith("\\"))
            command, wanted = "\n".join(lines[: more + 1]), "\n".join(lines[more + 1 :])
            yield from self.ended(["bash", "-uo", "pipefail", "-c", command], int(code))
            if wanted.strip() != "..." and not alike(wanted, self.printed):
                yield f"`{command}` is shown with\n{wanted}\nand printed\n{self.printed}"

    def ended(self, command: list[str], code: int = 0) -> Iterator[str]:
        """Run a command in the page's folder; it has to end with this exit code."""
        if arguments := warm.arguments(command[-1]) if command[0] == "bash" else None:
            status, printed = warm.paragrad(arguments, self.folder, self.environment, LONGEST)
        else:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                check=False,
                timeout=LONGEST,
            )
            status, printed = done.returncode, done.stdout
        self.printed = re.sub(r"^settings of .*\n", "", printed)  # of the `pyproject.toml` that readers don't have
        if status != code:
            yield f"exit code {status}, stated is {code}:\n{command[-1]}\n{printed}"


def stated(block: Block) -> int:
    """The exit code that a block states."""
    return int(block.notes["exit code"][4]) if "exit code" in block.notes else 0


def unneeded(block: Block, note: re.Match[str]) -> Iterator[str]:
    """What is wrong with an exclusion."""
    _, kind, who, reason = note.groups()
    if not reason:
        yield "`not run` needs a reason"
    if block.language in {*LEFT, "{}"}:
        yield f"nobody would run a block of {block.language}: take the exclusion out"
    if kind == "needs" and shutil.which(who):
        yield f"{who} is here: take the exclusion out, or say another reason"
    if kind == "run by":
        path = ROOT / who
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        sessions = re.findall(r"nox -s ([\w-]+)", block.text)
        missing = [name for name in sessions if not re.search(rf"nox -s [\w -]*\b{name}\b", text)]
        if not text or missing:
            yield f"{who} does not run it: {', '.join(missing) or 'there is no such file'}"


def unreadable(block: Block) -> Iterator[str]:
    """Why a block of data can't be read."""
    try:
        if block.language == "json":
            json.loads(block.text)
        elif block.language == "toml":
            tomllib.loads(block.text)
        else:
            import yaml

            yaml.safe_load(block.text)
    except ValueError as error:
        yield f"this is no {block.language}: {error}"
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "yaml":
            raise
        yield f"this is no yaml: {error}"
