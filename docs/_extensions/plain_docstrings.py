"""Docstrings are plain text with `names` in backticks; here they become what Sphinx takes for the same."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx


def escaped(line: str) -> str:
    """A line with names as code, and nothing else taken for markup."""
    parts = re.split(r"`+([^`]+)`+", line)
    plain = [re.sub(r"([*|\\]|_(?=\W|$))", r"\\\1", part) for part in parts[::2]]
    code = [f"``{part}``" for part in parts[1::2]]
    joined = plain[0]
    for name, rest in zip(code, plain[1:], strict=True):
        joined += name + ("\\ " if rest[:1].isalnum() else "") + rest
    return joined


def rewrite(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Rewrite one docstring in place; what stands indented is an example, and stays."""
    made: list[str] = []
    for line in lines:
        indented = line.startswith("    ")
        if indented and made and not made[-1].startswith("    ") and made[-1] != "":
            made.append("")
        if indented and not (made and made[-1].startswith("    ")) and "::" not in made[-2:]:
            made.extend(["::", ""])
        made.append(line if indented else escaped(line))
    lines[:] = made


def setup(app: Sphinx) -> dict[str, Any]:
    """Hook in."""
    app.connect("autodoc-process-docstring", rewrite)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
