"""A page as one HTML document: the template, the style and the script inside it, and a policy that forbids the rest.

Two walls keep a subject's words from becoming code. Everything is escaped where it is written, data for the script
included; and the document's Content-Security-Policy allows the one script and the one style whose hashes it names, no
other, and no network at all.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from paragrad.engine.draw.svg import STYLE
from paragrad.reports.bodies.check import Check, CheckError
from paragrad.reports.ci.plain import xml_plain
from paragrad.reports.html.blocks import Page, Section
from paragrad.reports.record import Record

TEMPLATES = Path(__file__).with_name("templates")
SCRIPTS = ("theme.js", "tables.js", "plots.js", "matrix.js", "stepper.js", "copy.js")


def data(value: Any) -> Markup:
    """A value as JSON inside `<script type="application/json">`, where neither a tag nor a line separator may occur."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&'":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def document(page: Page, record: Record | Check | CheckError) -> str:
    """The page as HTML; of the record it says when it was made, and with what."""
    environment = _environment()
    style, script = _part("style.css") + STYLE + _part("stepper.css"), "\n".join(_part(name) for name in SCRIPTS)
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return environment.get_template("page.html.jinja").render(
        page=page,
        record=record,
        contents=_contents(page.sections),
        style=Markup(style),
        script=Markup(script),
        policy=policy,
    )


def _contents(sections: list[Section]) -> list[tuple[str, str]]:
    return [(section.id, section.title) for section in sections]


def _hash(source: str) -> str:
    """What a policy calls an inline element by: the SHA-256 of its text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


@functools.cache
def _part(name: str) -> str:
    return "\n" + (TEMPLATES / name).read_text(encoding="utf-8")


def _plain(value: Any) -> Any:
    """What is about to be shown, with characters that steer how others are shown as escapes."""
    if isinstance(value, Markup):
        return Markup(xml_plain(value))
    return xml_plain(value) if isinstance(value, str) else value


@functools.cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=_plain,
    )
    made.filters["data"] = data
    return made
