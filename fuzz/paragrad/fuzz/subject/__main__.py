"""Start the child: load the sibling files under a private package name, then answer requests."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path

PACKAGE = "_paragrad_subject"


def main() -> int:
    """Serve the parent until it says goodbye or goes away; the exit code."""
    folder = Path(__file__).resolve().parent
    # A script's own folder is first on the path: there a subject's `import load` would find ours.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != folder]
    place = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert place is not None and place.loader is not None
    package = importlib.util.module_from_spec(place)
    sys.modules[PACKAGE] = package
    place.loader.exec_module(package)
    return int(importlib.import_module(PACKAGE + ".serve").serve())


if __name__ == "__main__":
    code = main()
    os._exit(code)  # threads that the subject left behind would keep it
