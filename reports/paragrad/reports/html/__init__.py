"""Records as pages in one file of HTML: style, script and plots inside, nothing from a network.

A page is data (`blocks`), made from records by `pages/`, with plots as SVG by `plots/`; `frame` puts it into the
template. Whatever comes from a subject is text and escaped where it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from paragrad.reports.bodies.check import Check, CheckError
from paragrad.reports.html import frame
from paragrad.reports.html.blocks import Page
from paragrad.reports.html.capped import Caps, capped
from paragrad.reports.html.pages import accuracy, check, diff, gate, parity_page, speed
from paragrad.reports.record import Record

PAGES: Mapping[str, Callable[[Record, Mapping[str, Record]], Page]] = {
    "accuracy": accuracy.page,
    "parity": parity_page.page,
    "speed": speed.page,
    "gate": gate.page,
    "diff": diff.page,
}
"""The kinds of records that have a page; a check has one, too (`render_check`)."""
LARGEST = 2_000_000
"""Bytes of a page."""


def render_html(record: Record, beside: Mapping[str, Record]) -> str:
    """The page of a record of a kind in PAGES; `beside` are other records by kind, as far as they are there."""
    return _rendered(PAGES[record["kind"]](record, beside), record, f"{record['kind']}.json")


def render_check(body: Check | CheckError, file: str = "check.json") -> str:
    """The page of a check; `file` is what it says to hold what a page has no room for."""
    return _rendered(check.page(body), body, file)


def _rendered(page: Page, about: Record | Check | CheckError, file: str) -> str:
    """The page with as much of its contents as LARGEST allows."""
    caps = Caps()
    while True:
        text = frame.document(capped(page, caps, file), about)
        if len(text.encode("utf-8", errors="replace")) <= LARGEST or caps == caps.less():
            return text
        caps = caps.less()


__all__ = ["PAGES", "render_check", "render_html"]
