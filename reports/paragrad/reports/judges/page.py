"""The documentation's page of the judge: the comparison between its markers, the plots and the record beside it."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from paragrad.reports import record
from paragrad.reports.bodies.judges import JudgesBody
from paragrad.reports.judges.plot import svg
from paragrad.reports.record import Record
from paragrad.reports.render.judges import comparison

PAGE, RECORD = "judge.md", "judges.json"
BEGIN, END = "<!-- judges -->", "<!-- end -->"


class PageError(ValueError):
    """The page is not there or has no markers; the message says how to mend it."""


def plots(found: Record) -> dict[str, str]:
    """The SVG of each kind of graphs, by file name."""
    body = cast(JudgesBody, found["body"])
    graphs = dict.fromkeys(row["graphs"] for row in body["detection"])
    return {f"judges-{name}.svg": svg(body, name) for name in graphs}


def block(found: Record) -> str:
    """What stands between the markers."""
    machine, made = found["machine"], found["created"].partition("T")[0]
    body = cast(JudgesBody, found["body"])
    pictures = [f"![Share of faults found against their size]({name})" for name in plots(found)]
    told = (
        f"Measured on {made} by `paragrad judges --docs`, seed {found['seed']}, torch {found['versions']['torch']}, "
        f"NumPy {found['versions']['numpy']}, {machine['cpu']}."
    )
    return "\n\n".join([told, *pictures, *comparison(body)])


def filled(page: str, found: Record) -> str:
    """The page, which has both markers, with this record's comparison between them."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{block(found)}\n\n{END}{after}"


def read(folder: Path) -> str:
    """The page, which can be filled. Raises PageError."""
    path = folder / PAGE
    try:
        page = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PageError(f"{path}: can't be read ({error.strerror}): run it in a checkout of paragrad") from error
    if BEGIN not in page or END not in page.partition(BEGIN)[2]:
        raise PageError(f"{path}: no `{BEGIN}` … `{END}` in it: put them where the comparison belongs")
    return page


def write(folder: Path, found: Record) -> None:
    """Write record, plots and page into `folder`. Raises PageError."""
    page = filled(read(folder), found)
    record.write(found, folder / RECORD)
    for name, picture in plots(found).items():
        (folder / name).write_text(picture, encoding="utf-8")
    (folder / PAGE).write_text(page, encoding="utf-8")
