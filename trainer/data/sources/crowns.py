"""Height maps of a jaw without one of its crowns, and of the jaw above, as the library makes them.

A grey picture of 16x16 pixels is a surface seen from above, bright where it is high. A crown
stands on the gum: a dome with four cusps of unequal heights, turned by any angle. Above it lies the
opposing surface, which touches it at two or three points and rises from there with the square of
the distance, so the gap between both is known at every pixel, is never negative, and is zero at the
contacts alone. A crown follows from what is given but for a part that no network can know.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from trainer.catalogue import Crowns
from trainer.config.experiment import Data
from trainer.data.height_maps import OPPOSING, REGION
from trainer.data.reading import Source, Table, rows_of
from trainer.fields import Field

SIDE = 16
# Channels of what is given: the jaw as it was prepared, what lies above, where the crown is due.
CHANNELS = ("prepared", OPPOSING, REGION)
_CUSPS = 4
# Heights as shares of the range: gum and hills, a crown's dome, its lowest and highest cusp.
_GUM, _HILL, _DOME, _LOW, _HIGH = 0.3, 0.06, 0.22, 0.04, 0.14
# How fast the gap widens, in heights a squared pixel, and how wide it is at most.
_WIDENING, _WIDEST = 0.012, 0.25
# Of the choice, not of a run: the surfaces are the same ones for ever.
_SEED = 20180330


def open_source(data: Data) -> Source:
    """Makes the surfaces: fields `image` (of `CHANNELS`) and `sample`, the jaw with its crown."""
    options = data.source
    assert isinstance(options, Crowns)
    random = np.random.RandomState(_SEED)
    made = [make(random) for _ in range(options.crowns)]
    given, whole = (np.stack(part) for part in zip(*made, strict=True))
    return Source(
        tables=(Table(rows_of(whole, None, "crown", data, others={"image": given})),),
        fields={"image": Field(kind="image", names=CHANNELS), "sample": Field(kind="image")},
        identity={"source": "crowns", "crowns": options.crowns},
    )


def make(random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """What is given, uint8 [16, 16, 3], and the jaw with its crown, uint8 [16, 16, 1]."""
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float64)
    middle = (SIDE - 1) / 2.0 + random.uniform(-1.5, 1.5, 2)
    radius = random.uniform(4.5, 5.5)
    hills = gaussian_filter(random.standard_normal((SIDE, SIDE)), 3.0, mode="wrap")
    gum = _GUM + _HILL * hills / np.abs(hills).max()
    cusps = _cusps(random, middle, radius)
    from_middle = np.hypot(rows - middle[0], columns - middle[1])
    region = from_middle < radius
    crown = _DOME * np.sqrt(np.clip(1.0 - (from_middle / radius) ** 2, 0.0, 1.0))
    for (row, column), height in zip(cusps, random.uniform(_LOW, _HIGH, _CUSPS), strict=True):
        crown += height * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 3.0)
    whole = _levels(gum + np.where(region, crown, 0.0))
    touching = cusps[random.permutation(_CUSPS)[: random.randint(2, 4)]]
    opposing = whole + _levels(_gap(rows, columns, touching))
    given = np.stack([_levels(gum), opposing, 255 * region.astype(np.uint8)], axis=-1)
    return given, whole[..., np.newaxis]


def _cusps(random: np.random.RandomState, middle: np.ndarray, radius: float) -> np.ndarray:
    """Where the cusps are, each on a pixel, float64 [4, 2]."""
    angles = random.uniform(0.0, 2.0 * np.pi) + np.arange(_CUSPS) * 2.0 * np.pi / _CUSPS
    around = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    return np.rint(middle + 0.55 * radius * around)


def _gap(rows: np.ndarray, columns: np.ndarray, touching: np.ndarray) -> np.ndarray:
    """How far the opposing surface is above the lower one: zero at the touching points."""
    squares = [(rows - row) ** 2 + (columns - column) ** 2 for row, column in touching]
    return np.minimum(_WIDENING * np.min(squares, axis=0), _WIDEST)


def _levels(heights: np.ndarray) -> np.ndarray:
    return np.rint(255.0 * heights).astype(np.uint8)
