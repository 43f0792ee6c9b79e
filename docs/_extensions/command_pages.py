"""The reference of commands: each one's own --help, made from the parser."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import generated
from sphinx.application import Sphinx

from paragrad.reports import parsing


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands of a parser by name, in its order."""
    found = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return {name: made for action in found for name, made in action.choices.items()}


def page() -> str:
    """All commands, with those below them."""
    top = parsing.parser()
    told = (
        "Each command's own `--help`. The exit code is 0 for parity, 1 for a finding, 2 for something to mend in the "
        "command or a file, 3 for a failure of paragrad's own, 130 where it was interrupted."
    )
    lines = ["# Commands", "", told, "", "```text", top.format_help().rstrip(), "```", ""]
    for name, parser in commands(top).items():
        lines += [f"(command-{name})=", f"## paragrad {name}", "", "```text", parser.format_help().rstrip(), "```", ""]
        for below, inner in commands(parser).items():
            lines += [f"### paragrad {name} {below}", "", "```text", inner.format_help().rstrip(), "```", ""]
    return "\n".join(lines)


def make(app: Sphinx) -> None:
    """Write the page before Sphinx looks for sources."""
    os.environ["COLUMNS"] = "100"
    generated.write(Path(app.srcdir) / "generated" / "commands", {"index.md": page()})


def setup(app: Sphinx) -> dict[str, Any]:
    """Hook in."""
    app.connect("config-inited", lambda app, config: make(app))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
