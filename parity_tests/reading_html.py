"""What a test wants to know of an HTML page, and what is wrong with it, read by Python's own parser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "img", "hr"}
DATA = "application/json"


@dataclass
class Reading(HTMLParser):
    """Elements, ids, links and scripts of a page; `problems` has a line for each thing that must not be."""

    text: str
    ids: list[str] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    policy: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.into: list[str] | None = None
        self.feed(self.text)
        self.close()
        self.problems += [f"<{name}> is never closed" for name in self.open]
        self._whole()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append((tag, found))
        if len(found) != len(attrs):
            self.problems.append(f"<{tag}> has an attribute twice")
        self.problems += [f"<{tag}> has {name}" for name in found if name.startswith("on") or name == "style"]
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "meta" and found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]
        for name in ("src", "href", "xlink:href", "action", "srcset", "data", "poster"):
            if name in found:
                self._lead(tag, name, found[name])
        if "data-to" in found:
            self.anchors.append(found["data-to"])
        if tag == "script":
            self.into = self.data if found.get("type") == DATA else self.scripts
            self.into.append("")
        elif tag == "style":
            self.into = self.styles
            self.into.append("")
        if tag in {"iframe", "object", "embed", "base", "form"}:
            self.problems.append(f"<{tag}>")
        if tag not in VOID:
            self.open.append(tag)

    def _lead(self, tag: str, name: str, where: str) -> None:
        if where.startswith("#"):
            self.anchors.append(where[1:])
        elif where != "data:,":
            self.problems.append(f"<{tag} {name}={where!r}> leads outside")

    def handle_endtag(self, tag: str) -> None:
        self.into = None
        if not self.open or self.open[-1] != tag:
            self.problems.append(f"</{tag}> closes {self.open[-1:] or 'nothing'}, line {self.getpos()[0]}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.into is not None:
            self.into[-1] += data
        else:
            self.words.append(data)
            if "<script" in self.text and not self.open and data.strip():
                self.problems.append(f"text outside of everything: {data[:40]!r}")

    def handle_comment(self, data: str) -> None:
        self.problems.append(f"a comment: {data[:40]!r}")

    def _whole(self) -> None:
        for text in self.data:  # rows that the script makes have their anchors there
            self.ids += json.loads(text).get("ids", [])
        twice = {name for name in self.ids if self.ids.count(name) > 1} if len(set(self.ids)) < len(self.ids) else set()
        self.problems += [f"id {name!r} is there twice" for name in sorted(twice)]
        self.problems += [
            f"id {name!r} is no name of ours" for name in self.ids if not re.fullmatch(r"[a-z0-9-]+", name)
        ]
        self.problems += [f"#{name} leads nowhere" for name in sorted(set(self.anchors) - set(self.ids))]
        for kind, sources in (("script", self.scripts), ("style", self.styles)):
            for source in sources:
                digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
                if f"{kind}-src 'sha256-{digest}'" not in self.policy:
                    self.problems.append(f"a {kind} that the policy does not allow: {source[:40]!r}")
        if len(self.scripts) != 1:
            self.problems.append(f"{len(self.scripts)} scripts run, and one is ours")
        if not self.policy.startswith("default-src 'none'; "):
            self.problems.append(f"the policy allows the network: {self.policy!r}")
