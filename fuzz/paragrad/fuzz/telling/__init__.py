"""How a finding is told: in the subject's own spelling, with witnesses, the line at fault and the rule that was meant.

`writer` writes calls as the subject's user would, `expression` whole programs; `witnesses` are the differences of the
forward, `places` finds lines, `rules` quotes the op table, `told` puts it together, `scripts` shows it alone.
"""

from paragrad.fuzz.telling.scripts import script
from paragrad.fuzz.telling.told import Told, tell

__all__ = ["Told", "script", "tell"]
