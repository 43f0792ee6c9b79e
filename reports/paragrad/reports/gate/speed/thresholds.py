"""How much slower is too slow, by benchmark: `reports/baseline/speed-thresholds.json`.

{"schema": "paragrad.speed-thresholds/1", "default": 1.03, "benchmarks": {"conv2d": {"threshold": 1.05, "reason": "…"}}}
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from paragrad.reports.gate.speed.errors import GateError
from paragrad.reports.shape import problems

SCHEMA = "paragrad.speed-thresholds/1"
PLACE = Path("reports/baseline/speed-thresholds.json")
"""In the working tree."""
MOST = 2.0
"""A threshold above would let a benchmark take twice its time."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; of a name that is there twice one would be lost without a word."""
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name!r} is there twice")
    return dict(pairs)


class Own(TypedDict):
    """A benchmark's own threshold, and why it has one."""

    threshold: float
    reason: str


class Document(TypedDict):
    """The file."""

    schema: str
    default: float
    benchmarks: dict[str, Own]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Ratios, working tree ÷ base, beyond which a benchmark is slower."""

    default: float
    own: dict[str, float]

    def of(self, name: str) -> float:
        """A benchmark's."""
        return self.own.get(name, self.default)


def read(path: Path, known: Collection[str]) -> Thresholds:
    """The thresholds in a file. Raises GateError, one line, for a file that can't be read or names no benchmark."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
    except OSError as error:
        raise GateError(f"{path}: can't be read ({error.strerror}); `git checkout -- {path}` brings it back") from error
    except (ValueError, RecursionError) as error:
        raise GateError(f"{path}: is no JSON ({error}); mend it there") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise GateError(f"{path}: schema is {schema!r}, expected {SCHEMA!r}")
    if wrong := list(problems(document, Document)):
        raise GateError(f"{path}: {wrong[0]}; mend it there")
    checked: Document = document
    own = {name: float(entry["threshold"]) for name, entry in checked["benchmarks"].items()}
    for name, threshold in [("default", checked["default"]), *own.items()]:
        if not 1.0 < threshold <= MOST:
            raise GateError(f"{path}: the threshold of {name} is {threshold:g}, expected a ratio in (1, {MOST:g}]")
    for name, entry in checked["benchmarks"].items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            told = f"did you mean {near[0]}?" if near else "remove it"
            raise GateError(f"{path}: there is no benchmark {name}; {told}")
        if not entry["reason"].strip():
            raise GateError(f"{path}: the reason of {name} is empty; say why it has a threshold of its own")
    return Thresholds(float(checked["default"]), own)
