"""GitHub's workflow commands: failures shown beside the lines of source that they are about.

GitHub shows ten a step; what is more would go unseen, and so the last one counts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from paragrad.reports.checked import place
from paragrad.reports.ci.cases import Case, cases
from paragrad.reports.ci.plain import clipped, plain, xml_plain
from paragrad.reports.documents import Document

MOST = 10
LONGEST = 2000


def workflow_commands(documents: Sequence[Document], root: Path) -> str:
    """A line each for what failed, then what is told only and has a line of source; files relative to `root`."""
    found = [case for document in documents for case in cases(document)]
    told = [case for case in found if case.outcome in ("failed", "error")]
    told += [case for case in found if case.outcome == "skipped" and place(case.source, root) is not None]
    rows = [_command(case, root) for case in (told if len(told) <= MOST else told[: MOST - 1])]
    if len(told) > MOST:
        level = "error" if told[MOST - 1].outcome != "skipped" else "notice"
        rows.append(f"::{level} title=paragrad::and {len(told) - len(rows)} more")
    return "".join(f"{row}\n" for row in rows)


def _command(case: Case, root: Path) -> str:
    about = []
    if (found := place(case.source, root)) is not None:
        about = [f"file={_property(found[0])}", f"line={found[1]}"]
    about.append(f"title={_property(clipped(plain(f'{case.group}: {case.name}')))}")
    level = "notice" if case.outcome == "skipped" else "error"
    message = clipped(xml_plain(case.text or case.message), LONGEST)
    return f"::{level} {','.join(about)}::{_message(message)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
