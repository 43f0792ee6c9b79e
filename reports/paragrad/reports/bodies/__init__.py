"""What a record of each kind holds, a file a kind. These types are the schema: `record.check` holds documents to them,
and `docs/record.md` is made of them.
"""

from __future__ import annotations

from typing import Any

from paragrad.reports.bodies.accuracy import AccuracyBody
from paragrad.reports.bodies.diff import DiffBody
from paragrad.reports.bodies.false_alarms import FalseAlarmsBody
from paragrad.reports.bodies.gate import GateBody
from paragrad.reports.bodies.judges import JudgesBody
from paragrad.reports.bodies.mutants import MutantsBody
from paragrad.reports.bodies.parity import ParityBody
from paragrad.reports.bodies.peers import PeersBody
from paragrad.reports.bodies.speed import SpeedBody

BODIES: dict[str, Any] = {
    "parity": ParityBody,
    "accuracy": AccuracyBody,
    "speed": SpeedBody,
    "mutants": MutantsBody,
    "false-alarms": FalseAlarmsBody,
    "judges": JudgesBody,
    "peers": PeersBody,
    "gate": GateBody,
    "diff": DiffBody,
}
