"""The built site, over http: `nox -s docs` builds it and names this file; pytest collects it only where it is named."""

from __future__ import annotations

from parity_tests.blocks import ROOT
from parity_tests.links import Site, served

BUILT = ROOT / "build" / "docs"
ELSEWHERE = {
    "doi.org": "where the flowers of the course are from",
    "github.com": "the theme's name in each page's last line",
    "keepachangelog.com": "the form of the changelog",
    "semver.org": "the numbers of the changelog",
}
"""Hosts that a reader may go to by a click."""


def test_every_link_leads_somewhere() -> None:
    with served(BUILT) as base:
        site = Site(base)
        site.follow("index.html")
        for page in ("search.html", "genindex.html", "py-modindex.html"):
            site.follow(page)
    assert not site.problems, "\n".join(site.problems)
    assert site.hosts == set(ELSEWHERE), "a host is new, or one that is listed is no longer linked to"
    built = {path.relative_to(BUILT).as_posix() for path in BUILT.rglob("*.html") if "_static" not in path.parts}
    assert built - site.pages() == set(), "no link leads to these pages"
