"""One Gaussian fitted to a mixture of two: what each divergence makes of what it cannot have."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import minimize

from trainer.lab import densities, drawing
from trainer.lab.densities import LINE
from trainer.lab.drawing import listed

# What is minimised over q, p being the mixture.
DIVERGENCES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "KL(p ‖ q)": densities.kl,
    "KL(q ‖ p)": lambda p, q: densities.kl(q, p),
    "JS(p, q)": lambda p, q: best_game(p, q),
}
SHARES, SPREADS = (0.6, 0.4), (0.5, 0.5)
_SHOWN = 4.0


def best_game(p: np.ndarray, q: np.ndarray) -> float:
    """½(V(D*, G) + log 4) of the library's minimax losses, which is JS(p, q)."""
    return 0.5 * (densities.value(p, q, densities.best_logit(p, q)) + np.log(4.0))


def measure(
    gap: float = 4.0, gaps: Sequence[float] = tuple(np.linspace(0.0, 5.0, 21))
) -> dict[str, Any]:
    """The best Gaussian under each divergence, at one distance of the two modes and at many.

    Args:
        gap: of the modes in the first picture.
        gaps: of the modes, for the spread over their distance.
    """
    shown = (np.abs(LINE) <= _SHOWN) & (np.arange(len(LINE)) % 8 == 0)
    fits = {name: fitted(name, gap) for name in DIVERGENCES}
    return {
        "gap": gap,
        "shares": list(SHARES),
        "x": listed(LINE[shown]),
        "p": listed(mixture(gap)[shown]),
        "fits": fits,
        "curves": {
            name: listed(densities.normal(fit["mean"], fit["spread"])[shown])
            for name, fit in fits.items()
        },
        "gaps": listed(gaps),
        "spreads": {name: [fitted(name, g)["spread"] for g in gaps] for name in DIVERGENCES},
    }


def mixture(gap: float) -> np.ndarray:
    """Two Gaussians whose means lie at a distance."""
    return densities.mixture(SHARES, (-gap / 2.0, gap / 2.0), SPREADS)


def fitted(name: str, gap: float) -> dict[str, float]:
    """Mean and spread of the Gaussian that is best, from the better of three starts."""
    p, divergence = mixture(gap), DIVERGENCES[name]

    def objective(place: np.ndarray) -> float:
        return divergence(p, densities.normal(place[0], np.exp(place[1])))

    starts = [(-gap / 2, np.log(0.5)), (gap / 2, np.log(0.5)), (0.0, np.log(0.5 + gap / 2))]
    found = [
        minimize(objective, start, method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-7})
        for start in starts
    ]
    best = min(found, key=lambda result: result.fun)
    mean, spread = best.x[0], np.exp(best.x[1])
    return {"mean": listed(mean), "spread": listed(spread), "divergence": listed(best.fun)}


def draw(numbers: dict[str, Any]) -> Figure:
    """The fits over the mixture, and their spreads over the distance of its modes."""
    figure, ((left, right),) = drawing.panels(1, 2, (8.4, 3.3))
    left.fill_between(
        numbers["x"], numbers["p"], color="#cfcfcf", linewidth=0, label="p, two Gaussians"
    )
    styles = zip(numbers["curves"], drawing.SERIES, ("-", "-", "--"), strict=False)
    for name, colour, style in styles:
        fit = numbers["fits"][name]
        left.plot(
            numbers["x"], numbers["curves"][name], style, color=colour,
            label=f"{name}: μ = {fit['mean']:.2f}, σ = {fit['spread']:.2f}",
        )  # fmt: skip
        right.plot(numbers["gaps"], numbers["spreads"][name], style, color=colour, label=name)
    drawing.label(left, "The best single Gaussian q", "x", "density")
    left.set(ylim=(0, 1.15), xlim=(-_SHOWN, _SHOWN))
    left.legend(loc="upper right")
    drawing.label(right, "To cover or to choose", "distance of the two modes", "σ of the best q")
    right.axhline(SPREADS[0], color=drawing.GREY, linewidth=0.8, linestyle=":")
    right.text(0.05, SPREADS[0] - 0.12, "σ of one mode", fontsize=8)
    right.set(ylim=(0.3, 2.8))
    right.legend(loc="upper left")
    return figure
