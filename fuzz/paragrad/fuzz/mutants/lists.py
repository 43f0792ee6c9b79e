"""The two committed lists: mutants that no program can tell from the sound engine, and the quick selection.

`equivalents.json` gives for each id the reason; a listed mutant that is killed, or no longer exists, fails the run.
`quick.json` names the mutants of the quick run: each family, and each op at least once, all killed within few programs.
"""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).parent
EQUIVALENTS = HERE / "equivalents.json"
QUICK = HERE / "quick.json"


def equivalents(path: Path = EQUIVALENTS) -> dict[str, str]:
    """The reason by id. The file groups ids that share a reason: [{"reason": ..., "ids": [...]}, ...]."""
    groups = json.loads(path.read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for group in groups:
        for ident in group["ids"]:
            if ident in found:
                raise ValueError(f"{path.name}: {ident} is listed twice")
            found[ident] = group["reason"]
    return found


def quick(path: Path = QUICK) -> list[str]:
    """The ids of the quick run."""
    found: list[str] = json.loads(path.read_text(encoding="utf-8"))
    return found
