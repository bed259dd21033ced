"""A discriminator trained against a generator that stands still: D*, and the value it reaches."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trainer.game.roles import DISCRIMINATOR
from trainer.lab import densities, drawing
from trainer.lab.densities import LINE
from trainer.lab.drawing import listed
from trainer.lab.playing import LabGame, gaussian, nothing

REAL_MEAN, REAL_SPREAD, FAKE_MEAN = 1.0, 0.6, -0.5
_RECIPE = {
    "network": {"name": "trainer.lab.networks:Judging", "options": {"units": 24}},
    "prior": {"name": "gaussian", "size": 1},
    "objective": "minimax",
    "optimizers": {
        "discriminator": {
            "name": "adam",
            "learning_rate": 0.01,
            "beta_1": 0.9,
            "schedule": {"name": "exponential", "steps": 400, "rate": 0.5},
        }
    },
    "train": {"batch_size": 512},
}


def measure(
    stages: Sequence[int] = (20, 100, 1500),
    distances: Sequence[float] = (0.0, 1.0, 2.0, 3.0),
    steps: int = 1200,
) -> dict[str, Any]:
    """D after some steps beside D*, and V at p = N(0, 1), p_g = N(δ, 1) for some δ.

    Args:
        stages: steps after which D is drawn.
        distances: δ at which a D is trained.
        steps: of that training, for each δ.
    """
    fine = np.linspace(0.0, 5.0, 51)
    return {
        "discriminator": _judged(stages),
        "value": {
            "distances": listed(fine),
            "closed_form": [listed(closed_form(distance)) for distance in fine],
            "quadrature": [listed(best_value(distance)) for distance in fine],
        },
        "trained": [_trained(distance, steps) for distance in distances],
    }


def best_value(distance: float) -> float:
    """V(D*, G) of the library's losses by quadrature, p_g at a distance from p."""
    p, q = densities.normal(0.0, 1.0), densities.normal(distance, 1.0)
    return densities.value(p, q, densities.best_logit(p, q))


def closed_form(distance: float) -> float:
    """-log 4 + 2 JS(p, p_g) (Goodfellow et al. 2014, theorem 1)."""
    return -np.log(4.0) + 2.0 * densities.js(
        densities.normal(0.0, 1.0), densities.normal(distance, 1.0)
    )


def _judged(stages: Sequence[int]) -> dict[str, Any]:
    """D at each stage of one training, where the examples are."""
    p, q = densities.normal(REAL_MEAN, REAL_SPREAD), densities.normal(FAKE_MEAN, 1.0)
    shown = (np.abs(LINE) <= 4.0) & (np.arange(len(LINE)) % 16 == 0)
    game = LabGame(
        _RECIPE, gaussian([REAL_MEAN], [REAL_SPREAD]), size=1, watch=nothing, moving=[DISCRIMINATOR]
    )
    game.gan.networks["generator"].trainable_variables[0].assign([FAKE_MEAN])
    best = _sigmoid(densities.best_logit(p, q))
    trained, errors, played = {}, {}, 0
    for stage in stages:
        game.play(stage - played)
        played = stage
        judged = _sigmoid(game.logits(LINE[:, np.newaxis]).astype(np.float64))
        trained[str(stage)] = listed(judged[shown])
        # Where hardly any examples are, nobody has taught D anything.
        errors[str(stage)] = listed(np.abs(judged - best)[p + q > 0.02].max())
    return {
        "x": listed(LINE[shown]),
        "p": listed(p[shown]),
        "p_g": listed(q[shown]),
        "best": listed(best[shown]),
        "trained": trained,
        "largest_error": errors,
    }


def _trained(distance: float, steps: int) -> dict[str, float]:
    """V of a D that was trained at a distance, by quadrature over known densities."""
    game = LabGame(_RECIPE, gaussian([0.0], [1.0]), size=1, watch=nothing, moving=[DISCRIMINATOR])
    game.gan.networks["generator"].trainable_variables[0].assign([distance])
    game.play(steps)
    p, q = densities.normal(0.0, 1.0), densities.normal(distance, 1.0)
    found = densities.value(p, q, game.logits(LINE[:, np.newaxis]))
    return {
        "distance": distance,
        "steps": steps,
        "value": listed(found),
        "closed_form": listed(closed_form(distance)),
    }


def draw(numbers: dict[str, Any]) -> Figure:
    """D over x beside its best form, and V over the distance of the densities."""
    figure, ((left, right),) = drawing.panels(1, 2, (8.4, 3.4))
    _draw_discriminator(left, numbers["discriminator"])
    value, trained = numbers["value"], numbers["trained"]
    right.axhline(-np.log(4.0), color=drawing.GREY, linewidth=0.8, linestyle=":")
    right.axhline(0.0, color=drawing.GREY, linewidth=0.8, linestyle=":")
    right.text(4.95, -np.log(4.0) + 0.03, "−log 4: p_g = p, D = ½", ha="right", fontsize=8)
    right.text(0.1, -0.09, "0: JS = log 2, the supports are apart", fontsize=8)
    right.plot(value["distances"], value["closed_form"], color=drawing.BLACK, label="−log 4 + 2 JS")
    right.plot(
        value["distances"][::5], value["quadrature"][::5], "x", color=drawing.BLUE,
        label="V(D*, G) by quadrature",
    )  # fmt: skip
    right.plot(
        [point["distance"] for point in trained], [point["value"] for point in trained], "o",
        color=drawing.RED, markersize=8, markerfacecolor="none",
        label=f"V of a D trained for {trained[0]['steps']} steps",
    )  # fmt: skip
    drawing.label(right, "What the best D is worth", "distance δ of two unit Gaussians", "V (nats)")
    right.legend(loc="center right")
    return figure


def _draw_discriminator(axes: Axes, judged: dict[str, Any]) -> None:
    x = judged["x"]
    axes.fill_between(x, judged["p"], color=drawing.REAL, alpha=0.2, linewidth=0, label="p (real)")
    axes.fill_between(
        x, judged["p_g"], color=drawing.FAKE, alpha=0.2, linewidth=0, label="$p_g$ (fake)"
    )
    for (stage, curve), colour in zip(
        judged["trained"].items(), (drawing.SKY, drawing.ORANGE, drawing.GREEN), strict=False
    ):
        axes.plot(x, curve, color=colour, label=f"D after {stage} steps")
    axes.plot(x, judged["best"], color=drawing.BLACK, linestyle="--", label="D* = p / (p + $p_g$)")
    drawing.label(axes, "D learns a ratio of densities", "x", "D(x), density")
    axes.set(ylim=(0, 1.02), xlim=(-4, 4))
    axes.legend(loc="upper left", fontsize=7.5)


def _sigmoid(logit: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(logit, -500.0, 500.0)))
