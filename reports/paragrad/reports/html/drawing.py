"""The drawing of a program for a page."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup


def program_svg(program: dict[str, Any]) -> Markup | None:
    """The program as inline SVG; None where nothing draws it."""
    return None
