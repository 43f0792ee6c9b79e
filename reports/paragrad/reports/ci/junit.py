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
LEAST = 400
"""Characters that each text may have, however many there are."""
ROOM = 4_000_000
"""Characters of the texts of all cases of a document."""
MOST = 2_000
"""Cases of a document that are shown."""


def junit(documents: Sequence[Document]) -> str:
    """The cases of all documents."""
    root = ElementTree.Element("testsuites", name="paragrad")
    total: Counter[str] = Counter()
    for document in documents:
        found = bounded(cases(document))
        suite = ElementTree.SubElement(
            root, "testsuite", {"name": clipped(xml_plain(_name(document))), **_counts(found)}
        )
        suite.set("time", f"{_seconds(document):.3f}")
        if document.record is not None:
            suite.set("timestamp", xml_plain(document.record["created"].partition("+")[0]))
        most = min(LONGEST, max(LEAST, ROOM // max(1, len(found))))
        for case in found:
            _add(suite, case, most)
        total.update({key: int(value) for key, value in _counts(found).items()})
    for key, value in total.items():
        root.set(key, str(value))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def bounded(found: list[Case]) -> list[Case]:
    """The cases, of very many the failed ones first, and the last of them counts the others."""
    if len(found) <= MOST:
        return found
    first = sorted(found, key=lambda case: case.outcome not in ("failed", "error"))[: MOST - 1]
    rest = len(found) - len(first)
    failed = sum(case.outcome in ("failed", "error") for case in found) - sum(
        case.outcome in ("failed", "error") for case in first
    )
    told = f"and {rest} cases more, {failed} of them failed: the record has them all"
    return [*first, Case(found[0].group, told, "failed" if failed else "skipped", told, told)]


def _name(document: Document) -> str:
    return f"paragrad {document.kind}" + (f": {document.body.get('engine', '')}" if document.kind == "check" else "")


def _seconds(document: Document) -> float:
    """How long it took, as far as the document says."""
    if document.kind == "check":
        return float(document.body["seconds"]["total"]) if "seconds" in document.body else 0.0
    return float(document.body.get("elapsed", 0.0))


def _counts(found: Sequence[Case]) -> dict[str, str]:
    outcomes = Counter(case.outcome for case in found)
    return {
        "tests": str(len(found)),
        "failures": str(outcomes["failed"]),
        "errors": str(outcomes["error"]),
        "skipped": str(outcomes["skipped"]),
    }


def _add(suite: ElementTree.Element, case: Case, most: int) -> None:
    about = {
        "classname": f"paragrad.{clipped(xml_plain(case.group))}",
        "name": clipped(xml_plain(case.name)),
        "time": "0",
    }
    element = ElementTree.SubElement(suite, "testcase", about)
    message = clipped(xml_plain(plain(case.message)))
    if case.outcome == "skipped":
        ElementTree.SubElement(element, "skipped", message=message)
    elif case.outcome in ("failed", "error"):
        tag = "failure" if case.outcome == "failed" else "error"
        told = ElementTree.SubElement(element, tag, message=message, type=about["classname"].removeprefix("paragrad."))
        told.text = clipped(xml_plain(case.text), most)
