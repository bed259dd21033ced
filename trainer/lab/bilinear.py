"""min over ψ, max over θ of θψ: the smallest game, in which gradients never point at the answer.

It is the Dirac-GAN under Wasserstein's losses with a critic that nothing bounds (Mescheder et al.
2018, section 2; Daskalakis et al. 2018, "Training GANs with optimism").
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trainer.config.recipe import merge
from trainer.lab import dirac, drawing
from trainer.lab.drawing import listed
from trainer.lab.playing import LabGame, gaussian, weights

RATE = 0.1
START = (1.0, 0.0)
# Wasserstein's losses ask for a bound; nothing comes near this one.
_BASE = merge(
    dirac.BASE,
    {
        "objective": "wasserstein",
        "optimizers": {
            "generator": {"learning_rate": RATE},
            "discriminator": {"learning_rate": RATE, "clip_weights": 1e6},
        },
        "train": {"ema_decay": 0.99},
    },
)


@dataclass(frozen=True)
class Remedy:
    """A game beside the plain one.

    Attributes:
        recipe: what it differs in.
        factor: by how much the distance from (0, 0) is multiplied a step at a learning rate h,
            the modulus of the step's eigenvalues; None where nobody has worked it out.
        averaged: whether the generator's moving average is watched, alone, instead of both.
    """

    recipe: Mapping[str, Any] = field(default_factory=dict)
    factor: Callable[[float], float] | None = None
    averaged: bool = False


def at_once(rate: float) -> float:
    """Eigenvalues 1 ± ih: outwards, however small the step."""
    return float(np.sqrt(1.0 + rate**2))


def optimistic(rate: float) -> float:
    """Both at once by w ← w - 2 d_t + d_{t-1}: the larger root of μ² = (1 + 2ih) μ - ih."""
    roots = np.roots([1.0, -(1.0 + 2.0j * rate), 1.0j * rate])
    return float(np.abs(roots).max())


def extragradient(rate: float) -> float:
    """Both at once, by the gradient of where the plain step leads: 1 ± ih - h²."""
    return float(np.sqrt((1.0 - rate**2) ** 2 + rate**2))


def _penalised(rate: float) -> float:
    """In turns with R1, γ = 0.5: the step's determinant is 1 - hγ, its eigenvalues a pair."""
    return float(np.sqrt(1.0 - 0.5 * rate))


def unrolled(rate: float, steps: int = 5) -> float:
    """The critic as it will be is ψ - Khθ: θ ← θ + h(ψ - 2Khθ), ψ ← ψ - hθ.

    The determinant of that step is 1 - (2K - 1) h².
    """
    return float(np.sqrt(1.0 - (2 * steps - 1) * rate**2))


# Name → remedy; a further one is a further line.
REMEDIES: dict[str, Remedy] = {
    "in turns": Remedy({}, lambda rate: 1.0),
    "in turns, moving average of θ": Remedy({}, None, averaged=True),
    "both at once": Remedy({"round": "simultaneous"}, at_once),
    "both at once, optimistic": Remedy(
        {
            "round": "simultaneous",
            "optimizers": dirac.OPTIMISTIC,
        },
        optimistic,
    ),
    "both at once, extra-gradient": Remedy(
        {"round": "simultaneous", "wrappers": ["extragradient"]}, extragradient
    ),
    "R1, γ = 0.5": Remedy({"penalties": [{"name": "r1", "gamma": 0.5}]}, _penalised),
    "unrolled, 5 steps": Remedy({"wrappers": [{"name": "unroll", "steps": 5}]}, unrolled),
}


def measure(remedies: Mapping[str, Remedy] = REMEDIES, steps: int = 500) -> dict[str, Any]:
    """Ways of (θ, ψ), and the factor by which each step changes their distance from (0, 0)."""
    return {
        "learning_rate": RATE,
        "steps": steps,
        "start": list(START),
        "games": {name: _played(remedy, steps) for name, remedy in remedies.items()},
    }


def _played(remedy: Remedy, steps: int) -> dict[str, Any]:
    watch = _average if remedy.averaged else weights
    game = LabGame(merge(_BASE, remedy.recipe), gaussian([0.0], [0.0]), size=1, watch=watch)
    game.place([START[0]], [START[1]])
    start = [START[:1]] if remedy.averaged else [START]
    path = np.concatenate([start, game.play(steps)]).astype(np.float64)
    distance = np.linalg.norm(path, axis=1)
    return {
        "path": listed(path, digits=4),
        "distance": listed(distance, digits=4),
        "factor": None if remedy.averaged else listed(factor_of(distance)),
        "closed_form": None if remedy.factor is None else listed(remedy.factor(RATE)),
    }


def _average(game: LabGame) -> tf.Tensor:
    """The moving average of θ."""
    return game.gan.averages["generator"].trainable_variables[0].value


def factor_of(distance: Sequence[float] | np.ndarray) -> float:
    """By how much a step multiplies the distance: the slope of its logarithm over the steps.

    Steps on which float32 has nothing left are left out.
    """
    kept = np.array(distance)[np.array(distance) > 1e-12]
    slope: float = np.polyfit(np.arange(len(kept)), np.log(kept), 1)[0]
    return float(np.exp(slope))


def draw(numbers: dict[str, Any]) -> Figure:
    """The ways in the plane, and the distances over the steps."""
    figure, ((left, right),) = drawing.panels(1, 2, (8.8, 4.2), width_ratios=(1.0, 1.25))
    _draw_field(left)
    steps = np.arange(numbers["steps"] + 1)
    for (name, played), colour in zip(numbers["games"].items(), drawing.SERIES, strict=False):
        path, factor = np.array(played["path"]), played["factor"]
        if path.shape[1] == 2:
            left.plot(*path.T, color=colour, linewidth=1.1)
        name += "" if factor is None else f": × {factor:.4f} a step"
        right.semilogy(steps, np.maximum(played["distance"], 1e-9), color=colour, label=name)
        if played["closed_form"] is not None:
            right.semilogy(steps, played["closed_form"] ** steps, ":", color=drawing.BLACK, lw=1.0)
    right.semilogy([], [], ":", color=drawing.BLACK, label="closed form")
    left.plot(*numbers["start"], "o", color=drawing.BLACK, markersize=4)
    drawing.label(
        left, r"$\min_\psi\,\max_\theta\ \theta\psi$", "θ: the generator", "ψ: the critic"
    )
    left.set(xlim=(-1.4, 1.4), ylim=(-1.4, 1.4), aspect="equal")
    drawing.label(right, "Distance from the equilibrium", "step", "√(θ² + ψ²), or |average of θ|")
    right.set(ylim=(1e-7, 4.0))
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _draw_field(axes: Axes) -> None:
    """The directions (ψ, -θ) of both gradients."""
    line = np.linspace(-1.25, 1.25, 9)
    theta, psi = np.meshgrid(line, line)
    axes.quiver(line, line, psi, -theta, color="#b5b5b5", width=0.005)
