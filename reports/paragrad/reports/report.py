"""`paragrad report`: records and checks as pages, and as CI shows them. It reads and renders, and never measures.

Everything is read and rendered before anything is written, so that what can't be read costs no page that is there.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from paragrad.reports.ci import cases, changes, comment
from paragrad.reports.ci.annotations import workflow_commands
from paragrad.reports.ci.junit import junit
from paragrad.reports.ci.plain import xml_plain
from paragrad.reports.ci.summary import summary
from paragrad.reports.cli import PARITY, USAGE, UsageError
from paragrad.reports.documents import CHECK, Document, by_kind, in_folder, read
from paragrad.reports.files import write_text
from paragrad.reports.record import COMMANDS, Record, RecordError
from paragrad.reports.render import render_markdown
from paragrad.reports.render.check import page as check_page

SUFFIXES = {".md": "markdown", ".html": "html", ".xml": "junit"}
"""The form that the suffix of a file asks for."""


def report(options: argparse.Namespace) -> int:
    """Render what is named, or what lies in the folder."""
    if options.schema:
        from paragrad.reports.schema import markdown

        return tell(markdown(), options.output)
    form = form_of(options)
    if options.against is not None and form != "comment":
        raise UsageError("--against names what a comment compares with: add --as comment")
    if form is None and (options.output is not None or len(options.files) == 1):
        form = "markdown"
    if form is None:
        return pages(options)
    documents = [one(path) for path in options.files or in_folder(folder(options))]
    if not documents:
        raise UsageError(nothing_in(folder(options)))
    return tell(render(documents, form, options), options.output)


def form_of(options: argparse.Namespace) -> str | None:
    """The form that --as names, or the suffix of --output; None where neither is given."""
    if options.form is not None or options.output in (None, "-"):
        form: str | None = options.form
        return form
    suffix = Path(options.output).suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise UsageError(f"--output {options.output}: its suffix is none of {known}; --as FORM says what it is to be")
    return SUFFIXES[suffix]


def render(documents: Sequence[Document], form: str, options: argparse.Namespace) -> str:
    """The documents in a form. Raises UsageError where they can't be shown in it."""
    if form in ("html", "comment") and len(documents) > 1:
        told = ", ".join(str(document.path) for document in documents)
        raise UsageError(f"--as {form} takes one record, not {len(documents)} ({told}): name the one that is meant")
    if form in ("junit", "annotations"):
        for document in documents if options.files else ():
            if document.kind not in cases.KINDS:
                told = f"a record of kind {document.kind!r} has nothing that passes or fails"
                raise UsageError(f"{document.path}: {told}; --as {form} takes {', '.join(cases.KINDS)}")
        found = [document for document in documents if document.kind in cases.KINDS]
        return junit(found) if form == "junit" else workflow_commands(found, workspace())
    if form == "html":
        return html(documents[0], beside_of(documents[0]))
    if form == "comment":
        return commented(documents[0], options.against)
    page = "\n".join(markdown_of(document) for document in documents)
    return summary(page) if form == "summary" else page


def commented(document: Document, against: str | None) -> str:
    """The comment on a document, beside another one of its kind where there is one."""
    if document.kind == "gate":
        if against is not None:
            raise UsageError("--against with a gate: it says itself what changed, leave --against out")
        return comment.of_gate(document)
    if against is None:
        if document.kind == CHECK:
            return comment.of_check(document)
        told = f"what changed in a record of kind {document.kind!r} is seen beside another one"
        raise UsageError(f"{document.path}: {told}: --against FILE names it")
    other = one(against)
    if other.kind != document.kind:
        told = f"is of kind {other.kind!r}, and {document.path} of kind {document.kind!r}"
        raise UsageError(f"--against {against}: it {told}: name two of the same kind")
    if document.kind not in changes.KINDS:
        raise UsageError(f"{document.path}: records of kind {document.kind!r} are not compared")
    return comment.of_two(other, document)


def pages(options: argparse.Namespace) -> int:
    """Write the pages of what is named, or of all that lies in the folder, beside it; say what is missing."""
    broken: list[str] = []
    documents: list[Document] = []
    paths = [Path(name) for name in options.files] or list(in_folder(folder(options)))
    if not paths:
        raise UsageError(nothing_in(folder(options)))
    for path in paths:
        try:
            documents.append(read(path))
        except RecordError as error:
            broken.append(str(error).splitlines()[0])
    beside = by_kind(documents)
    for document in documents:
        made = {".md": markdown_of(document)}
        if document.kind in html_kinds():
            made[".html"] = html(document, beside)
        for suffix, text in made.items():
            target = document.path.with_suffix(suffix)
            save(target, text)
            print(f"{document.kind:<12} {target}")
    if not options.files and any(document.record is not None for document in documents):
        for kind, command in COMMANDS.items():
            if kind not in beside:
                print(f"{kind:<12} missing; {command} makes it")
    for line in broken:
        print(f"paragrad report: {line}", file=sys.stderr)
    return USAGE if broken else PARITY


def markdown_of(document: Document) -> str:
    """The Markdown page of a record or a check."""
    return xml_plain(check_page(document.body) if document.record is None else render_markdown(document.record))


def beside_of(document: Document) -> dict[str, Record]:
    """The records in the folder of a document, by kind; one that can't be read is not shown beside it."""
    found = []
    for path in in_folder(document.path.parent):
        with contextlib.suppress(RecordError):
            found.append(read(path))
    return by_kind(found)


def html_kinds() -> Collection[str]:
    """The kinds of records that have a page as HTML."""
    from paragrad.reports.html import PAGES

    return PAGES


def html(document: Document, beside: Mapping[str, Record]) -> str:
    """The HTML page of a record, with what other kinds say. Raises UsageError for a kind that has none."""
    from paragrad.reports.html import render_html

    if document.record is None or document.kind not in html_kinds():
        told = f"there is no HTML page of kind {document.kind!r}, there are {', '.join(html_kinds())}"
        raise UsageError(f"{document.path}: {told}; --as markdown shows every kind")
    return render_html(document.record, {kind: record for kind, record in beside.items() if kind != document.kind})


def folder(options: argparse.Namespace) -> Path:
    """The folder of records. Raises UsageError where there is none."""
    found = Path(options.folder)
    if not found.is_dir():
        raise UsageError(nothing_in(found))
    return found


def nothing_in(folder: Path) -> str:
    """That there are no records, and what makes the first."""
    return f"{folder}: there is no record in it; {COMMANDS['parity']} makes the first, --folder names another folder"


def one(path: str | os.PathLike[str]) -> Document:
    """The document in a file. Raises UsageError, with the first problem."""
    try:
        return read(path)
    except RecordError as error:
        first, *more = str(error).splitlines()
        raise UsageError(first + (f" (and {len(more)} more)" if more else "")) from error


def workspace() -> Path:
    """The folder that annotations name files in: GitHub's checkout, else the working directory."""
    return Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())


def tell(text: str, output: str | None) -> int:
    """A text to a file, or to stdout in UTF-8 whatever the console speaks: GitHub reads nothing else."""
    if output not in (None, "-"):
        save(Path(output), text)
        return PARITY
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    sys.stdout.write(text)
    return PARITY


def save(path: Path, text: str) -> None:
    """Write a text. Raises UsageError where that is not possible."""
    try:
        write_text(path, text)
    except OSError as error:
        raise UsageError(f"{path}: can't be written ({error.strerror})") from error
