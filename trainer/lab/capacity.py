"""Why modes are lost: D is far from optimal after k steps, and can only be what its width allows.

The lectures' picture: what is generated, drawn over D. Samples run to wherever D is high now, and D
follows; a wide D that takes many turns has a peak at every mode, a narrow or hasty one has few.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trainer.config.recipe import merge
from trainer.lab import collapse, drawing
from trainer.lab.drawing import listed
from trainer.lab.playing import LabGame, drawn_from, nothing

_SAMPLES, _SHOWN, _CELLS = 2048, 300, 61


def measure(
    turns: Sequence[int] = (1, 5, 25), widths: Sequence[int] = (8, 32, 128), steps: int = 400
) -> dict[str, Any]:
    """Samples, modes and D over the plane for every k and every width.

    Args:
        turns: k, discriminator turns in a step.
        widths: units of both of D's hidden layers; the generator's stay at 128.
        steps: of the generator in each game.
    """
    mixture = collapse.Mixture("ring")
    return {
        "steps": steps,
        "batch_size": collapse.BASE["train"]["batch_size"],
        "samples": _SAMPLES,
        "num_modes": len(mixture.centres),
        "limit": mixture.limit,
        "centres": listed(mixture.centres),
        "turns": list(turns),
        "widths": list(widths),
        "games": [_of_width(mixture, turns, width, steps) for width in widths],
    }


def _of_width(
    mixture: collapse.Mixture, turns: Sequence[int], width: int, steps: int
) -> list[dict[str, Any]]:
    recipe = {
        "network": {"discriminator_units": [width, width]},
        "optimizers": {"discriminator": {"learning_rate": 1e-3}},
    }
    game = LabGame(merge(collapse.BASE, recipe), drawn_from(mixture.points), size=2, watch=nothing)
    return [_played(game, mixture, k, steps) for k in turns]


def _played(game: LabGame, mixture: collapse.Mixture, turns: int, steps: int) -> dict[str, Any]:
    game.begin_again()
    game.play(steps, ahead=turns - 1)
    samples = game.samples(_SAMPLES)
    modes, share = mixture.found(samples)
    line = np.linspace(-mixture.limit, mixture.limit, _CELLS)
    plane = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    judged = 1.0 / (1.0 + np.exp(-np.clip(game.logits(plane).astype(np.float64), -30.0, 30.0)))
    return {
        "modes": modes,
        "high_quality": listed(share, 3),
        "samples": listed(samples[:_SHOWN], digits=3),
        "discriminator": listed(judged.reshape(_CELLS, _CELLS), digits=3),
    }


def draw(numbers: dict[str, Any]) -> Figure:
    """A row a width, a column a number of turns: D in colours, samples and modes over it."""
    rows, columns = len(numbers["widths"]), len(numbers["turns"])
    figure, panels = drawing.panels(rows, columns, (2.0 * columns + 1.1, 2.1 * rows + 0.5))
    for row, games, width in zip(panels, numbers["games"], numbers["widths"], strict=True):
        row[0].set_ylabel(f"D of width {width}", fontsize=9)
        for axes, game in zip(row, games, strict=True):
            picture = _draw_game(axes, game, numbers)
    for axes, turns in zip(panels[0], numbers["turns"], strict=True):
        axes.set_title(f"k = {turns}", loc="center")
    bar = figure.colorbar(picture, ax=panels, shrink=0.5, ticks=(0, 0.5, 1))
    bar.set_label("D(x)")
    figure.supxlabel(
        f"after {numbers['steps']} steps of the generator, batch {numbers['batch_size']}; "
        "dots: samples, rings: the modes, below left: modes found",
        fontsize=7.5,
    )
    return figure


def _draw_game(axes: Axes, game: dict[str, Any], numbers: dict[str, Any]) -> Any:
    limit = numbers["limit"]
    picture = axes.imshow(
        np.array(game["discriminator"]), origin="lower", extent=(-limit, limit, -limit, limit),
        cmap=drawing.JUDGEMENT, vmin=0.0, vmax=1.0, interpolation="bilinear",
    )  # fmt: skip
    axes.plot(*np.array(numbers["centres"]).T, "o", color=drawing.BLACK, markersize=7,
              markerfacecolor="none", markeredgewidth=0.7)  # fmt: skip
    samples = np.array(game["samples"])
    axes.plot(*samples.T, ".", color="#08233f", markersize=2.2, alpha=0.6)
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit))
    found = f"{game['modes']}/{numbers['num_modes']}"
    axes.text(0.03, 0.03, found, transform=axes.transAxes, fontsize=8)
    drawing.bare(axes)
    return picture
