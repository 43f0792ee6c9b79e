"""The follower of links: a small site that is sound, and each fault planted in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity_tests.links import Site, served

SOUND = {
    "index.html": """<link href="style.css" rel="stylesheet"><style>b { background: url('b.svg') }</style>
        <a href="below/page.html#there">a</a><img src="a.svg"><a href="https://example.org/">elsewhere</a>""",
    "below/page.html": '<p id="there"><a href="../index.html">back</a><a href="#there">up</a>',
    "style.css": "a { background: url(a.svg) }",
    "a.svg": "<svg/>",
    "b.svg": "<svg/>",
}


def followed(folder: Path, files: dict[str, str]) -> Site:
    """The site of these files, followed from its index."""
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    with served(folder) as base:
        site = Site(base)
        site.follow("index.html")
    return site


def test_a_sound_site(tmp_path: Path) -> None:
    site = followed(tmp_path, SOUND)
    assert site.problems == []
    assert site.hosts == {"example.org"}
    assert site.pages() == {"index.html", "below/page.html"}


@pytest.mark.parametrize(
    ("name", "right", "wrong", "told"),
    [
        ("index.html", "page.html#there", "pages.html#there", "pages.html answers 404"),
        ("index.html", "page.html#there", "page.html#nowhere", "page.html#nowhere leads to no anchor"),
        ("below/page.html", "#there", "#here", "leads to no anchor"),
        ("index.html", 'src="a.svg"', 'src="c.svg"', "c.svg answers 404"),
        ("index.html", 'src="a.svg"', 'src="//cdn.example/c.js"', "from another host"),
        ("index.html", 'href="style.css"', 'href="https://fonts.example/f.css"', "from another host"),
        ("index.html", "url('b.svg')", "url('https://fonts.example/f')", "from another host"),
        ("style.css", "url(a.svg)", "url(https://fonts.example/f)", "from another host"),
        ("style.css", "url(a.svg)", "url(c.svg)", "c.svg answers 404"),
    ],
)
def test_a_fault_is_caught(name: str, right: str, wrong: str, told: str, tmp_path: Path) -> None:
    assert right in SOUND[name]
    site = followed(tmp_path, {**SOUND, name: SOUND[name].replace(right, wrong)})
    assert any(told in problem for problem in site.problems), site.problems
