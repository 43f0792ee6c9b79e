"""The graph of a learner's own Value, as micrograd and its kin have it: data, the operands, and the operator's sign.

What the sign leaves open, such as the order of the operands in a set, is settled by the number that came out. Where
that is not enough the graph can't be read, and a line says so.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Collection
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np

from paragrad.fuzz.diffing.written import Unreadable, Written, in_order
from paragrad.fuzz.program import Apply, Backward, Input, Program, Ref

OPERANDS = ("_prev", "_children", "children", "_parents", "parents", "prev", "inputs", "_inputs", "operands")
DATA = ("data", "value", "val", "_data", "x")
SIGNS = ("_op", "op", "_operation")
LABELS = ("label", "name", "_label")
UNARY: dict[str, Callable[[float], float]] = {
    "tanh": math.tanh,
    "exp": math.exp,
    "log": math.log,
    "relu": lambda x: max(x, 0.0),
    "neg": lambda x: -x,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "sin": math.sin,
    "cos": math.cos,
    "sqrt": math.sqrt,
    "abs": abs,
}
BINARY: dict[str, Callable[[float, float], float]] = {
    "add": lambda x, y: x + y,
    "mul": lambda x, y: x * y,
    "sub": lambda x, y: x - y,
    "div": lambda x, y: x / y,
    "pow": lambda x, y: x**y,
    "maximum": max,
    "minimum": min,
}
WORDS = {"+": "add", "*": "mul", "-": "sub", "/": "div", "**": "pow", "^": "pow", "max": "maximum", "min": "minimum"}
POWER = re.compile(r"(?:\*\*|\^|pow)\s*\(?(-?[0-9.e+-]+)\)?$")


def read(root: Any, names: dict[int, str], lines: dict[int, int], path: Path, wrapped: Collection[int] = ()) -> Written:
    """The Program of all that `root` was made of, and the file:Class of its class. Raises Unreadable.

    `wrapped` are the ids of values that the class made itself, of plain numbers.
    """
    kind = type(root)
    if isinstance(root, type):
        raise Unreadable(f"{root.__name__} is a class; name a variable, or a function that returns the result")
    field = next((f for f in OPERANDS if hasattr(root, f)), "")
    data = next((f for f in DATA if isinstance(getattr(root, f, None), int | float | np.number)), "")
    if not field or not data:
        raise Unreadable(
            f"it builds {article(kind.__name__)}, expected a Value or a Tensor of paragrad.engine, an object with data "
            f"and operands ({', '.join(OPERANDS[:3])}, ...) as micrograd's Value has, or a function that returns one"
        )
    order = in_order(root, lambda node: tuple(getattr(node, field)))
    leaves = [node for node in order if not tuple(getattr(node, field))]
    if len(leaves) == len(order):
        raise Unreadable("the result was made of no other value: there is nothing to differentiate")
    numbers = {id(node) for node in leaves if id(node) in wrapped and id(node) not in names}
    leaves = [node for node in leaves if id(node) not in numbers]
    if not leaves:
        raise Unreadable("the result was made of no other value: there is nothing to differentiate")
    number = {id(node): k for k, node in enumerate(leaves)}
    taken: set[str] = set()
    made = Written(Program([]), engine=f"{inspect.getsourcefile(kind) or path}:{kind.__name__}")
    for k, node in enumerate(leaves):
        name = label(node, names, taken) or f"x{k}"
        made.program.inputs.append(Input.of(name, np.array(float(getattr(node, data))), True))
    for node in order:
        if id(node) in number or id(node) in numbers:
            continue
        op, args = call(node, tuple(getattr(node, field)), data)
        if op in ("add", "mul") and id(args[0]) in numbers:  # a set has no order
            args = args[::-1]
        args = tuple(float(getattr(a, data)) if id(a) in numbers else a for a in args)
        k = len(leaves) + len(made.program.statements)
        given = tuple(a if isinstance(a, float) else Ref(number[id(a)]) for a in args)
        made.program.statements.append(Apply(op, given, {}, (k,)))
        number[id(node)] = k
        if name := label(node, names, taken):
            made.labels[k] = name
    made.lines = {number[id(node)]: lines[id(node)] for node in order if id(node) in lines}
    made.program.statements.append(Backward((number[id(root)],), (None,)))
    made.notes.append("the graph was read from the file's own class, which then ran it again")
    return made


def article(noun: str) -> str:
    """A noun with a or an."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def label(node: Any, names: dict[int, str], taken: set[str]) -> str:
    """The node's own label, or what the file calls it, where no other node has it."""
    own = next((getattr(node, f) for f in LABELS if isinstance(getattr(node, f, None), str)), "")
    name = own or names.get(id(node), "")
    if not name.isidentifier() or name in taken:
        return ""
    taken.add(name)
    return name


def call(node: Any, operands: tuple[Any, ...], data: str) -> tuple[str, tuple[Any, ...]]:
    """The op and its arguments that give what the node holds. Raises Unreadable where none does, or several do."""
    told = next((str(getattr(node, f)) for f in SIGNS if getattr(node, f, None) not in (None, "")), "")
    result = float(getattr(node, data))
    values = {id(v): float(getattr(v, data)) for v in operands}
    power = POWER.match(told)
    if len(operands) == 1 and power is not None:
        return "pow", (operands[0], float(power[1]))
    word = WORDS.get(told, told.lower())
    if len(operands) == 1 and word in BINARY:  # a set holds a + a once
        operands = (operands[0], operands[0])
    table: dict[str, Any] = UNARY if len(operands) == 1 else BINARY if len(operands) == 2 else {}
    if word in table:
        table = {word: table[word]}
    found = []
    for op, function in table.items():
        for order in permutations(operands) if operands[0] is not operands[-1] else [operands]:
            if gives(function, [values[id(v)] for v in order], result):
                found.append((op, order))
                break
    if len(found) == 1:
        return found[0]
    if word in table:  # its own forward is wrong: the order as it stands
        return word, operands
    what = f"an op {told!r}" if told else "a node that names no op (_op)"
    raise Unreadable(f"{what} of {len(operands)} operands that gave {result!r} is not known here; name it in _op")


def gives(function: Callable[..., float], values: list[float], result: float) -> bool:
    """Whether a function of these numbers is the result."""
    try:
        value = float(function(*values))  # of a root of a negative number a complex one: TypeError
    except (ArithmeticError, ValueError, TypeError):
        return False
    return math.isclose(value, result, rel_tol=1e-12, abs_tol=1e-300)
