"""How a surface that is made works with the one above it: what passes through, what touches."""

from typing import NamedTuple

import numpy as np


class Gaps(NamedTuple):
    """Counts of each picture, float64 [n].

    Attributes:
        pixels: of the region that was to be made.
        penetrating: of those, where the surface passes through the one above.
        touching: where it touches without passing through.
        due: where it should touch.
        kept: where it should, and does.
    """

    pixels: np.ndarray
    penetrating: np.ndarray
    touching: np.ndarray
    due: np.ndarray
    kept: np.ndarray


def count(
    made: np.ndarray,
    truth: np.ndarray,
    opposing: np.ndarray,
    region: np.ndarray,
    within: float,
) -> Gaps:
    """Counts pixels by the gap, opposing minus made; surfaces touch where it is in [0, within].

    Args:
        made: heights [n, h, w].
        truth: heights as they should be.
        opposing: heights of the surface above.
        region: bool [n, h, w], where a surface was to be made.
        within: the widest gap of a contact, in the units of heights.
    """
    gap, right = (opposing.astype(np.float64) - heights for heights in (made, truth))
    touching, due = (region & (g >= 0.0) & (g <= within) for g in (gap, right))
    parts = (region, region & (gap < 0.0), touching, due, touching & due)
    return Gaps(*(part.sum(axis=(1, 2)).astype(np.float64) for part in parts))
