"""How exactly: ULP of each op's value and gradients, and gradient error against depth. `run` makes the record."""

from paragrad.reports.accuracy.measure import run

__all__ = ["run"]
