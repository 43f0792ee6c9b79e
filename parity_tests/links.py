"""A folder of HTML, served over http and followed link by link: each has to answer, each anchor has to be there.

No page may load anything from another host. A link that a reader may click is another matter: its host is listed.
"""

from __future__ import annotations

import functools
import http.server
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

LOADS = frozenset({"src", "srcset", "poster", "data", "action"})
"""Attributes that make a browser ask for something; `href` does in <link> and in SVG, and not in <a>."""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server that writes no log."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which a folder is served, on a free port, until the block ends."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


class Reading(HTMLParser):
    """What a page has in it: anchors, what it loads, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.feed(text)
        self.loads += re.findall(
            r"url\(\s*['\"]?([^'\")]+)", " ".join(re.findall(r"<style.*?</style>", text, re.DOTALL))
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note ids, loads and links."""
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            elif tag == "a" and name == "href":
                self.leads.append(value)
            elif name in LOADS or name in {"href", "xlink:href"}:
                self.loads.append(value.partition(" ")[0] if name == "srcset" else value)


class Site:
    """A served site; `problems` are what is wrong with it, `hosts` the other hosts that its links lead to."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.problems: list[str] = []
        self.hosts: set[str] = set()
        self.answers: dict[str, Reading | None] = {}

    def ask(self, address: str, asker: str) -> Reading | None:
        """The page at an address, None for what is no page; a problem where it does not answer 200."""
        if address in self.answers:
            return self.answers[address]
        self.answers[address] = None
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                kind = answer.headers.get_content_type()
                text = answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            error.close()
            self.problems.append(f"{asker}: {address} answers {error.code}")
            return None
        if kind == "text/html":
            self.answers[address] = Reading(text)
        elif kind == "text/css":
            for found in re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")\s]+)", text):
                self.load(address, found)
        return self.answers[address]

    def load(self, asker: str, target: str) -> None:
        """Something that a browser asks for by itself: of this site only."""
        if target.startswith(("data:", "#")):
            return
        address = urljoin(asker, target)
        if address.startswith(self.base):
            self.ask(urldefrag(address).url, asker)
        else:
            self.problems.append(f"{asker}: loads {address} from another host")

    def follow(self, start: str) -> None:
        """Go from one page to all that it leads to."""
        waiting, seen = [urljoin(self.base, start)], set()
        while waiting:
            asker = waiting.pop()
            if asker in seen:
                continue
            seen.add(asker)
            page = self.ask(asker, asker)
            if page is None:
                continue
            for target in page.loads:
                self.load(asker, target)
            for target in page.leads:
                address, anchor = urldefrag(urljoin(asker, target))
                if not address.startswith(self.base):
                    self.hosts.add(urlsplit(address).hostname or address)
                    continue
                there = self.ask(address, asker)
                if there is not None:
                    waiting.append(address)
                    if anchor and unquote(anchor) not in there.anchors:
                        self.problems.append(f"{asker}: {target} leads to no anchor")

    def pages(self) -> set[str]:
        """The paths of the pages that were reached."""
        return {address.removeprefix(self.base) for address, page in self.answers.items() if page is not None}
