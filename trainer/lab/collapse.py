"""Mode collapse as a film: densities of samples by step, the plain game beside each remedy.

Reference: Metz et al. 2017, figure 2.
"""

import textwrap
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trainer.config.recipe import merge
from trainer.data.sources import mixtures
from trainer.lab import drawing
from trainer.lab.drawing import listed
from trainer.lab.playing import LabGame, drawn_from, nothing
from trainer.metrics.modes import assign_to_centres, high_quality, modes_found

# The generator runs ahead of a discriminator that learns more slowly: then games collapse, as they
# do in the paper, whose discriminator learns at a tenth of the generator's rate.
BASE: dict[str, Any] = {
    "network": {"name": "mlp", "units": [128, 128]},
    "prior": {"name": "gaussian", "size": 2},
    "optimizers": {
        "generator": {"name": "adam", "learning_rate": 1e-3},
        "discriminator": {"name": "adam", "learning_rate": 2e-4},
    },
    # What is seen are the players' own weights: an average would hide that they run in circles.
    "train": {"batch_size": 128, "ema_decay": 0.0},
}


class Remedy(NamedTuple):
    """What a game differs in from `BASE`: a recipe, and the discriminator's turns in a step."""

    recipe: Mapping[str, Any] = MappingProxyType({})
    turns: int = 1


# In the order of the rows; a further one is a further line.
REMEDIES: dict[str, Remedy] = {
    "plain": Remedy(),
    "D at G's rate": Remedy({"optimizers": {"discriminator": {"learning_rate": 1e-3}}}),
    "k = 5": Remedy(turns=5),
    "unrolled, 5 steps": Remedy({"wrappers": [{"name": "unroll", "steps": 5}]}),
    "packed by 2": Remedy({"wrappers": [{"name": "pack", "samples": 2}]}),
    "minibatch features": Remedy(
        {"network": {"discriminator_batch_features": "minibatch", "discriminator_group": 16}}
    ),
    "spectral norm": Remedy({"network": {"discriminator_normalization": "spectral"}}),
    "R1, γ = 0.1": Remedy({"penalties": [{"name": "r1", "gamma": 0.1}]}),
    "WGAN-GP, k = 5": Remedy(
        {
            "objective": "wasserstein",
            "penalties": [{"name": "gradient_penalty", "weight": 0.1}],
        },
        turns=5,
    ),
    "RpGAN + R1 + R2, D at G's rate": Remedy(
        {
            "optimizers": {"discriminator": {"learning_rate": 1e-3}},
            "objective": "relativistic",
            "penalties": [{"name": "r1", "gamma": 0.1}, {"name": "r2", "gamma": 0.1}],
        }
    ),
}
_SAMPLES = 2048
_CELLS = 48


def measure(
    data: str, remedies: Mapping[str, Remedy] = REMEDIES, steps: int = 900, frames: int = 3
) -> dict[str, Any]:
    """Densities, modes and the share of good samples of every game, at evenly spaced steps.

    Args:
        data: "ring" or "grid".
        remedies: by name.
        steps: of each game.
        frames: pictures of each game.
    """
    mixture = Mixture(data)
    shown = [steps * (i + 1) // frames for i in range(frames)]
    return {
        "data": data,
        "steps": shown,
        "batch_size": BASE["train"]["batch_size"],
        "samples": _SAMPLES,
        "num_modes": len(mixture.centres),
        "limit": mixture.limit,
        "real": _density(mixture.points[:_SAMPLES], mixture.limit),
        "games": {name: _film(remedy, mixture, shown) for name, remedy in remedies.items()},
    }


class Mixture:
    """The ring or the grid as the players see it: on [-1, 1].

    Args:
        data: "ring" or "grid".

    Attributes:
        points: float32 [n, 2].
        centres: [modes, 2].
        spread: of every mode.
        limit: pictures show [-limit, limit]².
    """

    limit = 1.35

    def __init__(self, data: str) -> None:
        ring = data == "ring"
        centres = mixtures.ring_centres() if ring else mixtures.grid_centres()
        spread = mixtures.RING_STD if ring else mixtures.GRID_STD
        unit = np.abs(centres).max()
        self.points = mixtures.draw(centres, spread)[0] / np.float32(unit)
        self.centres, self.spread = centres / unit, spread / unit

    def found(self, samples: np.ndarray) -> tuple[int, float]:
        """Modes that are covered, and the share of samples near one.

        Near is within ten standard deviations: games of so few steps have not come nearer. A mode
        is covered that has at least a quarter of its share of the samples.
        """
        modes = assign_to_centres(samples, self.centres, self.spread, radius=10.0)
        enough = max(1, len(samples) // (4 * len(self.centres)))
        covered = modes_found(modes, len(self.centres), enough)
        return int(covered.value), high_quality(modes).value


def _film(remedy: Remedy, mixture: Mixture, shown: list[int]) -> list[dict[str, Any]]:
    recipe = merge(BASE, remedy.recipe)
    game = LabGame(recipe, drawn_from(mixture.points), size=2, watch=nothing)
    frames, played = [], 0
    for step in shown:
        game.play(step - played, ahead=remedy.turns - 1)
        played = step
        samples = game.samples(_SAMPLES)
        modes, share = mixture.found(samples)
        density = _density(samples, mixture.limit)
        frames.append({"modes": modes, "high_quality": listed(share, 3), "density": density})
    return frames


def _density(samples: np.ndarray, limit: float) -> list[list[int]]:
    """Samples counted in cells, from the bottom row to the top one."""
    edges = np.linspace(-limit, limit, _CELLS + 1)
    counts, _, _ = np.histogram2d(samples[:, 1], samples[:, 0], bins=(edges, edges))
    return counts.astype(int).tolist()


def draw(numbers: dict[str, Any]) -> Figure:
    """A row a game, a column a step, and the data at the right."""
    games, steps = numbers["games"], numbers["steps"]
    size = 1.2
    figure, panels = drawing.panels(
        len(games), len(steps) + 1, (size * (len(steps) + 1) + 0.5, (size + 0.1) * len(games) + 0.4)
    )
    for row, (name, frames) in zip(panels, games.items(), strict=True):
        row[0].set_ylabel(textwrap.fill(name, 17), fontsize=8.5)
        for axes, frame in zip(row, frames, strict=False):
            _picture(axes, frame["density"], numbers["limit"])
            counted = f"{frame['modes']}/{numbers['num_modes']}"
            axes.text(0.03, 0.03, counted, transform=axes.transAxes, fontsize=7, color="#333333")
        row[-1].set_visible(False)
    for axes, step in zip(panels[0], steps, strict=False):
        axes.set_title(f"step {step}", fontsize=8.5, loc="center")
    panels[0][-1].set_visible(True)
    _picture(panels[0][-1], numbers["real"], numbers["limit"])
    panels[0][-1].set_title("data", fontsize=8.5, loc="center")
    figure.supxlabel(
        f"{numbers['samples']} samples a picture, batch {numbers['batch_size']}; "
        "below left: modes that are covered",
        fontsize=7.5,
    )
    return figure


def _picture(axes: Axes, counts: list[list[int]], limit: float) -> None:
    """Counts as colours, by their square root: single samples are to be seen beside heaps."""
    axes.imshow(
        np.sqrt(np.minimum(counts, 60)), origin="lower", extent=(-limit, limit, -limit, limit),
        cmap=drawing.DENSITY, vmin=0.0, vmax=np.sqrt(60.0), interpolation="nearest",
    )  # fmt: skip
    drawing.bare(axes)
