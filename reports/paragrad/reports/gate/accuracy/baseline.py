"""The baseline as a file: JSON with one row a line, in order, so that its diff is the list of what was accepted."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypedDict

from paragrad.reports import strict
from paragrad.reports.gate.accuracy.rows import KEYS, Place, Rows, key, select
from paragrad.reports.shape import problems

SCHEMA = "paragrad.accuracy-baseline/3"
MAY_BE_EMPTY = "exclusion"
"""The kind of rows of which none is what everybody wants."""
DEFAULT = Path("reports") / "baseline" / "accuracy.json"


class Baseline(TypedDict):
    """What was measured where."""

    schema: str
    place: Place
    rows: Rows


class BaselineError(ValueError):
    """A baseline that can't be used; the message names the file, what is wrong, and what to do."""


def read(path: Path) -> Baseline:
    """The baseline in a file. Raises BaselineError."""
    mend = f"restore it (`git checkout {path}`), or make it anew: remove it and `paragrad gate --accept`"
    try:
        document: Any = strict.loads(strict.text_of(path))
    except FileNotFoundError as error:
        told = f"{path}: there is no such baseline; run it in the checkout, or make it with `paragrad gate --accept`"
        raise BaselineError(told) from error
    except OSError as error:
        told = "a folder, name a file in it" if path.is_dir() else f"{error.strerror}, mend its permissions"
        raise BaselineError(f"{path}: can't be read as a baseline ({told})") from error
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"{path}: can't be read as JSON ({error}); {mend}") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise BaselineError(f"{path}: {_of_another(schema)}; {mend}")
    found = list(problems(document, Baseline)) or list(_within(document))
    if found:
        raise BaselineError(f"{path}: {found[0]}; it is partial or was edited: {mend}")
    baseline: Baseline = document
    return baseline


def _of_another(schema: Any) -> str:
    """What a schema that is not ours says."""
    name, _, ours = SCHEMA.rpartition("/")
    version = re.fullmatch(rf"{re.escape(name)}/(\d+)", schema) if isinstance(schema, str) else None
    if version and int(version[1]) > int(ours):
        return f"was written in the newer schema {schema!r}, this paragrad reads {SCHEMA!r}: update paragrad"
    return f"its schema is {schema!r}, and this paragrad reads {SCHEMA!r}"


def _within(document: Baseline) -> Iterator[str]:
    """One line for each table without rows, each row that is there twice, each answer that is none, and each number
    that no error can be."""
    for kind in KEYS:
        seen = set()
        table: list[Any] = document["rows"][kind]
        if not table and kind != MAY_BE_EMPTY:
            yield f"rows.{kind} is empty, and nothing of this kind would be held"
        for row in table:
            if (name := key(kind, row)) in seen:
                yield f"rows.{kind}: {' '.join(name)} is there twice"
            seen.add(name)
    for row in document["rows"]["convention"]:
        if not row["answer"].keys() & {"values", "refused"}:
            yield f"rows.convention: {row['point']} in {row['dtype']} has no answer"
    for errors in document["rows"]["ulp"]:
        for field, number in errors.items():
            if isinstance(number, int | float) and number < 0:
                yield f"rows.ulp: {' '.join(key('ulp', errors))}: {field} is {number}, expected a number ≥ 0"


def dumps(baseline: Baseline) -> str:
    """JSON, one row a line, in order."""
    rows = select(baseline["rows"], lambda row: True)
    tables = []
    for kind in KEYS:
        table: list[Any] = rows[kind]
        lines = [f"   {json.dumps(row, ensure_ascii=False, allow_nan=False)}" for row in table]
        tables.append(f'  "{kind}": [' + ("\n" + ",\n".join(lines) + "\n  " if lines else "") + "]")
    place = ",\n".join(f"  {json.dumps(name)}: {json.dumps(fact)}" for name, fact in baseline["place"].items())
    head = f'{{\n "schema": "{SCHEMA}",\n "place": {{\n{place}\n }},\n "rows": {{\n'
    return head + ",\n".join(tables) + "\n }\n}\n"


def write(baseline: Baseline, path: Path) -> None:
    """Write it whole or not at all."""
    text = dumps(baseline)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    new = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.chmod(0o644)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def merged(before: Baseline, now: Rows, only: Sequence[str]) -> Baseline:
    """The baseline with the rows of these ops replaced."""
    kept = select(before["rows"], lambda row: row["op"] not in only)
    both: Any = {kind: [*kept[kind], *now[kind]] for kind in KEYS}
    return {"schema": SCHEMA, "place": before["place"], "rows": both}
