"""JUnit XML, as CI systems read it: a suite a document, a case each for what passed, failed, or may stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree

from paragrad.reports.ci.cases import Case, cases
from paragrad.reports.ci.plain import clipped, plain, xml_plain
from paragrad.reports.documents import Document

LONGEST = 20_000
"""Characters of the text of one case."""


def junit(documents: Sequence[Document]) -> str:
    """The cases of all documents."""
    root = ElementTree.Element("testsuites", name="paragrad")
    total: Counter[str] = Counter()
    for document in documents:
        found = cases(document)
        suite = ElementTree.SubElement(root, "testsuite", {"name": xml_plain(_name(document)), **_counts(found)})
        suite.set("time", f"{_seconds(document):.3f}")
        if document.record is not None:
            suite.set("timestamp", xml_plain(document.record["created"].partition("+")[0]))
        for case in found:
            _add(suite, case)
        total.update({key: int(value) for key, value in _counts(found).items()})
    for key, value in total.items():
        root.set(key, str(value))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _name(document: Document) -> str:
    return f"paragrad {document.kind}" + (f": {document.body.get('engine', '')}" if document.kind == "check" else "")


def _seconds(document: Document) -> float:
    """How long it took, as far as the document says."""
    if document.kind == "check":
        return float(document.body["seconds"]["total"]) if "seconds" in document.body else 0.0
    return float(document.body["elapsed"])


def _counts(found: Sequence[Case]) -> dict[str, str]:
    outcomes = Counter(case.outcome for case in found)
    return {
        "tests": str(len(found)),
        "failures": str(outcomes["failed"]),
        "errors": str(outcomes["error"]),
        "skipped": str(outcomes["skipped"]),
    }


def _add(suite: ElementTree.Element, case: Case) -> None:
    about = {"classname": f"paragrad.{xml_plain(case.group)}", "name": xml_plain(case.name), "time": "0"}
    element = ElementTree.SubElement(suite, "testcase", about)
    message = clipped(xml_plain(plain(case.message)))
    if case.outcome == "skipped":
        ElementTree.SubElement(element, "skipped", message=message)
    elif case.outcome in ("failed", "error"):
        tag = "failure" if case.outcome == "failed" else "error"
        told = ElementTree.SubElement(element, tag, message=message, type=xml_plain(case.group))
        told.text = clipped(xml_plain(case.text), LONGEST)
