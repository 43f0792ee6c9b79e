"""The judge's time beside that of the two engines it judges, on programs without a finding, in one run."""

from __future__ import annotations

from paragrad.fuzz import campaign
from paragrad.reports.bodies.judges import CostRow

FAMILIES: dict[str, tuple[str, ...]] = {"scalar": ("scalar",), "tensor": ("op", "graph", "mlp", "training")}


def cost(programs: int, seed: int) -> list[CostRow]:
    """Seconds of engine, torch and judge over `programs` programs of each kind. Raises RuntimeError for a finding."""
    rows: list[CostRow] = []
    for kind, families in FAMILIES.items():
        asked = campaign.Options(programs=programs, seconds=600.0, seed=seed, families=families, replay=())
        outcome = campaign.run(asked)
        if outcome.failure is not None:
            raise outcome.failure
        if outcome.found:
            raise RuntimeError(f"a finding among the programs that are timed: {outcome.found[0].finding.title}")
        spent = outcome.seconds
        rows.append(
            {
                "programs": kind,
                "count": outcome.judged,
                "engine": round(spent["engine"], 6),
                "torch": round(spent["torch"], 6),
                "judge": round(spent["judge"], 6),
            }
        )
    return rows
