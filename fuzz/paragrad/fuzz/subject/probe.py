"""Find out how a loaded class is spoken to: its constructor, its ops, its backward; and tell what was found."""

from __future__ import annotations

import sys
from typing import Any

from . import (
    arrange,
    backward,
    bind,
    construct,
    gradient,
    guard,
    names,
    neighbours,
    packages,
    spelling,
    stubs,
    tester,
    weighing,
)
from .candidates import Candidates, uncalled
from .choose import Loaded, LoadError
from .load import load

SPECIAL = frozenset(("backward", "data", "grad"))
"""Keys of a target's map that are no ops."""


class Subject:
    """A class that can be run: how to make and read instances, the ops it has, how its gradients are asked for."""

    def __init__(self, loaded: Loaded, maker: construct.Maker, kind: str, candidates: Candidates) -> None:
        self.loaded = loaded
        self.maker = maker
        self.kind = kind
        self.candidates = candidates
        self.bound: dict[str, bind.Bound] = {}
        self.gradients: Any = None
        self.weighing: Any = None
        self.notes: list[str] = list(loaded.notes)
        self.missing: list[str] = []

    def hello(self) -> dict[str, Any]:
        """The answer to hello, without the protocol's number."""
        maker, gradients = self.maker, self.gradients
        constructor = maker.constructor
        probe = [
            {"what": "constructor", "found": constructor.form},
            {"what": "data", "found": maker.where},
            {"what": "gradient", "found": gradients.access.form},
            {"what": "backward", "found": gradients.start.form},
            {"what": "seed", "found": "may be given" if gradients.seeding is not None else "implicit"},
            {"what": "gradients shown", "found": "of every node" if gradients.inner else "of leaves only"},
            {"what": "requires_grad", "found": constructor.option or "no such argument"},
        ]
        if gradients.score < gradient.ALL_RIGHT:
            states = ("it raises " + gradients.told, "gradients can be read, all are 0", "not all gradients are right")
            probe.append({"what": "trial", "found": "a*b, a+b, a-b: " + states[gradients.score]})
        return {
            "engine": maker.cls.__name__ + " from " + self.loaded.place.file.name,
            "kind": self.kind,
            "requires_grad": constructor.option is not None,
            "ops": {name: bound.report() for name, bound in sorted(self.bound.items())},
            "unmatched": self.unmatched(),
            "backwards": backward.method_names(maker.cls),
            "in_place": [op for op in names.IN_PLACE if self.candidates.in_place(op) is not None],
            "inner_gradients": gradients.inner,
            "cotangents": gradients.seeding is not None or self.weighing.weighs,
            "several_roots": self.kind == "scalar" or self.weighing.sum is not None,
            "import_failure": self.loaded.failure,
            "spelling": spelling.spelling(self),
            "probe": probe,
            "notes": self.notes,
            "missing": self.missing,
        }

    def unmatched(self) -> list[str]:
        """Public methods that are bound to nothing, and functions of the subject's module likewise."""
        used = {b.candidate.name for b in self.bound.values()}
        used |= {spelled.split("(")[0].split(".")[-1] for b in self.bound.values() for spelled in b.also}
        used |= set(backward.method_names(self.maker.cls)) | {self.gradients.start.name}
        used |= {self.maker.where.strip(".()"), self.gradients.access.form.strip(".()")}
        used |= {name for name in dir(self.maker.cls) if names.normal(name) in gradient.ZEROING}
        methods = [name for listed in self.candidates.methods.values() for name in listed]
        found = [name for name in methods if name not in used and callable(getattr(self.maker.cls, name))]
        own = self.loaded.module.__name__
        found += [
            name + " (function)"
            for listed in self.candidates.functions.values()
            for name, value in listed
            if name not in used and not isinstance(value, type) and value.__module__ == own
        ]
        return sorted(found)


def probe(target: dict[str, Any]) -> Subject:
    """Load a target and find everything out. Raises LoadError."""
    loaded = load(target, stubs.StandIns())
    loaded.notes += neighbours.load(loaded)
    if guard.keep_limit():
        loaded.notes.append("its import sets the recursion limit to " + str(sys.getrecursionlimit()))
    return found(loaded, dict(target.get("map") or {}))


def found(loaded: Loaded, wanted: dict[str, str]) -> Subject:
    """Find everything out about a class that is loaded. Raises LoadError."""
    try:
        maker, kind = construct.find(loaded.cls, loaded.module, loaded.place.root)
    except construct.ConstructorError as error:
        raise LoadError("constructor", str(error)) from error
    subject, failure = None, None
    try:
        subject = bound(loaded, maker, kind, wanted)
    except gradient.GradientError as error:
        failure = error
    if subject is None or subject.gradients.score < gradient.ALL_RIGHT:
        told = packages.complete(loaded.place)
        if told is not None:
            loaded.notes.append(told)
            try:
                again = bound(loaded, maker, kind, wanted)
                subject = again if subject is None or again.gradients.score > subject.gradients.score else subject
            except gradient.GradientError:
                pass  # the first error says it as well
    if subject is None:
        raise LoadError("no backward", str(failure)) from failure
    return switched(subject, wanted) if subject.gradients.score < gradient.ALL_RIGHT else subject


def switched(subject: Subject, wanted: dict[str, str]) -> Subject:
    """The subject with the flag of its constructor that makes gradients right, if there is one."""
    loaded = subject.loaded
    for flag in construct.flags(loaded.cls):
        try:
            maker, kind = construct.find(loaded.cls, loaded.module, loaded.place.root, flag)
            again = bound(loaded, maker, kind, wanted)
        except (construct.ConstructorError, gradient.GradientError):
            continue
        if again.gradients.score == gradient.ALL_RIGHT:
            again.notes.append("leaves are made with " + flag + "=True: without it no gradient is right")
            return again
    return subject


def bound(loaded: Loaded, maker: construct.Maker, kind: str, wanted: dict[str, str]) -> Subject:
    """Bind ops and backward. Raises GradientError."""
    candidates = Candidates(maker, loaded.module, loaded.place)
    subject = Subject(loaded, maker, kind, candidates)
    trial = tester.Tester(maker, kind)
    ops = {k: v for k, v in wanted.items() if k not in SPECIAL}
    elementwise = bind.Elementwise(trial, candidates, ops, subject.notes)
    subject.bound, missing = elementwise.bind(), elementwise.missing
    if kind == "tensor":
        arranged = arrange.Arranged(trial, candidates, ops, subject.notes)
        subject.bound.update(arranged.bind())
        missing = {**missing, **arranged.missing}
    # Another spelling of the same op may do without.
    subject.missing = [*loaded.missing, *(note for op, note in missing.items() if op not in subject.bound)]
    subject.notes += missing.values()
    subject.notes += [
        op + " is " + b.candidate.name + ", which Python calls for nothing: only who writes its name does"
        for op, b in sorted(subject.bound.items())
        if uncalled(b.candidate.name)
    ]
    subject.notes += ["--map " + k + ": no such op can be bound" for k in ops if k not in subject.bound]
    subject.gradients = gradient.find(maker, candidates, kind, subject.bound, wanted.get("backward"))
    subject.weighing = weighing.Weighing(maker, kind, subject.bound, subject.gradients)
    return subject
