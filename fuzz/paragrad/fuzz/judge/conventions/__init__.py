"""What torch does where mathematics leaves a choice: at kinks, ties, poles, in empty sums and with NaN and infinity.

Releases of torch choose differently: 2.14 moved the gradient of clamp at its bound from 1 to 0. So the choices are
probed (`points` says where, `probe` how), committed one file a minor version of torch (`torch-2.13.json`), and the
installed torch is compared with the file of its version (`table`).
"""

from paragrad.fuzz.judge.conventions.probe import Answer, answer, probe
from paragrad.fuzz.judge.conventions.table import ConventionsError, Moved, Table, load, measure, moved, nearest, write

__all__ = [
    "Answer",
    "ConventionsError",
    "Moved",
    "Table",
    "answer",
    "load",
    "measure",
    "moved",
    "nearest",
    "probe",
    "write",
]
