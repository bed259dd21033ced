"""The game for the mean of one Gaussian: the landscape max_D V, and how players cross it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trainer.config.recipe import merge
from trainer.lab import densities, drawing
from trainer.lab.drawing import listed
from trainer.lab.playing import LabGame, gaussian

# Spreads along both axes, of the real examples and of the fakes; the real mean is zero.
SPREAD = (1.0, 0.5)
START = (2.2, 1.2)
_SGD = {"name": "sgd", "learning_rate": 0.1}
_BASE: dict[str, Any] = {
    "network": {
        "name": "trainer.lab.networks:Point",
        "options": {"spread": list(SPREAD), "bias": True},
    },
    "prior": {"name": "gaussian", "size": 2},
    "objective": "minimax",
    "optimizers": {"generator": _SGD, "discriminator": _SGD},
    "train": {"batch_size": 256},
}
# Name → what the game differs in; a further one is a further line.
GAMES: dict[str, dict[str, Any]] = {
    "k = 1": {},
    "k = 20": {"round": {"name": "ordinary", "discriminator_turns": 20}},
    "k = 1, R1 (γ = 0.5)": {"penalties": [{"name": "r1", "gamma": 0.5}]},
}


def measure(games: Mapping[str, dict[str, Any]] = GAMES, steps: int = 800) -> dict[str, Any]:
    """max_D V over the generator's mean, the ways of the games, and V along them.

    The best logit is linear here, and linear is what the discriminator is.
    """
    first, second = np.linspace(-2.6, 2.8, 61), np.linspace(-1.7, 1.7, 45)
    distances = np.hypot(first[np.newaxis] / SPREAD[0], second[:, np.newaxis] / SPREAD[1])
    played = {name: _played(recipe, steps) for name, recipe in games.items()}
    return {
        "steps": steps,
        "start": list(START),
        "first": listed(first),
        "second": listed(second),
        "best_value": listed(best_value(distances), digits=4),
        "means": {name: listed(path[:, :2], digits=4) for name, path in played.items()},
        "values": {
            name: listed([value(*_split(row)) for row in path[::4]], digits=4)
            for name, path in played.items()
        },
        "best_along": {
            name: listed(best_value(mahalanobis(path[::4, :2])), digits=4)
            for name, path in played.items()
        },
    }


def best_value(distances: np.ndarray) -> np.ndarray:
    """max_D V = -log 4 + 2 JS at Mahalanobis distances of the two means."""
    table = np.linspace(0.0, 8.0, 81)
    real = densities.normal(0.0, 1.0)
    values = [2.0 * densities.js(real, densities.normal(d, 1.0)) - np.log(4.0) for d in table]
    return np.interp(distances, table, values)


def mahalanobis(means: np.ndarray) -> np.ndarray:
    """Of generators' means [n, 2] from the real mean, in units of the spreads."""
    return np.linalg.norm(means / np.array(SPREAD), axis=-1)


def value(mean: np.ndarray, slope: np.ndarray, bias: float) -> float:
    """V(D, G) of a linear D: its logits are normal on real examples and on fakes.

    By Gauss-Hermite quadrature: E log σ(a) and E log(1 - σ(a)) of normal a.
    """
    nodes, parts = np.polynomial.hermite_e.hermegauss(40)
    parts = parts / parts.sum()
    spread = np.linalg.norm(slope * np.array(SPREAD))
    real, fake = bias + spread * nodes, bias + slope @ mean + spread * nodes
    return float(-parts @ np.logaddexp(0.0, -real) - parts @ np.logaddexp(0.0, fake))


def _played(recipe: dict[str, Any], steps: int) -> np.ndarray:
    """All weights before the first step and after each: mean, slope and bias, [steps + 1, 5]."""
    game = LabGame(merge(_BASE, recipe), gaussian([0.0, 0.0], SPREAD), size=2)
    game.place(START, [0.0, 0.0], [0.0])
    return np.concatenate([[[*START, 0.0, 0.0, 0.0]], game.play(steps)])


def _split(row: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    return row[:2], row[2:4], float(row[4])


def draw(numbers: dict[str, Any]) -> Figure:
    """The landscape with the ways on it, and V beside max_D V along each way."""
    figure, ((left, right),) = drawing.panels(1, 2, (9.0, 3.6), width_ratios=(1.25, 1.0))
    _draw_landscape(left, numbers)
    for (name, values), colour in zip(
        numbers["values"].items(), (drawing.RED, drawing.BLACK, drawing.GREEN), strict=False
    ):
        step = 4 * np.arange(len(values))
        right.plot(step, values, color=colour, linewidth=1.2, label=f"{name}: V(D, G)")
        right.plot(step, numbers["best_along"][name], color=colour, linestyle=":", linewidth=1.2)
    right.axhline(-np.log(4.0), color=drawing.GREY, linewidth=0.8)
    right.text(numbers["steps"], -np.log(4.0) + 0.02, "−log 4", ha="right", fontsize=8)
    right.plot([], [], ":", color=drawing.GREY, label="max$_D$ V at the same mean")
    drawing.label(right, "What D reaches of what it could", "step", "V (nats)")
    right.legend(loc="upper right", fontsize=7.5)
    return figure


def _draw_landscape(axes: Axes, numbers: dict[str, Any]) -> None:
    levels = np.linspace(-np.log(4.0), 0.0, 13)
    grid = numbers["first"], numbers["second"], np.array(numbers["best_value"])
    axes.contourf(*grid, levels=levels, cmap=drawing.DENSITY.reversed(), alpha=0.45)
    axes.contour(*grid, levels=levels, colors="white", linewidths=0.6, linestyles="solid")
    for (name, path), colour in zip(
        numbers["means"].items(), (drawing.RED, drawing.BLACK, drawing.GREEN), strict=False
    ):
        axes.plot(*np.array(path).T, color=colour, linewidth=1.2, label=name)
    axes.plot(*numbers["start"], "o", color=drawing.BLACK, markersize=5)
    axes.annotate("start", numbers["start"], (2.25, 1.35), fontsize=8)
    axes.plot(0.0, 0.0, "*", color="white", markeredgecolor=drawing.BLACK, markersize=12)
    axes.grid(False)
    drawing.label(axes, "max$_D$ V over the generator's mean", "first axis", "second axis")
    axes.legend(loc="lower left", facecolor="white", framealpha=0.8, frameon=True)
