"""`paragrad report`: records and checks as pages, and as CI shows them. It reads and renders, and never measures.

Everything is read and rendered before anything is written, so that what can't be read costs no page that is there.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from paragrad.reports.ci import cases, changes, comment
from paragrad.reports.ci.annotations import workflow_commands
from paragrad.reports.ci.junit import junit
from paragrad.reports.ci.plain import xml_plain
from paragrad.reports.ci.summary import summary
from paragrad.reports.cli import PARITY, USAGE, UsageError
from paragrad.reports.documents import CHECK, Beside, Document, beside, in_folder, read
from paragrad.reports.files import write_text
from paragrad.reports.record import COMMANDS, RecordError
from paragrad.reports.render import render_markdown
from paragrad.reports.render.check import page as check_page

SUFFIXES = {".md": "markdown", ".html": "html", ".xml": "junit"}
"""The form that the suffix of a file asks for."""
PROBLEMS = 20
"""Problems of one file that are told."""


def report(options: argparse.Namespace) -> int:
    """Render what is named, or what lies in the folder."""
    if options.schema:
        return schema(options)
    form = form_of(options)
    if options.against is not None and form != "comment":
        raise UsageError("--against names what a comment compares with: add --as comment")
    if form is None and (options.output is not None or len(options.files) == 1):
        form = "markdown"
    if form is None:
        return pages(options)
    paths = [Path(name) for name in options.files] or list(in_folder(folder(options)))
    refuse_to_overwrite(options.output, [*paths, *([Path(options.against)] if options.against else [])])
    documents = [one(path) for path in paths]
    if not documents:
        raise UsageError(nothing_in(folder(options)))
    return tell(render(documents, form, options), options.output)


def schema(options: argparse.Namespace) -> int:
    """Show the schema of records. Raises UsageError for what asks for something else at the same time."""
    from paragrad.reports.schema import markdown

    others = [*options.files, *(f"--as {options.form}" for _ in range(options.form is not None))]
    others += [f"--against {options.against}" for _ in range(options.against is not None)]
    if others:
        raise UsageError(f"--schema shows the schema of every record, and takes nothing else: leave out {others[0]}")
    refuse_to_overwrite(options.output, [])
    return tell(markdown(), options.output)


def refuse_to_overwrite(output: str | None, read_from: Sequence[Path]) -> None:
    """Raise UsageError where a page would take the place of a record."""
    if output in (None, "-"):
        return
    target = Path(str(output))
    for path in read_from:
        with contextlib.suppress(OSError):
            if target.samefile(path):
                raise UsageError(f"--output {output}: this is the record that is read: name another file")
    if target.suffix.lower() == ".json":
        raise UsageError(f"--output {output}: a page would take the place of a record: name a file that is no .json")


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
                told = f"{document.kind} records are measurements, in which nothing of ours passes or fails"
                mend = f"--as {form} takes {', '.join(cases.KINDS)}; --as markdown shows every kind"
                raise UsageError(f"{document.path}: {told}: {mend}")
        found = [document for document in documents if document.kind in cases.KINDS]
        if not found:
            raise UsageError(f"--as {form}: in {folder(options)} is no record of {', '.join(cases.KINDS)}")
        return junit(found) if form == "junit" else workflow_commands(found, workspace())
    if form == "html":
        return html(documents[0], beside(documents[0].path.parent, documents[0].kind))
    if form == "comment":
        return commented(documents[0], options.against)
    return summary("\n".join(markdown_of(document) for document in documents))


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
    refused: list[tuple[str, str]] = []
    documents: list[Document] = []
    paths = [Path(name) for name in options.files] or list(in_folder(folder(options)))
    if not paths:
        raise UsageError(nothing_in(folder(options)))
    for path in paths:
        try:
            documents.append(read(path))
        except RecordError as error:
            refused.append((path.stem, str(error).splitlines()[0]))
    folders = {path.parent: beside(path.parent) for path in dict.fromkeys(d.path for d in documents)}
    made: dict[Path, tuple[str, str]] = {}
    for document in documents:
        forms = {".md": markdown_of(document)}
        if document.kind == CHECK or document.kind in html_kinds():
            forms[".html"] = html(document, folders[document.path.parent])
        for suffix, text in forms.items():
            target = document.path.with_suffix(suffix)
            refuse_to_overwrite(str(target), paths)
            if target in made:
                raise UsageError(f"{document.path}: its page {target} is that of another record that is named, too")
            made[target] = (document.kind, text)
    for target, (kind, text) in made.items():
        save(target, text)
        print(f"{kind:<12} {target}")
    if not options.files and any(document.record is not None for document in documents):
        there = {document.kind for document in documents} | {name for name, _ in refused}
        for kind, command in COMMANDS.items():
            if kind not in there:
                print(f"{kind:<12} missing; {command} makes it")
    for name, line in refused:
        print(f"{name:<12} refused")
        print(f"paragrad report: {line}", file=sys.stderr)
    return USAGE if refused else PARITY


def markdown_of(document: Document) -> str:
    """The Markdown page of a record or a check."""
    return summary(
        xml_plain(check_page(document.body)) if document.record is None else render_markdown(document.record)
    )


def html_kinds() -> Collection[str]:
    """The kinds of records that have a page as HTML."""
    from paragrad.reports.html import PAGES

    return PAGES


def html(document: Document, others: Beside) -> str:
    """The HTML page of a record, with what other kinds say. Raises UsageError for a kind that has none."""
    from paragrad.reports.html import render_check, render_html

    if document.kind == CHECK:
        return render_check(document.body, document.path.name)
    if document.record is None or document.kind not in html_kinds():
        told = f"there is no HTML page of kind {document.kind!r}, there are {', '.join((*html_kinds(), CHECK))}"
        raise UsageError(f"{document.path}: {told}; --as markdown shows every kind")
    shown = {kind: record for kind, record in others.items() if kind != document.kind}
    return render_html(document.record, Beside(shown, others.refused))


def folder(options: argparse.Namespace) -> Path:
    """The folder of records. Raises UsageError where there is none."""
    found = Path(options.folder)
    if not found.is_dir():
        raise UsageError(nothing_in(found))
    return found


def nothing_in(folder: Path) -> str:
    """That there are no records, and what makes the first: for our own engine, and for anyone's."""
    there = "there is no record in it" if folder.is_dir() else "there is no such folder"
    file = folder / "check.json" if folder.is_dir() else Path("check.json")
    made = f"`paragrad check FILE.py:Class --json {file}` makes one of your engine, `paragrad report {file}` shows it"
    return f"{folder}: {there}; {made}; `{COMMANDS['parity']}` makes one of paragrad's; --folder names another folder"


def one(path: str | os.PathLike[str]) -> Document:
    """The document in a file. Raises UsageError, a line for each of the first PROBLEMS problems."""
    try:
        return read(path)
    except RecordError as error:
        lines = str(error).splitlines()
        more = [f"{path}: and {len(lines) - PROBLEMS} more problems"] if len(lines) > PROBLEMS else []
        raise UsageError("\n".join([*lines[:PROBLEMS], *more])) from error


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
    except (OSError, ValueError) as error:  # a name with a null character is a ValueError
        raise UsageError(f"{path}: can't be written ({getattr(error, 'strerror', None) or error})") from error
