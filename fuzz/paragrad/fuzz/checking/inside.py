"""`paragrad.fuzz.check(Value)`: a class of this session, as in a notebook, and what comes of it to look at."""

from __future__ import annotations

import html
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.checking.nearest import hint
from paragrad.fuzz.checking.report import Checked, Report
from paragrad.fuzz.checking.run import check as run
from paragrad.fuzz.checking.severity import FAILING
from paragrad.fuzz.checking.summary import verdict_line
from paragrad.fuzz.checking.unseeded import unseeded
from paragrad.fuzz.engines.inside import Inside


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """What a check found. It shows itself: as text in a terminal, as HTML or Markdown in a notebook."""

    report: Report
    engine: Inside
    strict: bool

    @property
    def ok(self) -> bool:
        """Whether nothing serious was found: nothing at all, if `strict`."""
        return self.report.verdict(self.strict) == "parity"

    @property
    def findings(self) -> list[Checked]:
        """The findings, most serious first: each with `severity`, `id`, `finding`, `program` and `table`."""
        return self.report.findings

    @property
    def verdict(self) -> str:
        """One line that says it all."""
        return verdict_line(self.report, self.strict)

    def __repr__(self) -> str:
        parts = ["\n".join(self._found())]
        for checked in self.findings:
            table = [checked.table] if checked.table and checked.severity in FAILING else []
            parts.append("\n".join([title(checked), *details(checked, self.engine), *table]))
        return "\n\n".join([*parts, self.verdict])

    def _repr_html_(self) -> str:
        parts = [f"<p><strong>{html.escape(self.verdict)}</strong></p>"]
        for checked in self.findings:
            lines = "<br>".join(html.escape(line) for line in details(checked, self.engine))
            table = f"<pre>{html.escape(checked.table)}</pre>" if checked.table else ""
            shown = " open" if checked.severity in FAILING else ""
            parts.append(
                f"<details{shown}><summary>{html.escape(title(checked))}</summary><p>{lines}</p>{table}</details>"
            )
        found = "".join(f"<li>{html.escape(line)}</li>" for line in self._found())
        return "\n".join([*parts, f"<details><summary>what was checked</summary><ul>{found}</ul></details>"])

    def _repr_markdown_(self) -> str:
        return _fenced(repr(self))

    def _found(self) -> Iterator[str]:
        """What was probed, found and left out."""
        hello = self.engine.hello
        yield from (f"{what}: {found}" for what, found in hello.probe)
        yield "ops: " + ", ".join(self.report.ops)
        if hello.unmatched:
            yield "matches no op, and was not tried (names={op: method} includes one): " + ", ".join(hello.unmatched)
        if len(hello.backwards) > 1:
            yield 'these look like a backward (names={"backward": name} takes another): ' + ", ".join(hello.backwards)
        yield from (f"note: {note}" for note in self.engine.notes)
        if self.report.stopped:
            told = {"time": "the time was up before all programs ran", "interrupted": "it was interrupted"}
            yield f"note: {told[self.report.stopped]}"


def title(checked: Checked) -> str:
    """How bad it is, and what."""
    return f"{checked.severity}: {checked.finding.title}: {checked.finding.message}"


def details(checked: Checked, engine: Inside) -> Iterator[str]:
    """Why, where in the source, how often."""
    finding = checked.finding
    if finding.diagnosis:
        yield f"why: {finding.diagnosis}"
    source = engine.source(finding.op) if finding.op in TABLE else None
    if source is not None:
        yield f"where: {source.file}:{source.line}: {source.text.strip().splitlines()[0]}"
    yield f"seen in {checked.programs} programs; id {checked.id}"


def _fenced(text: str) -> str:
    """Text as a block of Markdown that nothing in it can end."""
    longest = max((len(line) - len(line.lstrip("`")) for line in text.splitlines()), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def check(
    cls: type,
    *,
    programs: int = 2_000,
    seconds: float = 30.0,
    seed: int = 0,
    only: Iterable[str] | None = None,
    names: Mapping[str, str] | None = None,
    strict: bool = False,
) -> Result:
    """Check a class of this session against torch: `paragrad.fuzz.check(Value)`, in the cell after the class.

    At most so many random programs in so many seconds; the same seed draws the same ones. `only` names ops to try,
    `names` says how the class calls an op, `{"relu": "rectify"}`, or its `{"backward": ...}`; with `strict` limits and
    conventions count for `ok`, too. Ctrl-C, or the notebook's stop button, ends it with what was found.

    The class runs in this process, as it must to be reached. A loop without end in Python code is interrupted after
    3 s, in the main thread; one inside a library can't be ended, a crash ends the session, and what the class changes
    elsewhere stays changed. For an engine in a file, `paragrad check file.py:Value` in a terminal has none of these.

    Raises SubjectError where the class can't be used as an engine, ValueError for an op that there isn't.
    """
    if programs < 1 or not seconds > 0:
        raise ValueError(f"programs={programs}, seconds={seconds}: nothing would be judged")
    chosen = None if only is None else frozenset(only)
    wanted = dict(names or {})
    for op in (*(chosen or ()), *(op for op in wanted if op != "backward")):
        if op not in TABLE:
            raise ValueError(f"{op!r}: no op is called so; {hint(op, TABLE, 'ops have torch names, such as relu')}")
    engine = Inside(cls, wanted)
    for op, name in wanted.items():
        if op != "backward" and op not in engine.hello.ops:
            unmatched = ", ".join(engine.hello.unmatched) or "nothing"
            raise ValueError(
                f"names: {engine.name} has no {name} that can be called as {op}; {unmatched} matches no op so far"
            )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # inf and NaN are meant
        report = run(
            engine,
            scalar=engine.hello.kind == "scalar",
            programs=programs,
            seconds=seconds,
            seed=seed,
            only=chosen,
            before=unseeded(engine.hello),
        )
    return Result(report, engine, strict)
