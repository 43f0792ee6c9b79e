"""A finding as a script that runs by itself: torch and the subject's own file side by side, nothing of paragrad.

`script.py.jinja` is the frame. The subject is loaded as the child loaded it, and asked in its own spelling.
"""

from __future__ import annotations

import ast
import functools
import inspect
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from paragrad.fuzz.checking.unseeded import SEED
from paragrad.fuzz.engines.foreign import Foreign
from paragrad.fuzz.program import Apply, Backward, Input, Statement, ZeroGrad
from paragrad.fuzz.repro import Torch, literal
from paragrad.fuzz.subject import definitions
from paragrad.fuzz.subject.plain import DATA_NAMES
from paragrad.fuzz.telling.expression import Expressions, chain
from paragrad.fuzz.telling.told import IMPORT, Told, writer_of
from paragrad.fuzz.telling.writer import NoSpellingError, text

SECONDS = 20
"""How long a script waits for what hangs."""
MOST_LINES = 500
"""Statements of a script; a longer program has to be a loop."""
NOTHING, RAISED = "ReturnedNone", 'TypeError("it returned None")'
"""How the child tells of an op that returns nothing, and what a script does about it."""
FAR = 1e3
"""An error of so many units of rounding is no matter of rounding: the script allows a sum's more than one op's."""
SUMMED = 64


def script(told: Told, engine: Foreign, name: str, folder: Path) -> str | None:
    """The script for a finding, to be written to `folder / name`; None where there is no way to write it."""
    spelling = engine.hello.spelling
    kind = told.finding.kind
    if not spelling.get("make") or kind == "step":
        return None
    try:
        subject = Subject(told, engine)
        lines = subject.lines()
    except NoSpellingError:
        return None
    if len(lines) > MOST_LINES:
        return None
    program, variable = told.program, told.finding.variable
    compare = variable is not None and kind not in ("crash", "dtype")
    result = program.name(variable) if variable is not None else "None"
    torch_result = result + (".grad" if told.finding.of_gradient else "") if compare else "None"
    file = Path(spelling["file"])
    found = told.got
    eps = float(np.finfo(found.dtype if _floating(found) else np.float64).eps)
    partly = spelling["definitions"] and told.finding.op != IMPORT
    context = {
        "unloaded": 1 if told.finding.op == IMPORT else 125,
        "title": printable(f"{told.title}: {told.finding.message}"),
        "expression": printable(told.expression),
        "at": printable(told.at),
        "why": [printable(line) for line in (told.diagnosis, told.forward, told.where) if line],
        "name": name,
        "file": path(file, folder),
        "root": path(Path(spelling["root"]), folder),
        "module": spelling["module"],
        "package": list(spelling["package"]),
        "complete": spelling["complete"],
        "definitions": "a notebook" if file.suffix == ".ipynb" else reason(engine) if partly else "",
        "definers": definers(file.suffix == ".ipynb"),
        "annotations": definitions.ANNOTATIONS,
        "data_names": DATA_NAMES,
        "imports": subject.imports(),
        "lines": lines,
        "torchs": Leaves(program, variable if told.finding.of_gradient else None).body(told),
        "arrays": any("np." in line for line in lines),
        "result": subject.result(),
        "torch_result": torch_result,
        "compare": compare,
        "scalar": engine.hello.kind == "scalar",
        "dtype": told.expected_dtype if kind == "dtype" else "",
        "label": printable(told.what or told.expression),
        "seconds": SECONDS,
        "bound": bound(told),
        "relative": repr(relative(told, eps)),
        "tiny": repr(float(np.finfo(np.float64).tiny)),
    }
    return _template().render(context)


def printable(text: str) -> str:
    """A text that may stand in a docstring."""
    return " ".join(text.replace("\\", "/").replace('"', "'").replace("{", "(").replace("}", ")").split())


def path(file: Path, folder: Path) -> str:
    """An expression for a path: relative to the script where the two lie in the same tree, else absolute."""
    here, there = Path.cwd().resolve(), file.resolve()
    if there.is_relative_to(here) and folder.resolve().is_relative_to(here):
        relative = Path(os.path.relpath(there, folder.resolve())).as_posix()
        return f"(Path(__file__).resolve().parent / {relative!r}).resolve()"
    return f"Path({str(there)!r})"


def reason(engine: Foreign) -> str:
    """Why the module was not run as a whole."""
    notes = [note for note in engine.notes if note.startswith("loaded definitions only: ")]
    return printable(notes[0].partition(": ")[2]) if notes else "the import did not end well"


def definers(notebook: bool) -> str:
    """The source of what picks definitions out of a file: the child's own."""
    parts = [f"KEPT = ({', '.join('ast.' + kind.__name__ for kind in definitions.KEPT)})"]
    parts.append(f"HARMLESS = {sorted(definitions.HARMLESS)}\n\n")
    functions = [definitions.constant, definitions.guarded, definitions.kept]
    functions += [definitions.cells, definitions._indented] if notebook else []
    return "\n".join(parts) + "\n\n".join(plain(function) for function in functions)


def plain(function: Any) -> str:
    """A function's source without annotations."""
    tree = ast.parse(inspect.getsource(function))

    class Bare(ast.NodeTransformer):
        def visit_arg(self, node: ast.arg) -> ast.arg:
            node.annotation = None
            return node

        def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
            node.returns = None
            return self.generic_visit(node)

        def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
            assert node.value is not None
            return ast.Assign([node.target], node.value)

    return ast.unparse(ast.fix_missing_locations(Bare().visit(tree))) + "\n"


def _floating(array: Any) -> bool:
    return isinstance(array, np.ndarray) and array.dtype.kind == "f"


def far(told: Told, eps: float) -> bool:
    """Whether got and expected are farther apart than any rounding."""
    if not (_floating(told.got) and _floating(told.expected) and told.got.shape == told.expected.shape):
        return True
    with np.errstate(all="ignore"):
        off, size = np.abs(told.got - told.expected), np.maximum(np.abs(told.got), np.abs(told.expected))
        return bool((~(off <= FAR * eps * size)).any())


def relative(told: Told, eps: float) -> float:
    """What torch and the subject may differ by beside the bound, relative to the larger: one op's bound is enough."""
    if far(told, eps):
        return SUMMED * eps
    return 4 * eps if sum(1 for _ in told.program.applications()) > 1 else 0.0


def until(told: Told) -> int:
    """How many statements show the finding: those up to its own; whether inputs are changed shows at the end."""
    whole = told.finding.kind in ("crash", "mutation")
    return len(told.program.statements) if whole else told.finding.statement + 1


def bound(told: Told) -> str:
    """How far rounding alone may carry a correct engine, as an expression."""
    limit = told.finding.bound
    if limit is None or not np.isfinite(limit).all():
        return "0.0"
    return repr(float(limit)) if limit.ndim == 0 else f"torch.tensor({literal(limit)}, dtype=torch.float64)"


class Leaves(Torch):
    """torch's lines, the inputs written as numbers."""

    def leaf(self, spec: Input) -> str:
        """An input as a tensor; how it lies in memory doesn't matter to torch."""
        grad = ", requires_grad=True" if spec.requires_grad else ""
        numbers = literal(spec.array()) if spec.array().size else f"np.zeros({spec.shape})"
        return f"torch.tensor({numbers}, dtype=torch.{spec.dtype}{grad})"

    def statement(self, statement: Statement) -> list[str]:
        """A statement as lines; the gradient of an inner node starts afresh with each backward."""
        inner = self.kept is not None and self.kept >= len(self.program.inputs) and isinstance(statement, Backward)
        fresh = [f"{self.program.name(self.kept or 0)}.grad = None"] if inner else []
        return [*fresh, *super().statement(statement)]

    def body(self, told: Told) -> list[str]:
        """The lines up to the statement of the finding; of a crash there is nothing to compare."""
        if told.finding.kind == "crash":
            return ["pass"]
        self.program = replace(self.program, statements=self.program.statements[: until(told)])
        return self.lines()


class Subject:
    """The lines that run a program on the subject."""

    def __init__(self, told: Told, engine: Foreign) -> None:
        self.told = told
        self.program = told.program
        self.spelling = engine.hello.spelling
        self.ops = engine.hello.ops
        self.scalar = engine.hello.kind == "scalar"
        shapes = {k: np.shape(a) for k, a in told.trace.values.items()}
        self.expressions = Expressions(self.program, writer_of(engine), shapes)

    def imports(self) -> list[str]:
        """The class and the functions that are used."""
        name = self.spelling["class"]
        found = {name: "subject." + name}
        found |= {f: f"subject.{f}" for f in self.spelling["functions"]}
        for op in {s.op for _, s in self.program.applications()} | {"add", "mul", "sum"}:
            told = self.ops.get(op)
            if told is not None and told.module is not None:
                function = told.spelled.partition("(")[0].partition(".")[0]
                same = told.module == self.spelling["module"]
                found[function] = f"{'subject' if same else f'importlib.import_module({told.module!r})'}.{function}"
        return [f"{short} = {place}" for short, place in found.items()]

    def lines(self) -> list[str]:
        """The body of a function that runs the program. Raises NoSpellingError."""
        lines = []
        for spec in self.program.inputs:
            lines += self.leaf(spec)
        if (loop := chain(self.program)) is not None:
            return lines + self.loop(*loop)
        for statement in self.program.statements[: until(self.told)]:
            match statement:
                case Apply():
                    lines.append(self.expressions.statement(statement))
                    if self.told.finding.message.startswith(NOTHING):
                        lines += [f"if {self.program.name(statement.outputs[0])} is None:", f"    raise {RAISED}"]
                    if self.spelling["retain"]:
                        lines.append(f"{self.program.name(statement.outputs[0])}.{self.spelling['retain']}()")
                case Backward():  # without a seed the engine starts, or does not, by itself
                    lines += self.backward(statement)[1 if self.told.finding.argument == SEED else 0 :]
                case ZeroGrad():
                    raise NoSpellingError("zeroing")
                case _:
                    raise NoSpellingError("an optimizer")
        return lines

    def leaf(self, spec: Input) -> list[str]:
        """An input as an instance."""
        made = self.made(self.data(spec), str(spec.requires_grad), str(spec.dtype))
        switches = self.spelling["switches"] if spec.requires_grad else []
        return [f"{spec.name} = {made}", *[f"{spec.name}.{switch} = True" for switch in switches]]

    def made(self, data: str, requires_grad: str, dtype: str) -> str:
        """The constructor's call."""
        text = str(self.spelling["make"])
        for key, value in (("data", data), ("requires_grad", requires_grad), ("dtype", f'np.dtype("{dtype}")')):
            text = text.replace("{" + key + "}", value)
        return text

    def data(self, spec: Input) -> str:
        """An input's numbers as the constructor takes them."""
        if self.spelling["listed"]:
            return literal(spec.array())
        if spec.strides is None:
            return f'np.array({literal(spec.array())}, dtype="{spec.dtype}")'
        strides = tuple(s * spec.storage.itemsize for s in spec.strides)
        base = f'np.array({literal(spec.storage)}, dtype="{spec.dtype}")[{spec.offset}:]'
        return f"np.lib.stride_tricks.as_strided({base}, {spec.shape}, {strides})"

    def backward(self, walk: Backward) -> list[str]:
        """The lines of a backward, the root of which is the sum of all. Raises NoSpellingError."""
        code, lines = self.spelling["backward"], []
        (weight,) = walk.cotangents if len(walk.roots) == 1 else (-1,)
        if weight is None or (weight >= 0 and self.spelling["seeded"]):
            root = self.program.name(walk.roots[0])
            code = code if weight is None else self.spelling["seeded"]
        else:
            root = "root"
            lines.append(f"root = {text(self.expressions.total(walk, self.spelling['single']))}")
            weight = None
        lines += [line.replace("{root}", root).replace("{seed}", self.seed(weight, root)) for line in code]
        if self.spelling["left"] is not None:
            left = str(self.spelling["left"]).replace("{root}", root)
            lines[-1] = f"left = {lines[-1]}" if not left else lines[-1]
            lines += [f"left = {left}"] if left else []
        return lines

    def seed(self, weight: int | None, root: str) -> str:
        """The gradient that comes in, as the backward takes it; 1 where none was said."""
        if weight is not None:
            return self.data(self.program.inputs[weight])
        if self.scalar:
            return "1.0"
        data = str(self.spelling["data"]).format(root)
        return f"(np.ones_like({data}))" if not self.spelling["listed"] else "1.0"

    def loop(self, op: str, times: int, twice: bool) -> list[str]:
        """A chain, and its backward. Raises NoSpellingError."""
        step = self.expressions.loop(op, times, twice).partition("times ")[2]
        walks = [s for s in self.program.statements if isinstance(s, Backward)]
        if len(walks) > 1 or any(w is not None for walk in walks for w in walk.cotangents):
            raise NoSpellingError("a chain that ends otherwise")
        lines = [f"x = {self.program.name(0)}", f"for _ in range({times}):", f"    {step}"]
        code = self.spelling["backward"] if walks else []
        return lines + [line.replace("{root}", "x").replace("{seed}", "1.0") for line in code]

    def result(self) -> str:
        """What is compared, as an expression."""
        finding, spelling = self.told.finding, self.spelling
        if finding.variable is None or finding.kind == "crash":
            return "None"
        name = self.program.name(finding.variable)
        held = str(spelling["gradient" if finding.of_gradient else "data"]).replace("{}", name)
        return f"str({held}.dtype)" if finding.kind == "dtype" else f"numbers({held})"


@functools.cache
def _template() -> jinja2.Template:
    source = Path(__file__).with_name("script.py.jinja").read_text(encoding="utf-8")
    # What is rendered is Python, not HTML: nothing to escape.
    made = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False)
    return made.from_string(source)


def name_of(told: Told, number: int) -> str:
    """`wrong-1-relu.py`."""
    return f"{told.severity}-{number}-{told.finding.op.replace('.', '_') or told.finding.kind}.py"
