"""The figures of `gan lab` by name: what each shows, and which module measures and draws it.

Nothing here imports TensorFlow or matplotlib: a list must come at once.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trainer.errors import ConfigError

# Stands for every figure.
ALL = "all"


@dataclass(frozen=True)
class Entry:
    """A figure that can be made.

    Attributes:
        shows: one line on what is to be seen.
        module: has `measure(**options)`, which gives the numbers, and `draw(numbers)`.
        options: arguments of `measure`.
    """

    shows: str
    module: str
    options: Mapping[str, Any] = field(default_factory=dict)


# In the order of docs/theory.md.
FIGURES: dict[str, Entry] = {
    "objectives": Entry(
        "What generators minimise, and how much of a gradient a winning discriminator leaves them.",
        "trainer.lab.objectives",
    ),
    "optimal-discriminator": Entry(
        "A trained D beside D* = p / (p + p_g), and V(D*, G) beside -log 4 + 2 JS.",
        "trainer.lab.optimal_discriminator",
    ),
    "convergence": Entry(
        "V(D*, G) is convex: small subgradient steps reach -log 4, too large ones never do.",
        "trainer.lab.convergence",
    ),
    "divergences": Entry(
        "One Gaussian fitted to two by KL, reverse KL and JS: to cover or to choose.",
        "trainer.lab.divergences",
    ),
    "one-gaussian": Entry(
        "The game for a mean: its landscape max_D V, and the ways on which players cross it.",
        "trainer.lab.one_gaussian",
    ),
    "vanishing-gradient": Entry(
        "Disjoint supports: the generator's gradient dies as D converges; Wasserstein's does not.",
        "trainer.lab.vanishing_gradient",
    ),
    "dirac": Entry(
        "The Dirac-GAN: which games reach their equilibrium, and the eigenvalues that say so.",
        "trainer.lab.dirac",
    ),
    "bilinear": Entry(
        "min max θψ: in turns the players circle for ever; what makes them turn inwards.",
        "trainer.lab.bilinear",
    ),
    "collapse-ring": Entry(
        "Mode collapse on the ring of eight as a film: the plain game beside each remedy.",
        "trainer.lab.collapse",
        {"data": "ring"},
    ),
    "collapse-grid": Entry(
        "Mode collapse on the grid of 25 as a film: the plain game beside each remedy.",
        "trainer.lab.collapse",
        {"data": "grid"},
    ),
    "capacity": Entry(
        "Samples over D's peaks, by turns k and width of D: why modes are lost.",
        "trainer.lab.capacity",
    ),
}


def chosen(name: str) -> tuple[str, ...]:
    """The names of the figures that a name asks for.

    Raises:
        ConfigError: for a name that is none, with the nearest ones.
    """
    if name == ALL:
        return tuple(FIGURES)
    if name in FIGURES:
        return (name,)
    close = difflib.get_close_matches(name, [*FIGURES, ALL], n=3)
    meant = f"did you mean {' or '.join(close)}? Accepted are" if close else "accepted are"
    raise ConfigError(f"NAME: received {name!r}; {meant} {', '.join(FIGURES)}, or {ALL}.")


def require_name(out: str | None) -> None:
    """Refuses a place for figures without the name of one.

    Raises:
        ConfigError: where there is a place.
    """
    if out is not None:
        raise ConfigError(
            f"NAME: it is missing, with --out {out}; give the name of a figure (`gan lab` lists "
            f"them), or `gan lab {ALL} --out {out}` for every one."
        )
