"""The committed answers of torch, one file a minor version, and what the installed torch does otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch

from paragrad.engine.dtypes import as_dtype
from paragrad.fuzz.judge.agreement import compare
from paragrad.fuzz.judge.conventions.probe import DTYPES, Answer, Numbers, Part, probe

SCHEMA = "paragrad.conventions/1"
FOLDER = Path(__file__).parent
WRITE = "run `paragrad conventions --write`"

Answers: TypeAlias = "dict[str, dict[str, Answer]]"
"""By dtype, then by point."""


class ConventionsError(ValueError):
    """A table that can't be used; the message names the file, what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Table:
    """What the torch of this version does at each point."""

    version: str
    answers: Answers

    def dumps(self) -> str:
        """JSON with one line an answer, so that a diff shows what moved."""
        dtypes = []
        for dtype, answers in self.answers.items():
            lines = [f"  {json.dumps(point)}: {json.dumps(given, allow_nan=False)}" for point, given in answers.items()]
            dtypes.append(f' "{dtype}": {{\n' + ",\n".join(lines) + "\n }")
        head = f'{{\n "schema": "{SCHEMA}",\n "torch": {json.dumps(self.version)},\n'
        return head + ",\n".join(dtypes) + "\n}\n"


@dataclass(frozen=True, slots=True)
class Moved:
    """One point at which an answer is not the expected one; None where one of the two has no such point."""

    point: str
    dtype: str
    expected: Answer | None
    found: Answer | None

    def __str__(self) -> str:
        """As `clamp([1], max=1) in float32: gradient of input 1 -> 0`."""
        return f"{self.point} in {self.dtype}: {'; '.join(self._changes())}"

    def _changes(self) -> Iterator[str]:
        if self.expected is None or self.found is None:
            yield f"the table lacks it; {WRITE}" if self.expected is None else f"is asked no more; {WRITE}"
            return
        before, after = parts(self.expected), parts(self.found)
        for name in [*before, *(n for n in after if n not in before)]:
            if not same(before.get(name), after.get(name), self.dtype):
                yield f"{name} {told(before.get(name))} -> {told(after.get(name))}"


def minor(version: str) -> str:
    """2.13 of 2.13.0+cpu. Raises ConventionsError for what is no version."""
    found = re.match(r"\d+\.\d+", version)
    if found is None:
        raise ConventionsError(f"{version!r} is no version of torch: write it as 2.13.0")
    return found[0]


def path_of(version: str, folder: Path = FOLDER) -> Path:
    """Where the table of a version lies."""
    return folder / f"torch-{minor(version)}.json"


def load(version: str, folder: Path = FOLDER) -> Table | None:
    """The committed table of a version of torch, None where there is none. Raises ConventionsError."""
    path = path_of(version, folder)
    if not path.is_file():
        return None
    mend = "restore the file, or delete it and " + WRITE
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConventionsError(f"{path}: can't be read ({error}); {mend}") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise ConventionsError(
            f"{path}: schema {schema!r} is not {SCHEMA!r}; use the paragrad that wrote it, or {mend}"
        )
    if not all(_answers(document.get(dtype)) for dtype in DTYPES) or not isinstance(document.get("torch"), str):
        raise ConventionsError(f"{path}: is partial or was edited; {mend}")
    if path_of(document["torch"], folder) != path:
        raise ConventionsError(f"{path}: is of torch {document['torch']}, which its name denies; {mend}")
    return Table(document["torch"], {dtype: document[dtype] for dtype in DTYPES})


def _answers(data: Any) -> bool:
    """Whether JSON data are answers by point."""
    if not isinstance(data, dict):
        return False
    return all(isinstance(given, dict) and ("refused" in given or "values" in given) for given in data.values())


def nearest(version: str, folder: Path = FOLDER) -> Table:
    """The table of a version, or the newest where it has none. Raises ConventionsError where there is none at all."""
    table = load(version, folder)
    if table is not None:
        return table
    known = [path.stem.removeprefix("torch-") for path in folder.glob("torch-*.json")]
    if not known:
        raise ConventionsError(f"{folder} holds no table of torch's conventions; {WRITE}")
    newest = load(max(known, key=lambda text: [int(n) for n in minor(text).split(".")]), folder)
    assert newest is not None
    return newest


def measure() -> Table:
    """What the installed torch does at each point. Takes a fifth of a second."""
    return Table(torch.__version__.partition("+")[0], probe())


def write(table: Table, folder: Path = FOLDER) -> Path:
    """Write a table in the place of its version; return where."""
    path = path_of(table.version, folder)
    path.write_text(table.dumps(), encoding="utf-8", newline="\n")
    return path


def moved(version: str = torch.__version__, found: Table | None = None, folder: Path = FOLDER) -> list[Moved]:
    """Where the installed torch (or `found`) differs from the table of `version`, or the newest. Raises
    ConventionsError where there is no table that can be read."""
    expected = nearest(version, folder)
    return differences(expected.answers, (found or measure()).answers)


def differences(expected: Answers, found: Answers) -> list[Moved]:
    """The points at which two sets of answers differ; points in one of the two only are among them."""
    result = []
    for dtype in DTYPES:
        old, new = expected[dtype], found[dtype]
        for point in [*new, *(p for p in old if p not in new)]:
            a, b = old.get(point), new.get(point)
            if a is None or b is None or not alike(a, b, dtype):
                result.append(Moved(point, dtype, a, b))
    return result


def alike(a: Answer, b: Answer, dtype: str) -> bool:
    """Whether two answers agree: classes and whole numbers exactly, floats as near as the judge's first stage asks."""
    before, after = parts(a), parts(b)
    return before.keys() == after.keys() and all(same(before[name], after[name], dtype) for name in before)


def parts(given: Answer) -> dict[str, Any]:
    """The numbers of an answer under the names by which people are told."""
    if "refused" in given:
        return {"refused": given["refused"]}
    values = given["values"]
    found: dict[str, Any] = {f"output {k}" if len(values) > 1 else "value": v for k, v in enumerate(values)}
    return found | {f"gradient of {name}": numbers for name, numbers in given.get("gradients", {}).items()}


def same(expected: Part | str | None, found: Part | str | None, dtype: str) -> bool:
    """Whether a part of an answer is as expected: one of the answers, where torch gives copies of a point several. The
    sign of a zero is no difference."""
    if expected == found:
        return True
    if expected is None or found is None or isinstance(expected, str) or isinstance(found, str):
        return False
    return all(any(_near(one, other, dtype) for other in choices(expected)) for one in choices(found))


def choices(part: Part) -> list[Numbers]:
    """The answers in a part: one, unless copies of a point got several."""
    return [[x] for x in part["either"]] if isinstance(part, dict) else [part]


def _near(a: Numbers, b: Numbers, dtype: str) -> bool:
    if len(a) != len(b):
        return False
    one, other = (np.array([float(x) for x in numbers], as_dtype(dtype)) for numbers in (a, b))
    return not compare([one], [other]).apart


def told(part: Part | str | None) -> str:
    """A part of an answer as people read it."""
    if part is None:
        return "none"
    if isinstance(part, str):
        return part
    return " or ".join(_words(numbers) for numbers in choices(part))


def _words(numbers: Numbers) -> str:
    words = [str(x) if isinstance(x, bool) else f"{float(x):.6g}" for x in numbers]
    return words[0] if len(words) == 1 else f"[{', '.join(words)}]"
