"""One run of everything that `paragrad judges` measures, and its record with the targets held against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from paragrad.reports import record
from paragrad.reports.bodies.judges import CostRow, DetectionRow, JudgesBody, SmallestRow, SoundRow, TargetRow
from paragrad.reports.judges.cost import cost
from paragrad.reports.judges.detection import DTYPES, GRAPHS, JUDGES, OURS, Detection
from paragrad.reports.judges.smallest import RULES, programs, smallest
from paragrad.reports.record import Record

Progress = Callable[[int, int, str], None]
"""Called with steps done, steps in all, and what comes next."""


@dataclass(frozen=True, slots=True)
class Options:
    """How much to measure: scalar graphs (tensor graphs cost more: a third as many), programs for the smallest fault,
    and programs of each kind for the cost."""

    seed: int = 0
    graphs: int = 300
    programs: int = 2000
    timed: int = 1500


DETECTED: tuple[tuple[str, float | None, dict[str, float]], ...] = (
    ("lost accumulation found", None, {"float32": 0.99, "float64": 0.99}),
    ("one rule × (1 + 1e-5) found", 1e-5, {"float32": 0.97}),
    ("one rule × (1 + 1e-6) found", 1e-6, {"float32": 0.90}),
    ("one rule × (1 + 1e-14) found", 1e-14, {"float64": 0.98}),
)
"""What share of the graphs that contain a fault ours has to find it in."""
SMALLEST = {"float32": 5e-7, "float64": 1e-15}
COST = 1.0


def run(options: Options, progress: Progress) -> Record:
    """Measure, and return the record."""
    counts = {"scalar": options.graphs, "tensor": -(-options.graphs // 3)}
    steps = [(graphs, dtype, number) for graphs in GRAPHS for dtype in DTYPES for number in range(counts[graphs])]
    total = len(steps) + len(DTYPES) * len(RULES) + 1
    found = {(graphs, dtype): Detection(graphs, dtype) for graphs in GRAPHS for dtype in DTYPES}
    for done, (graphs, dtype, number) in enumerate(steps):
        progress(done, total, f"{graphs} graphs, {dtype}")
        found[graphs, dtype].graph(options.seed, number)
    least: list[SmallestRow] = []
    for dtype in DTYPES:
        drawn = programs(dtype, options.seed, options.programs)
        for name, parameter in RULES:
            progress(len(steps) + len(least), total, f"smallest fault in {name}, {dtype}")
            least.append(smallest(name, parameter, dtype, drawn))
    progress(total - 1, total, "cost")
    spent = cost(options.timed, options.seed)
    detection = [row for measured in found.values() for row in measured.rows()]
    sound: list[SoundRow] = [
        {"graphs": m.graphs, "dtype": m.dtype, "count": m.judged, "alarms": {name: m.alarms[name] for name in JUDGES}}
        for m in found.values()
    ]
    body: JudgesBody = {
        "judges": list(JUDGES),
        "detection": detection,
        "sound": sound,
        "smallest": least,
        "cost": spent,
        "targets": targets(detection, sound, least, spent),
    }
    judged, refused = sum(m.judged for m in found.values()), sum(m.refused for m in found.values())
    tally: record.Counts = {
        "requested": len(steps),
        "judged": judged,
        "filtered": {"refused by torch or without a gradient": refused} if refused else {},
        "crashed": 0,
        "not_run": 0,
    }
    asked = {"graphs": options.graphs, "programs": options.programs, "timed": options.timed}
    progress(total, total, "")
    return record.new("judges", options.seed, asked, tally, body)


def targets(
    detection: list[DetectionRow], sound: list[SoundRow], least: list[SmallestRow], spent: list[CostRow]
) -> list[TargetRow]:
    """The targets, and what was measured."""
    rows = [at_most(f"false alarms on {r['graphs']} graphs, {r['dtype']}", 0, r["alarms"][OURS]) for r in sound]
    for what, epsilon, wanted in DETECTED:
        for row in detection:
            if row["epsilon"] == epsilon and row["dtype"] in wanted:
                share = row["found"][OURS] / row["contained"] if row["contained"] else None
                target = wanted[row["dtype"]]
                met = share is not None and share >= target
                told = f"{what}, {row['graphs']} graphs, {row['dtype']}"
                rows.append({"what": told, "target": target, "measured": share, "goal": "at least", "met": met})
    for dtype, target in SMALLEST.items():
        of_dtype = [row["epsilon"] for row in least if row["dtype"] == dtype]
        known = [epsilon for epsilon in of_dtype if epsilon is not None]
        worst = max(known, default=None) if len(known) == len(of_dtype) else None
        rows.append(at_most(f"smallest fault found, any rule, {dtype}", target, min(known, default=None)))
        rows.append(at_most(f"smallest fault found, worst rule, {dtype}", target, worst))
    for spent_on in spent:
        ratio = spent_on["judge"] / (spent_on["engine"] + spent_on["torch"])
        rows.append(at_most(f"judge's time / engines' time, {spent_on['programs']} programs", COST, ratio))
    return rows


def at_most(what: str, target: float, measured: float | None) -> TargetRow:
    """A target that is not to be exceeded."""
    met = measured is not None and measured <= target
    return {"what": what, "target": target, "measured": measured, "goal": "at most", "met": met}
