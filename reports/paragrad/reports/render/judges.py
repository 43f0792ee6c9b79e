"""The page of a judges record: targets, who found what, false alarms on the same graphs, the smallest faults, cost."""

from __future__ import annotations

from paragrad.reports.bodies.judges import CostRow, DetectionRow, JudgesBody, SmallestRow, TargetRow
from paragrad.reports.record import Record
from paragrad.reports.render.markdown import code, number, plural, table, text

MET = {True: "met", False: "**not met**"}


def blocks(body: JudgesBody, record: Record) -> list[str]:
    """The page, block by block."""
    met = [row["met"] for row in body["targets"]]
    page = ["# The judge beside four others", f"{sum(met)} of {plural(len(met), 'target')} met."]
    return [*page, *comparison(body)]


def comparison(body: JudgesBody) -> list[str]:
    """What the page says and the documentation repeats."""
    judges = body["judges"]
    shares = [_detection(row, judges) for row in body["detection"]]
    alarms = [
        (r["graphs"], r["dtype"], str(r["count"]), *(_share(r["alarms"][name], r["count"]) for name in judges))
        for r in body["sound"]
    ]
    heads = ("graphs", "dtype", "fault", "contained in", *map(text, judges), "why ours missed")
    return [
        "### Targets",
        table(("what", "target", "measured", ""), map(_target, body["targets"])),
        "### Found, of the graphs that contain the fault",
        table(heads, shares, left=3),
        "### False alarms, on the same graphs without a fault",
        table(("graphs", "dtype", "graphs judged", *map(text, judges)), alarms, left=2),
        "### The smallest fault found",
        table(("rule", "dtype", "ε", "programs until found"), map(_smallest, body["smallest"]), left=2),
        "### Cost, in seconds over the same programs",
        table(("programs", "count", "engine", "torch", "judge", "judge / (engine + torch)"), map(_cost, body["cost"])),
    ]


def _share(count: int, of: int) -> str:
    return f"{100 * count / of:.3g}%" if of else "-"


def _target(row: TargetRow) -> tuple[str, ...]:
    sign = "≤" if row["goal"] == "at most" else "≥"
    percent = "found," in row["what"] and row["goal"] == "at least"
    told = [f"{100 * x:.3g}%" if percent and x is not None else number(x) for x in (row["target"], row["measured"])]
    return (text(row["what"]), f"{sign} {told[0]}", told[1], MET[row["met"]])


def _detection(row: DetectionRow, judges: list[str]) -> tuple[str, ...]:
    fault = "`=` for `+=`" if row["epsilon"] is None else f"× (1 + {row['epsilon']:.0e})".replace("e-0", "e-")
    why = ", ".join(f"{text(reason)} {count}" for reason, count in sorted(row["missed"].items()))
    found = [_share(row["found"][name], row["contained"]) for name in judges]
    return (row["graphs"], row["dtype"], fault, str(row["contained"]), *found, why)


def _smallest(row: SmallestRow) -> tuple[str, ...]:
    found = "none" if row["programs"] is None else str(row["programs"])
    epsilon = "-" if row["epsilon"] is None else f"{row['epsilon']:.2e}"
    return (code(f"{row['op']}({row['parameter']})"), row["dtype"], epsilon, found)


def _cost(row: CostRow) -> tuple[str, ...]:
    engines = row["engine"] + row["torch"]
    times = [f"{row['engine']:.2f}", f"{row['torch']:.2f}", f"{row['judge']:.2f}", f"{row['judge'] / engines:.2f}"]
    return (row["programs"], str(row["count"]), *times)
