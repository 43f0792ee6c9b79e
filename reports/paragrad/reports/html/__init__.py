"""Records as pages in one file of HTML: style, script and plots inside, nothing from a network.

A page is data (`blocks`), made from records by `pages/`, with plots as SVG by `plots/`; `frame` puts it into the
template. Whatever comes from a subject is text and escaped where it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from paragrad.reports.html import frame
from paragrad.reports.html.blocks import Page
from paragrad.reports.html.pages import accuracy, diff, gate, parity_page, speed
from paragrad.reports.record import Record

PAGES: Mapping[str, Callable[[Record, Mapping[str, Record]], Page]] = {
    "accuracy": accuracy.page,
    "parity": parity_page.page,
    "speed": speed.page,
    "gate": gate.page,
    "diff": diff.page,
}
"""The kinds of records that have a page."""


def render_html(record: Record, beside: Mapping[str, Record]) -> str:
    """The page of a record of a kind in PAGES; `beside` are other records by kind, as far as they are there."""
    return frame.document(PAGES[record["kind"]](record, beside), record)


__all__ = ["PAGES", "render_html"]
