"""How exactly: ULP of each op's value and gradients, and gradient error against depth. `run` makes the record.

`script` writes one of the programs it measures.
"""

from paragrad.reports.accuracy.measure import run, script

__all__ = ["run", "script"]
