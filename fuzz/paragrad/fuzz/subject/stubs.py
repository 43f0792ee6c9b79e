"""Modules that stand in for what is not installed.

A plotting library is not needed to compute: `Inert` takes its place and does nothing. Any other missing library gets
a `missing` module, which may be imported and says what is missing as soon as it is used.
"""

from __future__ import annotations

import ast
import importlib.machinery
import sys
import typing
from pathlib import Path
from types import ModuleType
from typing import Any, Callable

INERT = frozenset(
    "matplotlib pylab mpl_toolkits seaborn graphviz pydot pydotplus pygraphviz networkx plotly bokeh altair pyvis "
    "torchviz rich tqdm IPython ipywidgets termcolor colorama tabulate wandb tensorboard tensorboardX streamlit gradio "
    "manim imageio PIL cv2 prettytable loguru icecream alive_progress progressbar pygments".split()
)


class MissingDependency(ModuleNotFoundError):
    """Something of the subject needs a library that its interpreter has not."""


class _Named:
    """Stands for a class, too: nothing is an instance of it, and annotations may name it beside others."""

    def __instancecheck__(self, instance: Any) -> bool:
        return False

    def __or__(self, other: Any) -> Any:
        return other

    __ror__ = __or__


class Inert(_Named):
    """Anything a plotting library may give: called, indexed or asked for an attribute, it is itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # A progress bar and a decorator give back what they were given; Digraph("name") is a graph, and no name.
        given = bool(args) and (callable(args[0]) or hasattr(args[0], "__iter__"))
        return args[0] if given and not isinstance(args[0], (str, bytes, dict)) else self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> Any:
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __iter__(self) -> Any:
        return iter(())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __mro_entries__(self, bases: Any) -> tuple[Any, ...]:
        return ()


def _inert(name: str) -> Any:
    return Inert()


class _Unusable(_Named):
    """A name of a missing library."""

    def __init__(self, library: str) -> None:
        self.__dict__["library"] = library

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        raise MissingDependency(self.__dict__["library"] + " is not installed for this interpreter")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise MissingDependency(self.__dict__["library"] + " is not installed for this interpreter")


def newer_typing(tree: ast.AST) -> list[str]:
    """Let stand-ins do for what a source imports from a `typing` newer than this Python's; a sentence for each."""
    asked = [n for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "typing"
             for n in node.names]  # fmt: skip
    lacking = sorted({alias.name for alias in asked if alias.name != "*" and not hasattr(typing, alias.name)})
    for name in lacking:
        setattr(typing, name, Inert())
    return ["typing." + name + " is not in this Python: an inert stub replaces it" for name in lacking]


class StandIns:
    """The last finder on `sys.meta_path`: gives a stand-in where nothing else was found, and remembers which."""

    def __init__(self) -> None:
        self.missing: set[str] = set()
        self.used: set[str] = set()
        self.sought: dict[str, str] = {}
        """Modules that are not there, and the file that asked for each."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """A spec for a plotting library, or for one that was declared missing."""
        top = name.partition(".")[0]
        if top not in INERT and top not in self.missing:
            self.sought.setdefault(name, _asking())
            return None
        self.used.add(top)
        loader: Any = self  # by its methods, as Python takes it
        return importlib.machinery.ModuleSpec(name, loader, is_package=True)

    def create_module(self, spec: Any) -> ModuleType:
        """An empty module."""
        return ModuleType(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Whatever name is asked of it exists."""
        top = module.__name__.partition(".")[0]
        made: Callable[[str], Any] = _inert if top in INERT else lambda name: _Unusable(top)

        def give(name: str) -> Any:
            if name.startswith("__") and name.endswith("__"):
                raise AttributeError(name)
            return made(name)

        module.__path__ = []
        module.__dict__["__getattr__"] = give

    def install(self) -> None:
        """Be asked last."""
        if self not in sys.meta_path:
            sys.meta_path.append(self)

    def notes(self) -> list[str]:
        """What was replaced, a sentence each."""
        return [
            "import of " + name + " replaced by an inert stub"
            if name in INERT
            else name + " is not installed for this interpreter: what needs it is left out"
            for name in sorted(self.used)
        ]

    def done_without(self, root: Path) -> list[str]:
        """Modules that a file under `root` imports inside a try and does without, a sentence each."""
        return [
            name + " can't be imported, and " + Path(file).name + " does without it: that is what is checked"
            for name, file in sorted(self.sought.items())
            if name not in sys.modules and name.partition(".")[0] not in self.missing and root in Path(file).parents
        ]


def _asking() -> str:
    """The file whose import is under way."""
    frame: Any = sys._getframe(1)
    while frame is not None and (frame.f_code.co_filename == __file__ or "importlib" in frame.f_code.co_filename):
        frame = frame.f_back
    return "" if frame is None else str(frame.f_code.co_filename)
