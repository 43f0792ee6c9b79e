"""Programs as JSON and back, bit-exactly.

Each argument is an object with one key, its tag; numbers that JSON can't hold (NaN, inf, -0.0, int64) are strings.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.in_place import legal, positions
from paragrad.fuzz.program import (
    Apply,
    Array,
    Backward,
    Dtype,
    Grad,
    Input,
    Optimizer,
    OptimizerStep,
    Program,
    Ref,
    Statement,
    ZeroGrad,
    refs,
)

SCHEMA = "paragrad.program/1"
DTYPES = ("bool", "int64", "float32", "float64")
NAMES = {np.dtype(name).char: name for name in DTYPES}
"""The names by character: NumPy makes a dtype's name anew each time."""


class ProgramError(ValueError):
    """A text that is no valid Program; the message says where and why."""


def _number(value: float) -> Any:
    return value if value - value == 0 and (value or math.copysign(1, value) > 0) else repr(value)


def _encode(argument: Any) -> Any:
    kind = type(argument)
    if kind is Ref:  # the usual case
        return {"ref": argument.index}
    if kind is float:
        return {"float": _number(argument)}
    match argument:
        case Dtype(name):
            return {"dtype": name}
        case None:
            return {"none": None}
        case bool():
            return {"bool": argument}
        case int():
            return {"int": str(argument)}
        case float():
            return {"float": _number(argument)}
        case str():
            return {"str": argument}
        case tuple():
            return {"tuple": [_encode(part) for part in argument]}
        case slice():
            return {"slice": [_encode(part) for part in (argument.start, argument.stop, argument.step)]}
    if argument is Ellipsis:
        return {"ellipsis": None}
    raise ProgramError(f"an argument of type {type(argument).__name__} can't be written: {argument!r}")


def _decode(data: Any) -> Any:
    if not isinstance(data, dict) or len(data) != 1:
        raise ProgramError(f"an argument must be an object with one tag, got {data!r}")
    ((tag, value),) = data.items()
    match tag:
        case "ref":
            return Ref(int(value))
        case "dtype":
            return Dtype(_dtype(value))
        case "none":
            return None
        case "bool":
            return bool(value)
        case "int":
            return int(value)
        case "float":
            return float(value)
        case "str":
            return str(value)
        case "tuple":
            return tuple(_decode(part) for part in value)
        case "slice":
            return slice(*(_decode(part) for part in value))
        case "ellipsis":
            return Ellipsis
    raise ProgramError(f"unknown tag {tag!r} of an argument")


def _dtype(name: Any) -> str:
    if name not in DTYPES:
        raise ProgramError(f"unknown dtype {name!r}; known: {', '.join(DTYPES)}")
    return str(name)


def encode_array(storage: Array) -> list[Any]:
    """The elements of a 1-d array."""
    elements: list[Any] = storage.tolist()
    match storage.dtype.kind:
        case "f":
            return [_number(x) for x in elements]
        case "i":
            return [str(x) for x in elements]
    return elements


def decode_array(data: list[Any], dtype: str) -> Array:
    """The 1-d array that `encode_array` wrote."""
    convert: Any = {"f": float, "i": int, "b": bool}[np.dtype(dtype).kind]
    return np.array([convert(x) for x in data], dtype=dtype)


def to_json(program: Program) -> dict[str, Any]:
    """The program as JSON data."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "inputs": [
            {
                "name": i.name,
                "dtype": NAMES[i.storage.dtype.char],
                "shape": list(i.shape),
                "strides": None if i.strides is None else list(i.strides),
                "offset": i.offset,
                "requires_grad": i.requires_grad,
                "storage": encode_array(i.storage),
            }
            for i in program.inputs
        ],
        "statements": [_statement(s) for s in program.statements],
    }
    if (optimizer := program.optimizer) is not None:
        document["optimizer"] = {
            "name": optimizer.name,
            "parameters": list(optimizer.parameters),
            "options": {k: _encode(v) for k, v in optimizer.options.items()},
        }
    return document


def _statement(statement: Statement) -> dict[str, Any]:
    if type(statement) is Apply and not statement.kwargs and not statement.in_place:  # the usual case
        given = [_encode(a) for a in statement.args]
        return {"op": statement.op, "args": given, "kwargs": {}, "outputs": list(statement.outputs)}
    match statement:
        case Apply(op, args, kwargs, outputs, in_place):
            return {
                "op": op,
                "args": [_encode(a) for a in args],
                "kwargs": {k: _encode(v) for k, v in kwargs.items()},
                "outputs": list(outputs),
                **({"in_place": True} if in_place else {}),
            }
        case Backward(roots, cotangents, retain_graph, create_graph):
            walk = {"retain_graph": retain_graph, "create_graph": create_graph}
            return {"backward": list(roots), "cotangents": list(cotangents), **walk}
        case Grad(roots, cotangents, inputs, outputs):
            return {
                "grad": list(roots),
                "cotangents": list(cotangents),
                "inputs": list(inputs),
                "outputs": list(outputs),
            }
        case ZeroGrad():
            return {"zero_grad": None}
        case OptimizerStep():
            return {"optimizer_step": None}


def from_json(document: Any) -> Program:
    """The program in JSON data. Raises ProgramError, naming the place, for anything else."""
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise ProgramError(f"not a program this version reads: schema is {found!r}, expected {SCHEMA!r}")
    try:
        inputs = [_input(i) for i in document["inputs"]]
        statements = [_read_statement(s) for s in document["statements"]]
        optimizer = None
        if (data := document.get("optimizer")) is not None:
            options = {k: _decode(v) for k, v in data["options"].items()}
            optimizer = Optimizer(data["name"], tuple(data["parameters"]), options)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, ProgramError):
            raise
        what = f"missing {error}" if isinstance(error, KeyError) else str(error)
        raise ProgramError(f"a broken program: {what}") from error
    program = Program(inputs, statements, optimizer)
    check(program)
    return program


def _input(data: dict[str, Any]) -> Input:
    strides = None if data["strides"] is None else tuple(data["strides"])
    storage = decode_array(data["storage"], _dtype(data["dtype"]))
    made = Input(data["name"], storage, tuple(data["shape"]), bool(data["requires_grad"]), strides, data["offset"])
    size = math.prod(made.shape)
    if strides is None and size != storage.size:
        raise ProgramError(f"input {made.name}: shape {made.shape} needs {size} elements, got {storage.size}")
    if strides is not None and size:
        steps = [s * (n - 1) for s, n in zip(strides, made.shape, strict=True)]
        low = made.offset + sum(s for s in steps if s < 0)
        high = made.offset + sum(s for s in steps if s > 0)
        if low < 0 or high >= storage.size:
            raise ProgramError(f"input {made.name}: its view reaches outside its {storage.size} elements")
    return made


def _read_statement(data: dict[str, Any]) -> Statement:
    if "op" in data:
        args = tuple(_decode(a) for a in data["args"])
        kwargs = {k: _decode(v) for k, v in data["kwargs"].items()}
        return Apply(data["op"], args, kwargs, tuple(data["outputs"]), bool(data.get("in_place", False)))
    if "backward" in data:
        walk = (bool(data["retain_graph"]), bool(data["create_graph"]))
        return Backward(tuple(data["backward"]), tuple(data["cotangents"]), *walk)
    if "grad" in data:
        return Grad(tuple(data["grad"]), tuple(data["cotangents"]), tuple(data["inputs"]), tuple(data["outputs"]))
    if "zero_grad" in data:
        return ZeroGrad()
    if "optimizer_step" in data:
        return OptimizerStep()
    raise ProgramError(f"unknown statement with keys {', '.join(sorted(data))}")


def check(program: Program) -> None:
    """Raise ProgramError where a statement uses an unknown op or a variable that does not exist yet."""
    if (placed := positions(program)) and (wrong := set(placed) - legal(len(program.inputs), program.statements)):
        raise ProgramError(f"statement {min(wrong)}: in place, but its left operand is a leaf or is used elsewhere")
    known = len(program.inputs)
    for position, statement in enumerate(program.statements):
        where = f"statement {position}"
        used: list[int] = []
        match statement:
            case Apply():
                if statement.op not in TABLE:
                    raise ProgramError(f"{where}: unknown op {statement.op!r}")
                used = [*refs(statement.args), *refs(statement.kwargs)]
            case Backward() | Grad():
                used = [*statement.roots, *(c for c in statement.cotangents if c is not None)]
                if len(statement.roots) != len(statement.cotangents):
                    raise ProgramError(f"{where}: {len(statement.roots)} roots, {len(statement.cotangents)} cotangents")
                if isinstance(statement, Grad):
                    used.extend(statement.inputs)
            case OptimizerStep():
                if program.optimizer is None:
                    raise ProgramError(f"{where}: an optimizer step in a program without an optimizer")
        for variable in used:
            if not 0 <= variable < known:
                raise ProgramError(f"{where}: variable {variable} does not exist there")
        if isinstance(statement, Apply | Grad):
            if statement.outputs != tuple(range(known, known + len(statement.outputs))):
                raise ProgramError(f"{where}: its outputs must be numbered from {known}")
            known += len(statement.outputs)


def dumps(program: Program) -> str:
    """Canonical JSON text of a program."""
    return json.dumps(to_json(program), sort_keys=True, separators=(",", ":"), allow_nan=False)


def loads(text: str) -> Program:
    """The program in a JSON text. Raises ProgramError."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ProgramError(f"not JSON: {error}") from error
    return from_json(document)
