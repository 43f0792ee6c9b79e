"""How the plots of the chapters look: SVG, no background, colours that can be read on white and on black."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
from matplotlib import rcParams
from matplotlib_inline.backend_inline import set_matplotlib_formats

GREY, BLUE, ORANGE, GREEN, RED = "#777c84", "#3b82c4", "#d9792b", "#2f9e6e", "#d2555a"

set_matplotlib_formats("svg")
rcParams.update(
    {
        "figure.figsize": (6.0, 3.4),
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "axes.edgecolor": GREY,
        "axes.labelcolor": GREY,
        "axes.titlecolor": GREY,
        "axes.titlesize": "medium",
        "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, GREEN, RED, GREY]),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": GREY,
        "grid.alpha": 0.25,
        "legend.frameon": False,
        "legend.labelcolor": GREY,
        "text.color": GREY,
        "xtick.color": GREY,
        "ytick.color": GREY,
        "lines.linewidth": 2.0,
        "svg.hashsalt": "paragrad",  # the same figure is the same file
        "svg.fonttype": "none",
        "font.size": 11.0,
    }
)


def axes(x: str, y: str, columns: int = 1, **options: Any) -> Any:
    """New labelled axes, or a row of them."""
    _, made = plt.subplots(1, columns, layout="constrained", **options)
    for one in made if columns > 1 else [made]:
        one.set_xlabel(x)
        one.set_ylabel(y)
    return made
