"""The language of expressions: `d = a*b; tanh(d + c)`, parsed by Python's grammar, walked, and never evaluated.

Numbers, names, + - * / ** % @, unary minus, comparisons, parentheses, lists of numbers, indices, and the ops of the
table as functions or methods, with torch's arguments. Several statements name the nodes.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.checking.nearest import hint
from paragrad.fuzz.diffing import literals
from paragrad.fuzz.diffing.computation import Computation, DiffError, Labelled, Place
from paragrad.fuzz.diffing.lettering import labelled
from paragrad.fuzz.program import Apply, Array, Backward, Dtype, Input, Ref

LONGEST = 10_000
"""Characters of an expression; what is longer is no expression that a person reads."""
BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
    ast.Mod: "remainder",
    ast.MatMult: "matmul",
}
COMPARED: dict[type[ast.cmpop], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
OF_TWO = {"max": "maximum", "min": "minimum"}
"""What Python and torch call max and min of two operands."""
MODULES = frozenset(("torch", "F", "np", "numpy", "math", "pg"))
"""Names before a dot that are modules, unless they have a value: torch.tanh(a) is tanh(a)."""
DTYPES = frozenset(("bool", "int64", "float32", "float64"))
NESTED = "the expression is nested too deeply; name parts of it: d = a*b; e = d + c; d*e"


class Reader:
    """One expression on its way to a Program; `given` are the values of names."""

    def __init__(self, text: str, given: Mapping[str, Array], dtype: str) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.dtype = dtype
        self.given = dict(given)
        self.scope: dict[str, Any] = {}
        self.inputs: list[Input] = []
        self.calls: list[Apply] = []
        self.labels: dict[int, str] = {}
        self.places: dict[int, Place] = {}
        """Variables have a number from -1 down while inputs are still added; `numbered` puts the inputs first."""

    def read(self) -> Computation:
        """The computation. Raises DiffError with the place in the text."""
        if not self.text.strip():
            raise DiffError('there is no expression; write one in quotes: "tanh(a*b + c)" a=2 b=-3 c=10')
        if len(self.text) > LONGEST:
            told = f"the expression has {len(self.text):,} characters, and {LONGEST:,} is the most"
            raise DiffError(f"{told}; build it in a Python file and name that: model.py:loss")
        try:
            body = ast.parse(self.text.strip() if "\n" not in self.text else self.text).body
            last: Any = None
            for statement in body:
                if isinstance(statement, ast.Expr) and statement is not body[-1]:
                    raise self.error(statement, "this is not used: give it a name (d = ...), or leave it out")
                last = self.statement(statement)
        except SyntaxError as error:
            raise DiffError(self.syntax(error)) from error
        except (RecursionError, MemoryError) as error:
            raise DiffError(NESTED) from error
        except ValueError as error:
            if isinstance(error, DiffError):
                raise
            raise DiffError(f"the expression can't be read: {error}") from error
        if not isinstance(last, Ref):
            raise DiffError(
                "the last statement is no computation with a value in it: there is nothing to differentiate"
            )
        for name in self.given:
            if name not in self.scope:
                told = hint(name, self.scope, "leave it out, or use it")
                raise DiffError(f"{name} has a value and is not used in the expression; {told}")
        return self.finished(last)

    def statement(self, statement: ast.stmt) -> Any:
        """One statement: what it computes."""
        match statement:
            case ast.Expr(value):
                return self.visit(value)
            case ast.Assign([ast.Name(name) as target], value):
                if name in self.given:
                    raise self.error(target, f"{name} has a value ({name}=...) and is computed here: leave one out")
                if name in literals.NUMBERS:
                    raise self.error(target, f"{name} is a number; choose another name")
                if name in self.scope:
                    raise self.error(target, f"{name} is computed a second time; give this one another name")
                found = self.visit(value)
                if isinstance(found, int | float | np.ndarray):
                    found = self.leaf(name, np.array(found, self.dtype), statement)
                if isinstance(found, Ref):
                    self.labels.setdefault(found.index, name)
                self.scope[name] = found
                return found
        raise self.error(statement, "expected an expression, or name = expression")

    def visit(self, node: ast.expr) -> Any:
        """What an expression stands for: a Ref, a number, or an argument of another kind."""
        number = literals.signed(node)
        if number is not None:
            return number
        match node:
            case ast.Constant(None | bool() | str() as value):
                return value
            case ast.Constant(value) if value is Ellipsis:
                return value
            case ast.Name(name):
                return self.named(name, node)
            case ast.BinOp(left, operator, right):
                op = BINARY.get(type(operator))
                if op is None:
                    power = isinstance(operator, ast.BitXor)
                    raise self.error(node, "^ is no power: write **" if power else "operators are + - * / ** % @")
                sides = self.visit(left), self.visit(right)
                for side, found in zip((left, right), sides, strict=True):
                    if found is None or isinstance(found, bool | str):
                        raise self.error(side, f"{found!r} is no number and no value")
                return self.apply(op, sides, {}, node)
            case ast.UnaryOp(ast.USub(), operand):
                return self.apply("neg", (self.visit(operand),), {}, node)
            case ast.UnaryOp(ast.UAdd(), operand):
                return self.visit(operand)
            case ast.Compare(left, [compared], [right]) if type(compared) in COMPARED:
                return self.apply(COMPARED[type(compared)], (self.visit(left), self.visit(right)), {}, node)
            case ast.Call():
                return self.call(node)
            case ast.Subscript(value, index):
                return self.apply("getitem", (self.visit(value), self.index(index)), {}, node)
        return self.other(node)

    def other(self, node: ast.expr) -> Any:
        """What is neither arithmetic nor a call."""
        match node:
            case ast.List(parts):
                return self.listed(node, parts)
            case ast.Tuple(parts):
                return tuple(self.visit(part) for part in parts)
            case ast.Attribute(value, "T"):
                return self.apply("transpose", (self.visit(value), 0, 1), {}, node)
            case ast.Attribute(_, name):
                told = f"{name} is not called: write .{name}()" if name in TABLE else f"there is no {name} here"
                raise self.error(node, told)
        raise self.error(node, f"{literals.shown(ast.unparse(node))} is no part of an expression here")

    def named(self, name: str, node: ast.expr) -> Any:
        """A variable."""
        if name in self.scope:
            return self.scope[name]
        if name in self.given:
            self.scope[name] = self.leaf(name, self.given[name], node)
            return self.scope[name]
        if name in TABLE:
            raise self.error(node, f"{name} is a function and is not called: write {name}(...)")
        if name in DTYPES:
            return Dtype(name)
        near = hint(name, [*self.given, *self.scope], "")
        raise self.error(node, f"{name} has no value: write {name}=... after the expression" + (near and f"; {near}"))

    def leaf(self, name: str, array: Array, node: ast.AST) -> Ref:
        """An input of its own."""
        self.inputs.append(Input.of(name, array, True))
        place = -len(self.inputs)
        self.labels[place] = name
        if (at := self.place(node)) is not None:
            self.places[place] = at
        return Ref(place)

    def listed(self, node: ast.expr, parts: list[ast.expr]) -> Any:
        """A list: an array of numbers, or several operands for cat and its like."""
        found = [self.visit(part) for part in parts]
        if any(isinstance(part, Ref) for part in found):
            return tuple(found)
        return literals.array(node, self.dtype, literals.shown(ast.unparse(node)))

    def index(self, node: ast.expr) -> Any:
        """What stands in square brackets."""
        match node:
            case ast.Slice(lower, upper, step):
                return slice(*(None if e is None else self.visit(e) for e in (lower, upper, step)))
            case ast.Tuple(parts):
                return tuple(self.index(part) for part in parts)
        return self.visit(node)

    def call(self, node: ast.Call) -> Any:
        """A function or a method."""
        match node.func:
            case ast.Name(name):
                first: list[ast.expr] = []
            case ast.Attribute(ast.Name(module), name) if module in MODULES and not self.known(module):
                first = []
            case ast.Attribute(value, name):
                first = [value]
            case _:
                raise self.error(node, "only ops are called: tanh(a), a.tanh()")
        given = [*first, *node.args]
        if len(given) >= 2 and name in OF_TWO and not isinstance(given[1], ast.Constant):
            name = OF_TWO[name]
        if name not in TABLE or TABLE[name].internal:
            if name in self.given or name in self.scope:
                raise self.error(node.func, f"{name} is a value and is called: write {name}*(...) for a product")
            told = hint(
                name, [n for n, op in TABLE.items() if not op.internal], "ops have torch's names: tanh, relu, exp"
            )
            raise self.error(node.func, f"{name} is no function that is known here; {told}")
        for part in [*given, *(k.value for k in node.keywords)]:
            if isinstance(part, ast.Starred):
                raise self.error(part, "arguments are written out, without *")
        if any(k.arg is None for k in node.keywords):
            raise self.error(node, "arguments are written out, without **")
        args = tuple(self.visit(part) for part in given)
        kwargs = {str(k.arg): self.visit(k.value) for k in node.keywords}
        return self.apply(name, args, kwargs, node)

    def known(self, name: str) -> bool:
        return name in self.given or name in self.scope

    def apply(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], node: ast.expr) -> Any:
        """A node of the graph; of numbers alone, a number."""
        op = TABLE[name]
        try:
            bound = op.bind(args, dict(kwargs))
        except TypeError as error:
            raise self.error(node, str(error)) from error
        operands = {k for _, k in op.operands}
        for k, argument in enumerate(bound):
            if isinstance(argument, Ref) and k not in operands and k not in op.indexed:
                told = f"{name}: {op.parameters[k]} takes a plain number or option, not a value that is differentiated"
                raise self.error(node, told)
            if k in op.listed and not isinstance(argument, tuple):
                raise self.error(node, f"{name}: {op.parameters[k]} takes a list of operands: [a, b]")
        held = [bound[k] for k in sorted(operands)]
        if not any(isinstance(a, Ref | tuple | np.ndarray) for a in held):
            return self.folded(name, bound, node)
        args = tuple(self.operand(a, node) if k in operands else a for k, a in enumerate(args))
        kwargs = {k: self.operand(a, node) if op.parameters.index(k) in operands else a for k, a in kwargs.items()}
        if len(op.outputs) > 1:
            raise self.error(node, f"{name} has {len(op.outputs)} results, and expressions have one")
        self.calls.append(Apply(name, args, kwargs, (len(self.calls),)))
        place = self.place(node)
        if place is not None:
            self.places[len(self.calls) - 1] = place
        return Ref(len(self.calls) - 1)

    def operand(self, argument: Any, node: ast.expr) -> Any:
        """An operand of a Program: an array becomes an input of which no gradient is asked."""
        if isinstance(argument, tuple):
            return tuple(self.operand(part, node) for part in argument)
        if not isinstance(argument, np.ndarray):
            return argument
        self.inputs.append(Input.of(f"k{len(self.inputs)}", argument, False))
        return Ref(-len(self.inputs))

    def folded(self, name: str, bound: tuple[Any, ...], node: ast.expr) -> float:
        """An op of numbers alone, as NumPy has it."""
        try:
            with np.errstate(all="ignore"):
                numbers = [np.float64(a) if type(a) in (int, float) else a for a in bound]
                return float(TABLE[name].compute(*numbers))
        except (TypeError, ValueError, OverflowError, AttributeError) as error:
            raise self.error(node, f"{name} of these arguments is no number") from error

    def finished(self, root: Ref) -> Computation:
        """The Program, its inputs first."""
        past = len(self.inputs)

        def number(k: int) -> int:
            return -k - 1 if k < 0 else k + past

        def moved(argument: Any) -> Any:
            if isinstance(argument, Ref):
                return Ref(number(argument.index))
            if isinstance(argument, slice):
                return argument
            return tuple(moved(part) for part in argument) if isinstance(argument, tuple) else argument

        statements = [
            Apply(s.op, tuple(map(moved, s.args)), {k: moved(a) for k, a in s.kwargs.items()}, (number(s.outputs[0]),))
            for s in self.calls
        ]
        end = number(root.index)
        labels = {number(k): name for k, name in self.labels.items()}
        places = {number(k): place for k, place in self.places.items()}
        program = Labelled(self.inputs, [*statements, Backward((end,), (None,))])
        program.labels = labelled(program, labels)
        return Computation(program, "expression", "", self.text, places)

    def place(self, node: ast.AST) -> Place | None:
        """Where a node is written, of one line."""
        if not isinstance(node, ast.expr | ast.stmt) or node.end_lineno is None or node.end_col_offset is None:
            return None
        line = self.lines[node.lineno - 1]
        start = self.column(node.lineno, node.col_offset)
        end = self.column(node.lineno, node.end_col_offset) if node.end_lineno == node.lineno else len(line)
        return Place(node.lineno, start, end, line[start:end])

    def column(self, line: int, offset: int) -> int:
        """The column in characters; Python's trees count bytes of UTF-8."""
        indent = self.indent_of(line)
        return indent + len(self.lines[line - 1][indent:].encode()[:offset].decode(errors="ignore"))

    def indent_of(self, line: int) -> int:
        """What was stripped from the front of the only line."""
        text = self.lines[line - 1]
        return len(text) - len(text.lstrip()) if len(self.lines) == 1 else 0

    def error(self, node: ast.AST, message: str) -> DiffError:
        """An error with the line and a mark under the place."""
        place = self.place(node)
        return DiffError(message if place is None else f"{message}\n{self.marked(place.line, place.column, place.end)}")

    def syntax(self, error: SyntaxError) -> str:
        """A syntax error in our words, with a caret."""
        line = min(max(error.lineno or 1, 1), len(self.lines))
        column = max((error.offset or 1) - 1, 0) + self.indent_of(line)
        told = "a number has too many digits" if "set_int_max_str_digits" in error.msg else error.msg
        return f"not an expression: {told}\n{self.marked(line, column, column + 1)}"

    def marked(self, line: int, column: int, end: int) -> str:
        """A line of the source, or the part of it around a place, with ^ under that."""
        text = self.lines[line - 1]
        first = max(0, column - 50)
        part = text[first : first + 76]
        return f"  {part}\n  {' ' * (column - first)}{'^' * max(1, min(end, first + len(part)) - column)}"


def read(text: str, given: Mapping[str, Array], dtype: str = "float64") -> Computation:
    """The computation that an expression is, at the values of its names. Raises DiffError."""
    return Reader(text.strip("\n"), given, dtype).read()
