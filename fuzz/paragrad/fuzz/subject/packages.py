"""Where a file stands: its package, the folder that its imports start from, and the shell that stands for a package.

A shell is a package without its `__init__.py` having run: relative imports work, and an `__init__.py` that is missing,
fails or trains does no harm. It runs only when a name that it alone can define is asked for.
"""

from __future__ import annotations

import ast
import importlib
import importlib.machinery
import importlib.util
import linecache
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Iterator

from .plain import message


class Place:
    """A source file: `root` comes first on the path, `package` are the names of the folders from there to the file."""

    def __init__(self, file: Path, root: Path, package: tuple[str, ...], imported: tuple[str, ...] = ()) -> None:
        self.file = file
        self.root = root
        self.package = package
        self.imported = imported
        self.stem = file.parent.name if file.stem == "__init__" and package else file.stem
        names = package if file.stem == "__init__" else (*package, file.stem)
        self.name = ".".join(names) if names else file.stem


def imports(tree: ast.AST | None) -> Iterator[tuple[str, int]]:
    """The modules that a source imports, each with its level (0: absolute)."""
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, 0
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.level


def locate(file: Path, tree: ast.AST | None) -> Place:
    """The place of a file: packages are the folders with `__init__.py`, and those that its own imports name.

    A name that it imports says where the path starts, whatever `__init__.py` there is above.
    """
    folders = list(file.parents)
    depth, named, relative = 0, 0, 0
    while depth < len(folders) - 1 and (folders[depth] / "__init__.py").is_file():
        depth += 1
    for name, level in imports(tree):
        relative = max(relative, level)
        if level == 0:
            parts = name.split(".")
            for height, folder in enumerate(folders[:-1]):
                sub = folder.joinpath(*parts[1:])
                if folder.name == parts[0] and len(parts) > 1 and (sub.with_suffix(".py").is_file() or sub.is_dir()):
                    named = max(named, height + 1)
    depth = min(max(named or depth, relative), len(folders) - 1)
    package = tuple(folder.name for folder in reversed(folders[:depth]))
    return Place(file, folders[depth], package, tuple([name for name, level in imports(tree) if level == 0]))


def nearer(place: Place, name: str) -> Place | None:
    """The place of the same file in fewer packages, where a module of this name lies between it and its root."""
    for count in range(1, len(place.package)):
        folder = place.file.parents[count]
        if local(folder, name):
            return Place(place.file, folder, place.package[-count:], place.imported)
    return None


def local(root: Path, name: str) -> bool:
    """Whether a top-level module of this name lies in the folder."""
    return (root / (name + ".py")).is_file() or (
        (root / name).is_dir() and any(child.suffix == ".py" for child in (root / name).iterdir())
    )


class Shell(ModuleType):
    """A package whose `__init__.py` has not run."""

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(name)
        self.__path__ = [str(folder)]
        self.__package__ = name
        self.__file__ = str(folder / "__init__.py")
        self.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
        self.__spec__.submodule_search_locations = self.__path__
        self.__dict__["_folder"] = folder
        self.__dict__["_ran"] = False

    def __getattr__(self, name: str) -> Any:
        """A submodule, or a name that `__init__.py` defines, which then runs."""
        if name.startswith("__"):
            raise AttributeError(name)
        folder: Path = self.__dict__["_folder"]
        if (folder / (name + ".py")).is_file() or local(folder, name):
            return importlib.import_module(self.__name__ + "." + name)
        if self.complete() and name in self.__dict__:
            return self.__dict__[name]
        raise AttributeError("module " + self.__name__ + " has no attribute " + name)

    def complete(self) -> bool:
        """Run `__init__.py`; false where there is none or it has run."""
        file = self.__dict__["_folder"] / "__init__.py"
        if self.__dict__["_ran"] or not file.is_file():
            return False
        self.__dict__["_ran"] = True
        exec(compile(file.read_bytes(), str(file), "exec"), self.__dict__)
        return True


def complete(place: Place) -> str | None:
    """Run the `__init__.py` of the packages around the file, the innermost first; what became of it, or None."""
    told = None
    for depth in range(len(place.package), 0, -1):
        shell = sys.modules.get(".".join(place.package[:depth]))
        try:
            if isinstance(shell, Shell) and shell.complete():
                told = "its package's __init__.py was run, too: it completes the class"
        except BaseException as error:
            return "its package's __init__.py raises " + type(error).__name__ + ": " + message(error)
    return told


def open_shells(place: Place) -> None:
    """Register a shell for each package around the file, and for folders that an installed package would hide."""
    for name in place.imported:
        top = name.partition(".")[0]
        bare = (place.root / top).is_dir() and not (place.root / top / "__init__.py").is_file()
        if bare and local(place.root, top):
            sys.modules[top] = Shell(top, place.root / top)
    folder = place.root
    for depth, part in enumerate(place.package, start=1):
        folder = folder / part
        name = ".".join(place.package[:depth])
        if name == place.name:  # the file is this package's own __init__.py
            continue
        shell = Shell(name, folder)
        sys.modules[name] = shell
        if depth > 1:
            setattr(sys.modules[".".join(place.package[: depth - 1])], part, shell)


def forget(place: Place, kept: set[str]) -> None:
    """Drop what lies under the root, as before a second try; libraries stay, for NumPy can't be loaded twice."""
    installed = "site-packages" in place.root.parts
    for name, module in list(sys.modules.items()):
        own = not installed or name.partition(".")[0] == place.name.partition(".")[0]
        if own and name not in kept and under(place.root, module):
            del sys.modules[name]


def under(root: Path, module: Any) -> bool:
    """Whether a module's file lies under the folder."""
    file = getattr(module, "__file__", None)
    if not isinstance(file, str):
        return False
    try:
        Path(file).resolve().relative_to(root)
    except ValueError:
        return False
    return "site-packages" not in Path(file).resolve().relative_to(root).parts


def raised(root: Path, error: BaseException) -> str | None:
    """The last line under the folder that an exception passed: file, number and text."""
    found = None
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if str(root) in file and "site-packages" not in file[len(str(root)) :]:
            found = (file, trace.tb_lineno)
        trace = trace.tb_next
    if found is None:
        return None
    return found[0] + ":" + str(found[1]) + ": " + linecache.getline(*found).strip()


def make_way(root: Path) -> None:
    """Let the folder's own files win over standard modules that happen to be loaded, as they would for a script."""
    for name in [n for n in sys.modules if "." not in n]:
        if name in sys.builtin_module_names or name in ("__main__", "os", "io", "abc", "site", "codecs", "types"):
            continue
        if (root / (name + ".py")).is_file() and not under(root, sys.modules[name]):
            del sys.modules[name]


def strangers(root: Path) -> Iterator[tuple[str, str]]:
    """Modules that the subject's modules use, of which the folder has one of the same name, but from elsewhere."""
    for module in [m for m in list(sys.modules.values()) if under(root, m)]:
        for value in list(vars(module).values()):
            source = value if isinstance(value, ModuleType) else sys.modules.get(getattr(value, "__module__", "") or "")
            if source is None or not isinstance(getattr(source, "__file__", None), str):
                continue
            top = source.__name__.partition(".")[0]
            if local(root, top) and not under(root, source) and top not in sys.builtin_module_names:
                yield source.__name__, str(source.__file__)
