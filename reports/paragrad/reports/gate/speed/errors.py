"""What the speed gate can't go on with."""

from __future__ import annotations


class GateError(Exception):
    """There is nothing that could be compared; the message is one clear line that says how to mend it."""
