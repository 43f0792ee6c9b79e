"""Links to files of the repository that are pages here: GitHub follows the path, the site its page."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

PAGES = {
    "README.md": "readme",
    "CONTRIBUTING.md": "contributing",
    "CHANGELOG.md": "changelog",
    "examples/my-engine": "howto/gate-my-ci",
}
"""By path from the repository's root, the page that shows it."""


def lead(app: Sphinx, doctree: nodes.document) -> None:
    """Let each such link lead to its page."""
    for link in list(doctree.findall(pending_xref)):
        path = link["reftarget"]
        while path.startswith("../"):
            path = path.removeprefix("../")
        if link["reftype"] == "myst" and path in PAGES:
            link.attributes |= {"refdomain": "std", "reftype": "doc", "reftarget": f"/{PAGES[path]}"}


def setup(app: Sphinx) -> dict[str, Any]:
    """Hook in."""
    app.connect("doctree-read", lead)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
