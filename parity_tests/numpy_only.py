"""Proves that paragrad.engine needs NumPy and nothing else.

`nox -s numpy_only` runs it where nothing else is installed. With `--refuse` an import hook refuses every other
distribution, so that the tests can run the same proof in an environment that has them.
"""

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec

ALLOWED = {"numpy", "paragrad", "__main__", *sys.stdlib_module_names}
STRANGERS = ("torch", "hypothesis", "rich", "jinja2", "mpmath", "psutil")


class Refuse:
    """An import hook that knows the standard library, NumPy and paragrad."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        """Raise for anything else; None leaves the rest to the ordinary finders."""
        if name.partition(".")[0] not in ALLOWED:
            raise ModuleNotFoundError(f"refused: paragrad.engine may import NumPy only, not {name}", name=name)
        return None


def main(arguments: Sequence[str]) -> None:
    """Import every module of the engine, differentiate with it, and look at what was loaded."""
    if "--refuse" in arguments:
        sys.meta_path.insert(0, Refuse)
    else:
        found = [name for name in STRANGERS if importlib.util.find_spec(name) is not None]
        assert not found, f"this environment should have NumPy and paragrad only, but has {found}"

    from paragrad import engine

    for module in pkgutil.walk_packages(engine.__path__, "paragrad.engine."):
        importlib.import_module(module.name)

    x = engine.Value(3.0)
    y = x * x + x
    y.backward()
    assert (y.data, x.grad) == (12.0, 7.0), (y.data, x.grad)

    w = engine.tensor([[1.0, 2.0]], requires_grad=True)
    (w @ engine.tensor([[3.0], [4.0]])).sum().backward()
    assert w.grad.tolist() == [[3.0, 4.0]], w.grad

    loaded = sorted({name.partition(".")[0] for name in sys.modules} & set(STRANGERS))
    assert not loaded, f"paragrad.engine loaded {loaded}"
    print(f"paragrad.engine works with NumPy {sys.modules['numpy'].__version__} alone")


if __name__ == "__main__":
    main(sys.argv[1:])
