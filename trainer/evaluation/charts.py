"""Curves over training as small SVG pictures that take their colours from the page around them."""

import io
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from trainer.evaluation.formatting import arrow
from trainer.evaluation.results import Evaluation, MetricValue
from trainer.evaluation.table import best_step, trends_of
from trainer.game.readings import PREFIX

# matplotlib writes these colours, and `_themed` puts the page's own in their place.
_INK = "#010101"
_SERIES = ("#010102", "#010103", "#010104", "#010105")
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "saddlepoint",
    "text.parse_math": False,
    "axes.edgecolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 9,
    "axes.formatter.limits": (-3, 5),
    "axes.formatter.useoffset": False,
}
_INCHES = (3.6, 1.9)
# Points of a line: more than a chart of this size can show would only make the page heavy.
_MOST_POINTS = 200
# Which columns of metrics.jsonl share a chart; others get none.
_Groups = tuple[tuple[str, re.Pattern[str]], ...]
_TRAINING: _Groups = (
    ("Losses", re.compile(r"loss|penalty")),
    ("Logits", re.compile(r"logits")),
    ("Probability of being real", re.compile(r"D\(")),
)
_INSTRUMENTS: _Groups = tuple(
    (title, re.compile(rf"^{PREFIX}(?:\w+/)?(?:{names})$"))
    for title, names in (
        ("Accuracy of the discriminator", "(?:real|fake|held_out)_accuracy"),
        ("Classes asked for, read by the discriminator", "class_accuracy"),
        ("Log loss on held-out examples and fakes (equilibrium: ln 2)", "held_out_cross_entropy"),
        ("Logits: training less held-out examples", "held_out_gap"),
        ("Diversity of a batch (data: 1)", "diversity"),
        ("What the latent and the condition change", r"conditional_diversity|condition_effect\w*"),
        (
            "Nats that fakes hold of codes (at most their entropy)",
            r"(?:information|entropy)_of_\w+",
        ),
        ("Recall of held-out examples, in a batch", "recall|recall_of_real"),
        ("Norms of the gradients", r"\w+_gradient_norm"),
        ("Norms of the weights", r"\w+_weight_norm"),
    )
)


@dataclass(frozen=True)
class Chart:
    """A picture with its title and the names of its lines, which the page sets in its own type.

    Attributes:
        title: in words, or a number's name.
        svg: an `<svg>` element.
        lines: names, the first one in the page's colour `--series-1`, and so on.
        note: a sentence under the chart; may be empty.
    """

    title: str
    svg: str
    lines: tuple[str, ...] = ()
    note: str = ""


def training_charts(rows: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """Losses and logits over steps, from the rows of metrics.jsonl."""
    return _grouped(rows, _TRAINING)


def instrument_charts(rows: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """What the instruments showed over steps, from the rows of metrics.jsonl."""
    return _grouped(rows, _INSTRUMENTS)


def _grouped(rows: Sequence[Mapping[str, Any]], groups: _Groups) -> list[Chart]:
    charts = []
    for title, pattern in groups:
        names = [name for name in _columns(rows) if pattern.search(name)][: len(_SERIES)]
        if names:
            lines = tuple(name.removeprefix(PREFIX) for name in names)
            charts.append(Chart(title, _lines(rows, names), lines))
    return charts


def evaluation_charts(evaluation: Evaluation, history: Sequence[Evaluation]) -> list[Chart]:
    """Each number of an evaluation over the steps at which it was made, the best one ringed."""
    trends = trends_of(evaluation, history)
    return [
        Chart(
            f"{name}\N{NO-BREAK SPACE}{arrow(next(iter(by_step.values())).info)}",
            *_trend(by_step),
        )
        for name, by_step in trends.items()
        if len(by_step) > 1
    ]


def _columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, None]:
    """The names of numeric columns, in the order in which they appear."""
    return {
        name: None for row in rows for name, value in row.items() if isinstance(value, int | float)
    }


def _lines(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    def draw(axes: Axes) -> None:
        for name, colour in zip(names, _SERIES, strict=False):
            axes.plot(*_points(rows, name), color=colour, linewidth=1.4)

    return _drawn(draw)


def _points(rows: Sequence[Mapping[str, Any]], name: str) -> np.ndarray:
    """Steps and values of a column [2, n]; of many the means of equal parts."""
    pairs = [
        (row["step"], row[name])
        for row in rows
        if isinstance(row.get(name), int | float) and math.isfinite(row[name]) and "step" in row
    ]
    parts = np.array_split(
        np.array(pairs, float).reshape(-1, 2), min(len(pairs), _MOST_POINTS) or 1
    )
    return np.array([part.mean(axis=0) for part in parts if len(part)]).reshape(-1, 2).T


def _trend(by_step: Mapping[int, MetricValue]) -> tuple[str, tuple[str, ...], str]:
    """The picture of one number, no names of lines, and where it was best."""
    steps, numbers = list(by_step), list(by_step.values())
    values = np.array([number.value for number in numbers])
    errors = np.array([number.error or 0.0 for number in numbers])
    top, info = best_step(by_step), numbers[0].info

    def draw(axes: Axes) -> None:
        axes.fill_between(
            steps, values - errors, values + errors, color=_SERIES[0], alpha=0.25, linewidth=0
        )
        axes.plot(steps, values, color=_SERIES[0], linewidth=1.4, marker=".", markersize=5)
        if info.direction == "nearest":
            axes.axhline(info.target, color=_INK, linewidth=0.8, linestyle=":")
        if top is not None:
            best = [top], [by_step[top].value]
            axes.plot(*best, "o", color=_SERIES[1], markersize=9, markerfacecolor="none")

    return _drawn(draw), (), "" if top is None else f"best at step {top}"


def _drawn(draw: Callable[[Axes], None]) -> str:
    """An `<svg>` element with what was drawn over steps."""
    buffer = io.StringIO()
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=_INCHES, layout="constrained")
        axes = figure.add_subplot()
        axes.grid(axis="y", color=_INK, alpha=0.12, linewidth=0.6)
        draw(axes)
        axes.margins(x=0.03)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return _themed(buffer.getvalue())


# What only a file of its own needs, what the page decides, and digits that no eye sees.
_SUPERFLUOUS = (
    (re.compile(r"<metadata>.*?</metadata>", re.DOTALL), ""),
    (re.compile(r"<defs>\s*<style.*?</defs>", re.DOTALL), ""),
    (re.compile(r' (?:xmlns(?::\w+)?|version)="[^"]*"'), ""),
    (re.compile(r' (?:width|height)="[^"]*pt"'), ""),
    (re.compile(r'<g id="[^"]*"'), "<g"),
    (re.compile(r" font-family: [^;]*;"), ""),
    (re.compile(r' transform="rotate\(-?0 [^"]*"'), ""),
    (re.compile(r"(\d\.\d\d)\d+(?![\d<])"), r"\1"),
    (re.compile(r"\s*\n\s*"), "\n"),
    (re.compile("xlink:href"), "href"),
)


def _themed(document: str) -> str:
    """The element alone, in the page's colours and type, without a word of other addresses."""
    svg = document[document.index("<svg") :]
    for i, colour in enumerate(_SERIES, start=1):
        svg = svg.replace(colour, f"var(--series-{i})")
    svg = svg.replace(_INK, "currentColor")
    for pattern, instead in _SUPERFLUOUS:
        svg = pattern.sub(instead, svg)
    return svg
