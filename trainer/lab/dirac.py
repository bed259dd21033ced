"""The Dirac-GAN: one real point, one generated point, a linear discriminator.

Near its equilibrium a game moves by the Jacobian of its vector field: eigenvalues with a negative
real part pull inwards, purely imaginary ones circle for ever.

Reference: Mescheder et al. 2018, "Which training methods for GANs do actually converge?",
sections 2 and 4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trainer.config.recipe import merge
from trainer.lab import drawing
from trainer.lab.drawing import listed, pair
from trainer.lab.playing import LabGame, gaussian

START = (1.0, 1.0)
_SGD = {"name": "sgd", "learning_rate": 0.2}
OPTIMISTIC = {"generator": {"optimistic": True}, "discriminator": {"optimistic": True}}
BASE: dict[str, Any] = {
    "network": {"name": "trainer.lab.networks:Point"},
    "prior": {"name": "gaussian", "size": 1},
    "objective": "minimax",
    "optimizers": {"generator": _SGD, "discriminator": _SGD},
    "train": {"batch_size": 1},
}


def penalised(gamma: float) -> tuple[complex, complex]:
    """-γ/2 ± √(γ²/4 - f'(0)²), f'(0) = ½: eigenvalues under γ/2 ‖∇D‖² (section 4.1)."""
    root = complex(np.emath.sqrt(gamma**2 / 4.0 - 0.25))
    return -gamma / 2.0 - root, -gamma / 2.0 + root


def noisy(sigma: float) -> tuple[complex, complex]:
    """f''(0) σ² ± √(f''(0)² σ⁴ - f'(0)²), f''(0) = -¼: under noise of spread σ (section 4.1)."""
    return penalised(sigma**2 / 2.0)


@dataclass(frozen=True)
class Remedy:
    """A game beside the plain one.

    Attributes:
        recipe: what it differs in.
        closed_form: the eigenvalues at the equilibrium; None where the field has no derivative
            there, or where the rule of play and not the losses makes the difference.
        tolerance: how near to it the eigenvalues of a batch come.
        arrows: whether the losses alone say where the players go from a place.
    """

    recipe: Mapping[str, Any] = field(default_factory=dict)
    closed_form: tuple[complex, complex] | None = None
    # At γ = 1 both roots meet, and rounding errors of 1e-8 move them by their square root.
    tolerance: float = 2e-4
    arrows: bool = True


_CIRCLE = penalised(0.0)
# Name → remedy, in the order of the panels; a further one is a further line.
REMEDIES: dict[str, Remedy] = {
    "GAN (minimax)": Remedy({}, _CIRCLE),
    "GAN (non-saturating)": Remedy({"objective": "non_saturating"}, _CIRCLE),
    "WGAN (clipped)": Remedy(
        {"objective": "wasserstein", "optimizers": {"discriminator": {"clip_weights": 1.0}}},
        (-1j, 1j),
    ),
    "WGAN-GP, λ = 0.25": Remedy(
        {"objective": "wasserstein", "penalties": [{"name": "gradient_penalty", "weight": 0.25}]}
    ),
    "R1, γ = 0.5": Remedy({"penalties": [{"name": "r1", "gamma": 0.5}]}, penalised(0.5)),
    "R2, γ = 0.5": Remedy({"penalties": [{"name": "r2", "gamma": 0.5}]}, penalised(0.5)),
    "instance noise, σ = 1": Remedy(
        {
            "wrappers": [{"name": "instance_noise", "sigma": 1.0, "steps": 1_000_000}],
            "train": {"batch_size": 4096},
        },
        noisy(1.0),
        tolerance=0.02,
    ),
    "both at once": Remedy({"round": "simultaneous"}, _CIRCLE),
    "optimistic": Remedy(
        {
            "round": "simultaneous",
            "optimizers": OPTIMISTIC,
        }
    ),
    "extra-gradient": Remedy(
        {"round": "simultaneous", "wrappers": ["extragradient"]}, arrows=False
    ),
    "unrolled, 5 steps": Remedy({"wrappers": [{"name": "unroll", "steps": 5}]}, arrows=False),
}
_ARROWS = np.linspace(-2.0, 2.0, 9)
_ACROSS = 4
_COLOURS = (*drawing.SERIES, drawing.GREY, "#6F4E28", "#5B2A86", "#8B9A00", "#00525E")


def game(recipe: Mapping[str, Any]) -> LabGame:
    """A Dirac-GAN that differs from the plain one in a recipe."""
    return LabGame(merge(BASE, recipe), gaussian([0.0], [0.0]), size=1)


def measure(
    remedies: Mapping[str, Remedy] = REMEDIES,
    steps: int = 400,
    gammas: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0),
) -> dict[str, Any]:
    """Ways of the two weights, fields, and eigenvalues beside their closed form.

    Args:
        remedies: by name.
        steps: of each game.
        gammas: of R1, at which eigenvalues are taken.
    """
    fine = np.linspace(0.0, 2.0, 81)
    return {
        "learning_rate": _SGD["learning_rate"],
        "steps": steps,
        "arrows": listed(_ARROWS),
        "games": {name: _played(remedy, steps) for name, remedy in remedies.items()},
        "r1": {
            "gamma": list(gammas),
            "measured": [pair(_eigenvalues_of_r1(gamma)) for gamma in gammas],
            "closed_form": {
                "gamma": listed(fine),
                "eigenvalues": [pair(penalised(gamma)) for gamma in fine],
            },
        },
    }


def _eigenvalues_of_r1(gamma: float) -> np.ndarray:
    penalties = [{"name": "r1", "gamma": gamma}] if gamma else []
    return game({"penalties": penalties}).eigenvalues([0.0, 0.0])


def _played(remedy: Remedy, steps: int) -> dict[str, Any]:
    """The way of (θ, ψ) from the start, the field around it, and the eigenvalues at (0, 0)."""
    made = game(remedy.recipe)
    made.place([START[0]], [START[1]])
    path = np.concatenate([[START], made.play(steps)])
    has_form = remedy.closed_form is not None
    return {
        "path": listed(path, digits=4),
        "field": listed(_field(made), digits=4) if remedy.arrows else None,
        "eigenvalues": pair(made.eigenvalues([0.0, 0.0])) if has_form else None,
        "closed_form": pair(remedy.closed_form) if remedy.closed_form else None,
        "distance": listed(np.linalg.norm(path, axis=1), digits=4),
    }


def _field(made: LabGame) -> np.ndarray:
    """Where both gradients lead at the places of the arrows, [n, n, 2]: ψ up, θ to the right."""
    descent = tf.function(made.descent, autograph=False)
    return np.array(
        [[descent(tf.constant([theta, psi], tf.float32)) for theta in _ARROWS] for psi in _ARROWS]
    )


def draw(numbers: dict[str, Any]) -> Figure:
    """A panel a game; below, their distances in the same colours, and the eigenvalues of R1."""
    games = numbers["games"]
    down = -(-len(games) // _ACROSS)
    figure = Figure(figsize=(8.6, 2.2 * down + 2.8), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=(2.2 * down, 2.8))
    upper, lower = parts
    panels = upper.subplots(down, _ACROSS, squeeze=False, sharex=True, sharey=True).flat
    distance, real, imaginary = lower.subplots(1, 3, width_ratios=(1.3, 1, 1))
    for (name, played), colour, axes in zip(games.items(), _COLOURS, panels, strict=False):
        _draw_way(axes, name, played, numbers["arrows"], colour)
        distance.semilogy(np.maximum(played["distance"], 1e-6), color=colour, linewidth=1.2)
    for left_over in panels:
        left_over.set_visible(False)
    upper.supxlabel("θ: the generator's point (the real one is 0)", fontsize=9)
    upper.supylabel("ψ: D's slope", fontsize=9)
    drawing.label(distance, "Distance, colours as above", "step", "√(θ² + ψ²)")
    distance.set(ylim=(1e-6, 10.0))
    _draw_eigenvalues(real, imaginary, numbers["r1"])
    return figure


def _draw_way(
    axes: Axes, name: str, played: dict[str, Any], arrows: Sequence[float], colour: str
) -> None:
    if played["field"] is not None:
        field = np.array(played["field"])
        length = np.linalg.norm(field, axis=-1, keepdims=True)
        direction = field / np.maximum(length, 1e-9)
        axes.quiver(arrows, arrows, *direction.transpose(2, 0, 1), color="#bdbdbd", width=0.007,
                    scale=17)  # fmt: skip
    path = np.array(played["path"])
    axes.plot(*path.T, color=colour, linewidth=1.1)
    axes.plot(*path[0], "o", color=drawing.BLACK, markersize=3.5)
    axes.plot(*path[-1], "s", color=colour, markersize=4.5)
    axes.set_title(name, fontsize=8.5)
    axes.set(xlim=(-2.3, 2.3), ylim=(-2.3, 2.3), aspect="equal")
    axes.grid(False)


def _draw_eigenvalues(real: Axes, imaginary: Axes, scan: dict[str, Any]) -> None:
    fine, measured = scan["closed_form"], np.array(scan["measured"])
    lines = np.array(fine["eigenvalues"])
    for axes, part, name in ((real, 0, "Real part"), (imaginary, 1, "Imaginary part")):
        axes.plot(fine["gamma"], lines[:, :, part], color=drawing.BLACK, linewidth=1.2)
        axes.plot(scan["gamma"], measured[:, :, part], "o", color=drawing.RED, markersize=5,
                  markerfacecolor="none")  # fmt: skip
        axes.axvline(1.0, color=drawing.GREY, linewidth=0.8, linestyle=":")
        drawing.label(axes, f"{name} of λ", "γ of R1")
    real.plot([], [], color=drawing.BLACK, label=r"$-\gamma/2 \pm \sqrt{\gamma^2/4 - 1/4}$")
    real.plot([], [], "o", color=drawing.RED, markerfacecolor="none", label="the library's losses")
    real.legend(fontsize=7, loc="lower left")
