"""Disjoint supports: what is left of the generator's gradient while D converges.

Reference: Arjovsky & Bottou 2017, "Towards principled methods for training GANs", theorem 2.4;
Arjovsky et al. 2017, "Wasserstein generative adversarial networks", figure 2.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trainer.config.recipe import merge
from trainer.game.roles import DISCRIMINATOR
from trainer.lab import drawing
from trainer.lab.drawing import listed
from trainer.lab.playing import LabGame, uniform, weights

# Real examples lie this far around 0, and fakes around PLACE.
HALF_WIDTH, PLACE = 0.25, -2.0
_BASE: dict[str, Any] = {
    "network": {
        "name": "trainer.lab.networks:Judging",
        "options": {"units": 32, "spread": HALF_WIDTH},
    },
    "prior": {"name": "uniform", "size": 1},
    "optimizers": {"discriminator": {"name": "adam", "learning_rate": 0.003, "beta_1": 0.9}},
    "train": {"batch_size": 128},
}
# Name → what the game differs in; a further one is a further line.
GAMES: dict[str, dict[str, Any]] = {
    "minimax": {"objective": "minimax"},
    "non-saturating": {"objective": "non_saturating"},
    "Wasserstein + GP": {"objective": "wasserstein", "penalties": ["gradient_penalty"]},
}


def measure(
    games: Mapping[str, dict[str, Any]] = GAMES, stages: Sequence[int] = (50, 200, 1000)
) -> dict[str, Any]:
    """The generator's gradient after every step of the discriminator alone.

    Args:
        games: by name.
        stages: steps after which the judges are drawn; the last is the end.
    """
    x = np.linspace(-3.0, 1.0, 161)
    played = {name: _played(recipe, stages, x) for name, recipe in games.items()}
    return {
        "half_width": HALF_WIDTH,
        "place": PLACE,
        "x": listed(x),
        "stages": list(stages),
        "gradients": {name: gradients for name, (gradients, _) in played.items()},
        "judges": {name: judges for name, (_, judges) in played.items()},
    }


def _played(
    recipe: dict[str, Any], stages: Sequence[int], x: np.ndarray
) -> tuple[list[float], list[list[float]]]:
    """The gradient's size after each step, and D's logits at each stage."""
    game = LabGame(
        merge(_BASE, recipe),
        uniform(-HALF_WIDTH, HALF_WIDTH),
        size=1,
        watch=_generator_gradient,
        moving=[DISCRIMINATOR],
    )
    game.gan.networks["generator"].trainable_variables[0].assign([PLACE])
    gradients: list[float] = []
    judges = []
    for stage in stages:
        gradients += listed(game.play(stage - len(gradients))[:, 0], digits=4)
        judges.append(listed(game.logits(x[:, np.newaxis]), digits=4))
    return gradients, judges


def _generator_gradient(game: LabGame) -> tf.Tensor:
    """|∂ L_G / ∂θ|, θ the place of the fakes: the first of all weights."""
    return tf.abs(game.descent(weights(game))[:1])


def draw(numbers: dict[str, Any]) -> Figure:
    """What the judges say over x at the end, and the gradient over their steps."""
    figure, ((left, right),) = drawing.panels(1, 2, (8.4, 3.4))
    _draw_judges(left, numbers)
    for (name, gradient), colour in zip(numbers["gradients"].items(), drawing.SERIES, strict=False):
        steps = np.arange(1, len(gradient) + 1)
        right.semilogy(steps, np.maximum(gradient, 1e-12), color=colour, label=name)
    drawing.label(
        right, "What reaches the generator", "steps of D, the generator stands", "|d loss / d θ|"
    )
    right.legend(loc="lower left")
    return figure


def _draw_judges(axes: Axes, numbers: dict[str, Any]) -> None:
    half, place = numbers["half_width"], numbers["place"]
    axes.axvspan(-half, half, color=drawing.REAL, alpha=0.18, linewidth=0)
    axes.axvspan(place - half, place + half, color=drawing.FAKE, alpha=0.18, linewidth=0)
    axes.text(0.0, 1.04, "real", ha="center", fontsize=8, color=drawing.REAL)
    axes.text(place, 1.04, "fake", ha="center", fontsize=8, color=drawing.FAKE)
    judges = numbers["judges"]
    for i, stage in enumerate(numbers["stages"]):
        shade = 0.35 + 0.65 * i / max(1, len(numbers["stages"]) - 1)
        probability = 1.0 / (1.0 + np.exp(-np.array(judges["minimax"][i])))
        axes.plot(numbers["x"], probability, color=drawing.BLUE, alpha=shade,
                  label=f"D after {stage} steps")  # fmt: skip
    critic = np.array(judges["Wasserstein + GP"][-1])
    middle = np.interp(place / 2.0, numbers["x"], critic)
    axes.plot(numbers["x"], 0.5 + (critic - middle) / 2.5, color=drawing.GREEN, linestyle="--",
              label="critic, scaled")  # fmt: skip
    drawing.label(axes, "A perfect D is flat where the fakes are", "x", "D(x)")
    axes.set(ylim=(-0.45, 1.5), xlim=(-3, 1), yticks=(0, 0.5, 1))
    axes.legend(loc="lower right", fontsize=7.5)
