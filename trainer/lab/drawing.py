"""How the lab draws: one style, colours that everybody can tell apart, panels with their labels."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from trainer.evaluation import charts

# The style of the report's charts, with mathematics and a ground of its own.
SETTINGS: dict[Any, Any] = {
    **charts.SETTINGS,
    "text.parse_math": True,
    "mathtext.fontset": "dejavusans",
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.grid": True,
    "grid.color": "#d9d9d9",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.facecolor": "white",
}

# Okabe & Ito 2008: told apart with any kind of colour vision.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, RED, PINK, GREY = "#0072B2", "#D55E00", "#CC79A7", "#8A8A8A"
SERIES = (BLUE, RED, GREEN, ORANGE, PINK, SKY, BLACK)
# What is real, and what is generated, in every figure.
REAL, FAKE = BLUE, RED
# Nothing is white, much is dark.
DENSITY = LinearSegmentedColormap.from_list("density", ["#ffffff", SKY, BLUE, "#08233f"])
# From fake over undecided to real.
JUDGEMENT = LinearSegmentedColormap.from_list("judgement", ["#f3b48a", "#ffffff", "#8fbfe0"])


def panels(
    rows: int, columns: int, size: tuple[float, float], **options: Any
) -> tuple[Figure, np.ndarray]:
    """A figure of `size` inches with panels [rows, columns]."""
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def label(axes: Axes, title: str, x: str = "", y: str = "") -> None:
    """Title and axes of a panel in words."""
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def bare(axes: Axes) -> None:
    """A picture: no ticks and no grid, a thin frame."""
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set(visible=True, linewidth=0.5, color=GREY)


def listed(values: Any, digits: int = 6) -> Any:
    """Arrays as lists of numbers of so many significant digits, for JSON."""
    array = np.asarray(values)
    if array.ndim == 0:
        return float(f"{float(array):.{digits}g}")
    if np.issubdtype(array.dtype, np.integer):
        return array.tolist()
    return [listed(value, digits) for value in array]


def pair(values: Iterable[complex]) -> list[list[float]]:
    """Complex numbers as [real, imaginary]."""
    return [[listed(value.real), listed(value.imag)] for value in values]
