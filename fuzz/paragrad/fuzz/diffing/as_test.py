"""A computation as a pytest file that stands alone: the engine and torch build it, and every leaf's gradient is held
against torch's. `as_test.py.jinja` is the frame.

The bounds are those of the whole computation, as the judge carries them through: twice, as torch rounds, too.
"""

from __future__ import annotations

import functools
import keyword
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.diffing.comparison import Comparison
from paragrad.fuzz.diffing.computation import Labelled
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.engines.pytorch import INFIX
from paragrad.fuzz.judge.end_to_end import EndToEnd
from paragrad.fuzz.judge.local import RefusedError
from paragrad.fuzz.program import Apply, Array, Backward, Dtype, Input
from paragrad.fuzz.repro import Paragrad, literal
from paragrad.fuzz.subject.plain import DATA_NAMES
from paragrad.fuzz.telling.expression import Expressions
from paragrad.fuzz.telling.scripts import Leaves, Subject, printable
from paragrad.fuzz.telling.told import writer_of
from paragrad.fuzz.telling.writer import NoSpellingError

MOST = 300
"""Statements of a test; a longer one is nothing to be read."""
LONGEST = 60_000
"""Characters of a test: large arrays are nothing to be copied."""
ROOM = 2.0
"""Both sides may round, each as far as the bound."""


def as_test(found: Comparison, command: str) -> str:
    """The text of the file; "" where there is none.

    That is so of no backward or several, of a step of an optimizer, random numbers, large arrays and a notebook, and of
    an engine of which it is not known how its user calls it.
    """
    program = found.program
    walks = [s for s in program.statements if not isinstance(s, Apply)]
    leaves = [k for k, spec in enumerate(program.inputs) if spec.requires_grad]
    single = len(walks) == 1 and isinstance(walks[0], Backward) and found.at is not None
    random = any(TABLE[s.op].recover for _, s in program.applications())
    if not single or random or not leaves or len(program.statements) > MOST:
        return ""
    named = plainly_named(program)
    try:
        engine = Engine(named, found)
        bounds = [(named.name(k), bound(found, k)) for k in leaves]
        lines, torchs = engine.lines(), Leaves(named, None).lines()
        context = {
            "title": printable(command),
            "engine": engine,
            "lines": lines,
            "torchs": torchs,
            "arrays": any("np." in line for line in [*lines, *torchs]),
            "bounds": bounds,
            "gradients": [(named.name(k), engine.gradient(named.name(k))) for k in leaves],
            "data_names": DATA_NAMES,
        }
    except (NoSpellingError, RefusedError, SyntaxError):
        return ""
    told = _template().render(context)
    return told if len(told) <= LONGEST else ""


class Engine:
    """How the file loads and calls an engine. Raises NoSpellingError where that is not known."""

    def __init__(self, program: Labelled, found: Comparison) -> None:
        self.program = program
        self.file = self.root = self.module = ""
        self.scalar = True
        self.writer: Any
        if isinstance(found.engine, Foreign):
            self.writer = Foreigner(program, found)
            spelling = found.engine.hello.spelling
            self.file, self.root = repr(str(spelling["file"])), repr(str(spelling["root"]))
            self.module = repr(str(spelling["module"]))
            self.imports = self.writer.imports()
            self.scalar = found.engine.hello.kind == "scalar"
            self.held = str(spelling["gradient"])
        elif found.engine.name == OwnScalar.name:
            self.writer = OwnValues(program, None)
            self.imports = ["from paragrad.engine import Value"]
            self.held = "{}.grad"
        else:
            self.writer = OwnTensors(program, None)
            self.imports = ["import paragrad.engine as pg"]
            self.scalar = False
            self.held = "{}.grad"

    def lines(self) -> list[str]:
        """The body of a function that runs the program."""
        found: list[str] = self.writer.lines()
        return found

    def gradient(self, name: str) -> str:
        """The expression of a leaf's gradient."""
        return self.held.replace("{}", name)


class Foreigner(Subject):
    """The lines of somebody else's engine, in its user's own spelling."""

    def __init__(self, program: Labelled, found: Comparison) -> None:
        engine = found.engine
        assert isinstance(engine, Foreign)
        spelling = engine.hello.spelling
        # A test imports the whole package; where that is more than the child did, its failure tells so.
        if not spelling.get("make") or spelling["definitions"] or Path(spelling["file"]).suffix != ".py":
            raise NoSpellingError("how it is loaded or called")
        self.program = program
        self.unseeded = found.unseeded  # then the test is that it starts by itself
        self.spelling = spelling
        self.ops = engine.hello.ops
        self.scalar = engine.hello.kind == "scalar"
        shapes = {k: np.shape(a) for k, a in found.torchs.values.items()}
        self.expressions = Expressions(program, writer_of(engine), shapes)

    def lines(self) -> list[str]:
        """The body of a function that runs the program. Raises NoSpellingError."""
        lines = [line for spec in self.program.inputs for line in self.leaf(spec)]
        for statement in self.program.statements:
            if isinstance(statement, Apply):
                lines.append(self.expressions.statement(statement))
            elif isinstance(statement, Backward):
                lines += self.backward(statement)[1 if self.unseeded else 0 :]
        return lines


class OwnTensors(Paragrad):
    """Our tensor engine's lines, the inputs written as numbers."""

    def leaf(self, spec: Input) -> str:
        """An input as a tensor; how it lies in memory is no matter of a gradient's numbers."""
        array = f'np.array({literal(spec.array())}, dtype="{spec.dtype}").reshape({spec.shape})'
        return f"pg.from_numpy({array})" + (".requires_grad_()" if spec.requires_grad else "")

    def argument(self, argument: Any) -> str:
        """An argument as a Python expression."""
        return f'"{argument.name}"' if isinstance(argument, Dtype) else super().argument(argument)


class OwnValues(Paragrad):
    """The lines of a Value: operators, and methods of torch's names."""

    def leaf(self, spec: Input) -> str:
        """An input as a Value."""
        return f"Value({literal(spec.array())})"

    def statement(self, statement: Any) -> list[str]:
        """A statement as lines. Raises NoSpellingError."""
        if isinstance(statement, Backward):
            if len(statement.roots) != 1 or statement.cotangents != (None,):
                raise NoSpellingError("a backward of several roots")
            return [f"{self.program.name(statement.roots[0])}.backward()"]
        return super().statement(statement)

    def apply(self, statement: Apply) -> list[str]:
        """A call."""
        name = self.program.name(statement.outputs[0])
        first, *rest = [self.argument(a) for a in statement.args]
        rest += [f"{k}={self.argument(v)}" for k, v in statement.kwargs.items()]
        if statement.op in INFIX and len(rest) == 1 and not statement.kwargs:
            return [f"{name} = {first} {INFIX[statement.op]} {rest[0]}"]
        return [
            f"{name} = -{first}" if statement.op == "neg" else f"{name} = {first}.{statement.op}({', '.join(rest)})"
        ]


def plainly_named(program: Labelled) -> Labelled:
    """The program with names that Python takes, and that are no other thing's in the file."""
    names = [program.name(k) for k in range(program.count)]
    labels = {}
    for k, name in enumerate(names):
        plain = name.isidentifier() and name.isascii() and not keyword.iskeyword(name) and len(name) <= 30
        # What the file calls by name is longer than three letters, np and pg apart, or Value and the like.
        ours = name.startswith("_") or (len(name) > 3 and not name.islower()) or name in ("np", "pg")
        labels[k] = name if plain and not ours and names.count(name) == 1 and name not in TAKEN else f"node_{k}"
    inputs = [replace(spec, name=labels[k]) for k, spec in enumerate(program.inputs)]
    return replace(program, inputs=inputs, labels=labels)


TAKEN = frozenset(
    ("pytest", "torch", "subject", "numbers", "load", "importlib", "sys", "dict", "float", "left", "root")
)
"""Names of the file's own."""


def bound(found: Comparison, variable: int) -> str:
    """How far mine and torch's gradient may be apart, as an expression. Raises RefusedError."""
    assert found.at is not None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        whole = EndToEnd(found.program, found.torchs, True)
        if found.torchs.gradients[found.at].get(variable) is None:
            return "0.0"
        limit: Array = ROOM * whole.gradient(found.at, variable).bound
    if not np.isfinite(limit).all():
        raise RefusedError("nobody can tell at these numbers")
    return literal(limit) if limit.ndim == 0 else f"torch.tensor({literal(limit)}, dtype=torch.float64)"


@functools.cache
def _template() -> jinja2.Template:
    source = Path(__file__).with_name("as_test.py.jinja").read_text(encoding="utf-8")
    # What is rendered is Python, not HTML: nothing to escape.
    made = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False)
    return made.from_string(source)
