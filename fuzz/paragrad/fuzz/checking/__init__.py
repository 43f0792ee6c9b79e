"""check: somebody else's engine, from single ops to deep graphs, and what is wrong with it, most serious first.

`trials` says what is tried, `severity` how bad a finding is, `run` does it.
"""

from paragrad.fuzz.checking.report import Checked, Report
from paragrad.fuzz.checking.run import check
from paragrad.fuzz.checking.severity import SEVERITIES

__all__ = ["SEVERITIES", "Checked", "Report", "check"]
