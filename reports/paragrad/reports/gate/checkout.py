"""The checkout that the gate is about: the one around the current folder, as for git."""

from __future__ import annotations

from pathlib import Path

ENGINE = Path("engine") / "paragrad" / "engine"


def top(folder: Path | None = None) -> Path:
    """The nearest folder above that is a git checkout, without git's help; the folder itself where there is none."""
    here = (Path.cwd() if folder is None else folder).resolve()
    return next((path for path in (here, *here.parents) if (path / ".git").exists()), here)


def another(checkout: Path) -> str:
    """Why what this process would measure is not the checkout's engine; nothing where it is, or there is none."""
    import paragrad.engine  # what a command needs before it knows whether the engine can be imported is `top`

    ours, loaded = (checkout / ENGINE).resolve(), Path(str(paragrad.engine.__file__)).resolve().parent
    if not ours.is_dir() or ours == loaded:
        return ""
    return (
        f"the engine that runs is {loaded}, and the checkout's is {ours}: accuracy would be another one's; run the "
        "environment in which this checkout is installed (`nox -s gate`)"
    )
