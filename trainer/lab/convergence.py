"""Theorem 1 and proposition 2 on 20 points: V(D*, G) is convex, subgradient steps go down it.

The generator is here the distribution itself: p_g is a point of the simplex, which projected steps
move.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trainer import catalogue
from trainer.lab import densities, drawing
from trainer.lab.drawing import listed

POINTS = 20
# Below it a point counts as having no mass, and its logarithm stays finite.
_LEAST = 1e-12


def measure(
    rates: Sequence[float] = (0.002, 0.01, 0.2), steps: int = 400, segments: int = 5
) -> dict[str, Any]:
    """The values along steps of each size, and along segments between random distributions."""
    random = np.random.RandomState(0)
    p, start = (random.dirichlet(np.full(POINTS, 4.0)) for _ in range(2))
    paths = {f"{rate:g}": descend(p, start, rate, steps) for rate in rates}
    share = np.linspace(0.0, 1.0, 41)
    ends = [_halves(p), *(random.dirichlet(np.full(POINTS, 0.5), size=2) for _ in range(segments))]
    along = [[value(p, _mixed(both, t)) for t in share] for both in ends]
    fixed = [_mixed(ends[0], at) for at in (0.2, 0.7)]
    lines = [[value(p, _mixed(ends[0], t), other) for t in share] for other in fixed]
    return {
        "p": listed(p),
        "start": listed(start),
        "steps": steps,
        "above_lowest": {
            rate: listed(np.array(values) + np.log(4.0)) for rate, (values, _) in paths.items()
        },
        "reached": {rate: listed(last) for rate, (_, last) in paths.items()},
        "lowest": listed(-np.log(4.0)),
        "segments": {
            "share": listed(share),
            "values": listed(along, 8),
            "fixed_d": listed(lines, 8),
        },
    }


def value(p: np.ndarray, q: np.ndarray, other: np.ndarray | None = None) -> float:
    """V(D, G) at p_g = q, of the D that is best there, or of the one that is best at `other`."""
    of_real, of_fakes = densities.minimax_parts()
    logit = _best_logit(p, q if other is None else other)
    return -float(p @ of_real(logit) + q @ of_fakes(logit))


def subgradient(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """∂V(D*, G) / ∂p_g = log(1 - D*): the loss of the library's minimax generator at D*.

    D* stands still while the derivative is taken (Goodfellow et al. 2014, proposition 2).
    """
    options = catalogue.Minimax()
    generator = catalogue.resolve(options)(options).generator
    losses: np.ndarray = generator(tf.constant(_best_logit(p, q), tf.float32), None).numpy()
    return losses.astype(np.float64)


def descend(
    p: np.ndarray, start: np.ndarray, rate: float, steps: int
) -> tuple[list[float], np.ndarray]:
    """Projected subgradient steps: V before each and after the last, and the p_g reached."""
    q, values = start, [value(p, start)]
    for _ in range(steps):
        q = projected(q - rate * subgradient(p, q))
        values.append(value(p, q))
    return values, q


def projected(point: np.ndarray) -> np.ndarray:
    """The distribution that is nearest to a point (Held et al. 1974): max(point - τ, 0)."""
    ordered = np.sort(point)[::-1]
    excess = (np.cumsum(ordered) - 1.0) / np.arange(1, len(point) + 1)
    last = np.flatnonzero(ordered > excess)[-1]
    return np.maximum(point - excess[last], 0.0)


def _halves(p: np.ndarray) -> np.ndarray:
    """What p is on the first half of the points alone, and on the second: p lies between them."""
    first = np.arange(len(p)) < len(p) // 2
    return np.stack([np.where(half, p, 0.0) / p[half].sum() for half in (first, ~first)])


def _mixed(ends: np.ndarray, share: float) -> np.ndarray:
    return (1.0 - share) * ends[0] + share * ends[1]


def _best_logit(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(p, _LEAST)) - np.log(np.maximum(q, _LEAST))


def draw(numbers: dict[str, Any]) -> Figure:
    """V along segments, V over steps, and the distributions that were reached."""
    figure, ((first, second, third),) = drawing.panels(1, 3, (10.2, 3.3))
    _draw_segments(first, numbers)
    for (rate, values), colour in zip(
        numbers["above_lowest"].items(), drawing.SERIES, strict=False
    ):
        second.semilogy(np.maximum(values, 1e-7), color=colour, label=f"step size {rate}")
    drawing.label(second, "Steps down it", "step", "V(D*, G) + log 4")
    second.set(ylim=(1e-7, 10.0))
    second.legend(loc="upper right", bbox_to_anchor=(1.0, 0.75))
    at = np.arange(POINTS)
    third.bar(at, numbers["p"], color="#d0d0d0", label="p (real)")
    for (rate, q), colour in zip(numbers["reached"].items(), drawing.SERIES, strict=False):
        third.plot(at, q, ".", color=colour, markersize=7, label=f"step size {rate}")
    drawing.label(third, f"$p_g$ after {numbers['steps']} steps", "point", "probability")
    third.legend(loc="upper right")
    return figure


def _draw_segments(axes: Axes, numbers: dict[str, Any]) -> None:
    share, values = numbers["segments"]["share"], numbers["segments"]["values"]
    for i, line in enumerate(values):
        style = {"color": drawing.SKY, "linewidth": 1.0} if i else {"color": drawing.BLUE}
        axes.plot(share, line, **style)
    for i, line in enumerate(numbers["segments"]["fixed_d"]):
        axes.plot(share, line, color=drawing.RED, linewidth=0.9, linestyle="--",
                  label=None if i else "one D, held still")  # fmt: skip
    axes.plot([], [], color=drawing.BLUE, label="V(D*, G)")
    axes.axhline(numbers["lowest"], color=drawing.GREY, linewidth=0.8, linestyle=":")
    axes.text(0.02, numbers["lowest"] + 0.02, "−log 4", fontsize=8)
    drawing.label(
        axes,
        "V(D*, G) is convex in $p_g$",
        "share of the way from one $p_g$ to another",
        "V (nats)",
    )
    axes.set(ylim=(-1.5, -0.5), xlim=(0, 1))
    axes.legend(loc="upper center", ncols=2)
