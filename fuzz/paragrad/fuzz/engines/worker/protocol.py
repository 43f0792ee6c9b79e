"""The messages between parent and child, version 1: JSON lines. `docs/protocol.md` describes them for other languages.

What a child answers is checked here, for it may be anything: an AnswerError names the place, and becomes a failure of
the program that it was the answer to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from paragrad.fuzz.encoding import to_json
from paragrad.fuzz.engines.worker.errors import AnswerError, SubjectError
from paragrad.fuzz.program import Array, Backward, OptimizerStep, Program
from paragrad.fuzz.trace import Failure, Trace

VERSION = 1
MOST_SHOWN = 200
"""Characters of what a child sent that an error repeats."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the subject is: a file or a module, its class where one is named, the folder its imports start from.

    `names` maps ops of the table to the subject's methods; an import may take `seconds`.
    """

    path: Path | None = None
    module: str | None = None
    class_name: str | None = None
    root: Path | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 3.0

    def message(self, definitions: bool) -> dict[str, Any]:
        """As `hello` carries it. With `definitions`, the child must not run the module, only take what it defines."""
        return {
            "path": None if self.path is None else str(self.path),
            "module": self.module,
            "class": self.class_name,
            "root": None if self.root is None else str(self.root),
            "map": dict(self.names),
            "seconds": 0.0 if definitions else self.seconds,
            "definitions": definitions,
        }


@dataclass(frozen=True, slots=True)
class Spelling:
    """How the subject writes an op, and on which sides it takes Python numbers (left, right, both, none).

    `arguments` says how torch's further arguments are told, `module` where a function is to be imported from.
    """

    spelled: str
    arity: int | None = None
    numbers: str = "none"
    tried: Mapping[str, str] = field(default_factory=dict)
    """What its value was found to be, "right" or what is wrong, by form: a letter an operand, n for a number."""
    also: tuple[str, ...] = ()
    """Other spellings of the same, which are not tried."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    module: str | None = None


@dataclass(frozen=True, slots=True)
class Hello:
    """What a child told about its subject. `probe` holds (what, found) pairs, `notes` what it had to do about it.

    `spelling` says how the subject is loaded and used, as Python (docs/protocol.md); it may be empty.
    `in_place` are the ops whose operator in place the subject defines itself, `backwards` all names that look like a
    backward; `import_failure` is how the import ended, where definitions were loaded instead, with the line of the
    subject's file or None; `missing` are the notes on what was left out for want of a module. `cotangents` and
    `several_roots` are false where a backward can't be given any, or can start from one root only.
    """

    engine: str
    kind: str
    requires_grad: bool
    ops: Mapping[str, Spelling]
    unmatched: tuple[str, ...]
    probe: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    in_place: tuple[str, ...] = ()
    backwards: tuple[str, ...] = ()
    import_failure: ImportFailure | None = None
    missing: tuple[str, ...] = ()
    spelling: Mapping[str, Any] = field(default_factory=dict)
    cotangents: bool = True
    several_roots: bool = True


@dataclass(frozen=True, slots=True)
class ImportFailure:
    """The exception that ended an import, and its line in the subject's file where that is known."""

    type: str
    message: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What the subject shows in the place of numbers, in its own words; the judge tells it."""

    text: str

    def __repr__(self) -> str:
        return self.text


def request(number: int, nonce: str, method: str, **rest: Any) -> bytes:
    """A request as one line."""
    return json.dumps({"id": number, "nonce": nonce, "method": method, **rest}, separators=(",", ":")).encode()


def run_request(number: int, nonce: str, programs: Sequence[Program], progress: bool) -> bytes:
    """The request to run some programs; with `progress` the child says before each statement that it got there."""
    extra = {"progress": True} if progress else {}
    return request(number, nonce, "run", programs=[to_json(p) for p in programs], **extra)


def read(line: bytes) -> dict[str, Any] | None:
    """The object in a line, None where there is none."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def read_hello(answer: dict[str, Any]) -> Hello:
    """What hello told. Raises SubjectError where it is an error, another version, or not understood."""
    if (error := answer.get("error")) is not None:
        told = error if isinstance(error, dict) else {"message": str(error)}
        raise SubjectError(str(told.get("kind", "subject")), str(told.get("message", "the subject can't be loaded")))
    try:
        result = _object(answer.get("result"), "result")
        if result.get("protocol") != VERSION:
            raise AnswerError(f"it speaks protocol {result.get('protocol')!r}, and this paragrad speaks {VERSION}")
        kind = result.get("kind")
        if kind not in ("scalar", "tensor"):
            raise AnswerError(f'kind is {_short(kind)}, expected "scalar" or "tensor"')
        return Hello(
            engine=str(result.get("engine", "an engine without a name")),
            kind=kind,
            requires_grad=bool(result.get("requires_grad", False)),
            ops=_spellings(result.get("ops")),
            unmatched=_texts(result, "unmatched"),
            probe=tuple(
                (str(row.get("what")), str(row.get("found")))
                for row in (_object(row, "probe") for row in _list(result.get("probe", []), "probe"))
            ),
            spelling=_object(result.get("spelling", {}), "spelling"),
            notes=_texts(result, "notes"),
            in_place=_texts(result, "in_place"),
            backwards=_texts(result, "backwards"),
            missing=_texts(result, "missing"),
            import_failure=_import_failure(result.get("import_failure")),
            cotangents=result.get("cotangents") is not False,
            several_roots=result.get("several_roots") is not False,
        )
    except AnswerError as error:
        raise SubjectError("protocol", f"the answer to hello is not what the protocol says: {error}") from error


def _spellings(ops: Any) -> dict[str, Spelling]:
    if isinstance(ops, list):  # of names alone
        return {str(name): Spelling(str(name)) for name in ops}
    found = {}
    for name, told in _object(ops, "ops").items():
        told = _object(told, f"ops: {name}")
        arity, module = told.get("arity"), told.get("module")
        found[name] = Spelling(
            str(told.get("spelled", name)),
            arity if isinstance(arity, int) else None,
            str(told.get("numbers", "none")),
            tried={form: str(word) for form, word in _object(told.get("tried", {}), f"ops: {name}: tried").items()},
            also=_texts(told, "also"),
            arguments=_object(told.get("arguments", {}), f"ops: {name}: arguments"),
            module=None if module is None else str(module),
        )
    return found


def _import_failure(data: Any) -> ImportFailure | None:
    if data is None:
        return None
    data = _object(data, "import_failure")
    return ImportFailure(str(data.get("type")), str(data.get("message")), data.get("line"))


def _texts(data: dict[str, Any], key: str) -> tuple[str, ...]:
    return tuple(str(text) for text in _list(data.get(key, []), key))


def read_trace(data: Any, program: Program) -> Trace:
    """The Trace in an answer to `program`. Raises AnswerError, naming the place.

    Indices and masks are taken as they were given: how an engine keeps them is its own affair.
    """
    data = _object(data, "trace")
    trace = Trace(values=_arrays(data.get("values"), "values"), failure=_failure(data.get("failure")))
    statements = program.statements
    for index, spec in enumerate(program.inputs):
        if spec.dtype.kind != "f" and isinstance(trace.values.get(index), np.ndarray):
            trace.values[index] = spec.array()
    for at, shown in _object(data.get("gradients", {}), "gradients").items():
        if isinstance(statements[(position := _position(at, len(statements), "gradients"))], Backward):
            trace.gradients[position] = _arrays(shown, f"gradients after statement {at}")
    for at, shown in _object(data.get("parameters", {}), "parameters").items():
        if isinstance(statements[(position := _position(at, len(statements), "parameters"))], OptimizerStep):
            trace.parameters[position] = _arrays(shown, f"parameters after statement {at}")
    inputs = _arrays(data.get("inputs_after", {}), "inputs_after")
    trace.inputs_after = {k: array for k, array in inputs.items() if isinstance(array, np.ndarray)}
    return trace


def _failure(data: Any) -> Failure | None:
    if data is None:
        return None
    data = _object(data, "failure")
    statement = data.get("statement")
    if not isinstance(statement, int):
        raise AnswerError(f"failure: statement is {_short(statement)}, expected a whole number")
    return Failure(statement, str(data.get("type")), str(data.get("message")), str(data.get("where") or ""))


def _position(text: str, count: int, where: str) -> int:
    position = _variable(text, where)
    if not 0 <= position < count:
        raise AnswerError(f"{where}: statement {position}, but the program has {count}")
    return position


def _variable(text: str, where: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise AnswerError(f"{where}: {_short(text)} is no number of a variable or statement") from None


def _arrays(data: Any, where: str) -> dict[int, Any]:
    """Arrays by variable; None and what is unreadable stay what they are."""
    return {_variable(k, where): read_array(part, where, k) for k, part in _object(data, where).items()}


def read_array(data: Any, where: str, variable: str) -> Array | Unreadable | None:
    """{"dtype", "shape", "data"}, or a number alone for a float64 of shape (). Raises AnswerError, naming the place."""
    kind = type(data)
    if kind is float:
        return np.array(data)
    if data is None:
        return None
    try:
        if kind is int or kind is str:
            return np.array(float(data))
        dtype, shape, numbers = data["dtype"], data["shape"], data["data"]
        if dtype == "float64":
            return np.array([float(x) for x in numbers]).reshape(_shape(shape))
        return _other(np.dtype(dtype), numbers).reshape(_shape(shape))
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        if isinstance(data, dict) and "unreadable" in data:
            return Unreadable(str(data["unreadable"]))
        raise AnswerError(f"{where}: variable {variable} is {_short(data)}, which is no array ({error})") from None


def _other(dtype: np.dtype[Any], numbers: Any) -> Array:
    convert: Any = {"f": float, "i": int, "u": int, "b": bool, "c": complex}.get(dtype.kind)
    if convert is None:
        raise ValueError(f"no numbers have dtype {dtype}")
    return np.array([convert(x) for x in numbers], dtype=dtype)


def _shape(shape: Any) -> tuple[int, ...]:
    lengths = tuple(shape)
    if not all(type(length) is int and length >= 0 for length in lengths):  # a -1 would be filled in by NumPy
        raise ValueError(f"no shape: {shape}")
    return lengths


def _object(data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise AnswerError(f"{where} is {_short(data)}, expected an object")
    return data


def _list(data: Any, where: str) -> list[Any]:
    if not isinstance(data, list):
        raise AnswerError(f"{where} is {_short(data)}, expected a list")
    return data


def _short(data: Any) -> str:
    text = repr(data) if isinstance(data, str) else json.dumps(data, default=repr)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."
