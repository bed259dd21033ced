"""Paths and sums in the space of latents, for every prior."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

GAUSSIAN = "gaussian"
UNIFORM = "uniform"
_NOISE = "noise"


def slerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The great arc from a to b: the path that stays where a Gaussian prior has its mass.

    Where lengths differ they change along the way. Parallel and opposite vectors have no one arc;
    between these it is the straight line.

    Args:
        a: [d].
        b: [d].
        t: how far along, [n], from 0 to 1.

    Returns:
        float64 [n, d].

    Reference: Shoemake 1985; White 2016, "Sampling generative networks".
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    t = np.asarray(t, np.float64)[:, None]
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    angle = np.arccos(np.clip(a @ b / lengths, -1.0, 1.0)) if lengths else 0.0
    sine = np.sin(angle)
    if sine < 1e-7:
        return (1.0 - t) * a + t * b
    return (np.sin((1.0 - t) * angle) * a + np.sin(t * angle) * b) / sine


def lerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The straight line from a to b, as `slerp`: the path for uniform priors and for codes."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    t = np.asarray(t, np.float64)[:, None]
    return (1.0 - t) * a + t * b


def path(
    a: np.ndarray, b: np.ndarray, steps: int, prior: str, layout: Sequence[Mapping[str, Any]]
) -> np.ndarray:
    """Returns `steps` latents from a to b, both included, at equal distances.

    Args:
        a: [z].
        b: [z].
        steps: 2 or more.
        prior: of the noise; a Gaussian one is followed along the arc, any other straight.
        layout: the parts of a latent, as `describe` shows them; codes change along the line.

    Returns:
        float32 [steps, z]; the first row is a and the last is b, to the bit.
    """
    t = np.linspace(0.0, 1.0, steps)
    latents = lerp(a, b, t)
    for part in layout:
        if prior == GAUSSIAN and part["name"] == _NOISE:
            columns = slice(part["start"], part["start"] + part["size"])
            latents[:, columns] = slerp(a[columns], b[columns], t)
    latents[0], latents[-1] = a, b
    return latents.astype(np.float32)


def arithmetic(a: np.ndarray, minus: np.ndarray, plus: np.ndarray, prior: str) -> np.ndarray:
    """Returns a - minus + plus, brought back to where the prior has its mass.

    A Gaussian latent in many dimensions has nearly always the same length, and the sum of three
    is √3 times as long, where the generator has never been: it is scaled to the length of a. One
    of a uniform prior is clipped to [-1, 1].

    Args:
        a: [z].
        minus: [z].
        plus: [z].
        prior: "gaussian" or "uniform"; the sum for any other is left as it is.

    Returns:
        float32 [z].

    Reference: Radford et al. 2015, section 6.3.2.
    """
    a = np.asarray(a, np.float64)
    latent = a - np.asarray(minus, np.float64) + np.asarray(plus, np.float64)
    if prior == GAUSSIAN:
        length = np.linalg.norm(latent)
        latent *= np.linalg.norm(a) / length if length else 0.0
    elif prior == UNIFORM:
        latent = np.clip(latent, -1.0, 1.0)
    return latent.astype(np.float32)
