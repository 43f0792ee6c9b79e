"""Engines that go by a name: ours, and the peers that `paragrad check` knows.

A peer is an adapter in `peers/`, or a class in its own package where none is needed. It runs in a child process, as
anyone's engine does.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import inspect
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

from paragrad.engine import scalar
from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.engines.foreign import Foreign, Source
from paragrad.fuzz.engines.own import Own
from paragrad.fuzz.engines.own_scalar import OwnScalar
from paragrad.fuzz.engines.worker.errors import SubjectError
from paragrad.fuzz.engines.worker.limits import Limits
from paragrad.fuzz.engines.worker.protocol import Hello, Spelling, Target
from paragrad.fuzz.program import Program
from paragrad.fuzz.trace import Trace

ADAPTERS = Path(__file__).parent / "peers"
GIB = 1 << 30
STRICT = Limits()


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer: the package that has to be installed, and its adapter, or the file and class within the package.

    `limits` where a program may take longer, or more memory, than one of anybody else's.
    """

    package: str
    adapter: str | None = None
    within: str | None = None
    class_name: str | None = None
    limits: Limits = STRICT

    @property
    def version(self) -> str | None:
        """What is installed of it, or None."""
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            return None

    def target(self) -> Target:
        """Where the child finds it. Raises SubjectError where it is not installed."""
        if self.version is None:
            how = f'{sys.executable} -m pip install {self.package}, or "paragrad[peers]" for all peers'
            raise SubjectError("not installed", f"{self.package} is not installed here; install it with {how}")
        if self.adapter is not None:
            return Target(path=ADAPTERS / self.adapter, root=ADAPTERS)
        spec = importlib.util.find_spec(self.package)
        assert spec is not None and spec.submodule_search_locations and self.within
        folder = Path(next(iter(spec.submodule_search_locations)))
        return Target(path=folder / self.within, class_name=self.class_name, root=folder.parent)


PEERS: dict[str, Peer] = {
    "micrograd": Peer("micrograd", within="engine.py", class_name="Value"),
    "mygrad": Peer("mygrad", "mygrad_tensor.py"),
    "autograd": Peer("autograd", "hips_autograd.py"),
    "jax": Peer("jax", "jax_cpu.py", limits=Limits(seconds=60.0, memory=4 * GIB, hello=60.0)),
    "torch": Peer("torch", "torch_eager.py", limits=Limits(seconds=10.0, memory=4 * GIB, hello=60.0)),
    "torch.compile": Peer("torch", "torch_compiled.py", limits=Limits(seconds=120.0, memory=8 * GIB, hello=120.0)),
}
"""The peers by name."""


class Ours:
    """One of our own engines, in this process, with the face of a foreign one."""

    foreign = False

    def __init__(self, engine: Own | OwnScalar) -> None:
        self.engine = engine
        self.name = engine.name
        self.notes: list[str] = []
        self.restarts = 0
        kind = "scalar" if isinstance(engine, OwnScalar) else "tensor"
        ops = {op: Spelling(op) for op in sorted(engine.ops())}
        self.hello = Hello(engine.name, kind, True, ops, (), (("runs", "in this process"),), ())

    def ops(self) -> frozenset[str]:
        """The ops of the engine."""
        return self.engine.ops()

    def run(self, program: Program) -> Trace:
        """Run a program."""
        return self.engine.run(program)

    def run_many(self, programs: Iterable[Program]) -> Iterator[Trace]:
        """Run programs, one by one."""
        return map(self.engine.run, programs)

    def source(self, op: str) -> Source | None:
        """Where an op is defined."""
        method = getattr(scalar.Value, op, None)
        function: Any = method if isinstance(self.engine, OwnScalar) else TABLE[op].compute if op in TABLE else None
        try:
            lines, first = inspect.getsourcelines(function)  # TypeError for None
        except (TypeError, OSError):
            return None
        return Source(str(inspect.getsourcefile(function)), first, "".join(lines))

    def __enter__(self) -> Ours:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is to be ended."""


Started: TypeAlias = Foreign | Ours
"""An engine that is ready to be asked."""

OWN: dict[str, type[Own] | type[OwnScalar]] = {"own": Own, "own.Value": OwnScalar}
"""Our engines by name."""


def known(name: str | None, python: Path | None = None) -> Started | None:
    """The engine that goes by this name, started; None where the name is none of those.

    A peer runs in our own Python unless another is named. Raises SubjectError where it is not installed.
    """
    if name in OWN and name is not None:
        return Ours(OWN[name]())
    if name not in PEERS:
        return None
    peer = PEERS[name]
    return Foreign(peer.target(), python=python or Path(sys.executable), limits=peer.limits)
