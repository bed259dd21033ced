"""The built-in digits moved, slanted and dimmed: attributes that any picture can be measured for.

A grey picture of 16x16 pixels holds one digit of 8x8. Its attributes are moments of its light I, in
pixels from the middle of the picture: right E[x] and down E[y], E[·] the mean weighted by I; slant
-Cov(x, y) / Var(y), by how many pixels a stroke leans to the right on each pixel up; and ink ΣI, in
white pixels. They are measured on the picture as it is stored, so the truth is exact, and a picture
that a game makes is measured alike.
"""

import numpy as np
from scipy.ndimage import affine_transform

from trainer.catalogue import PosedDigits
from trainer.config.experiment import Data
from trainer.data import attributes
from trainer.data.reading import Source, Table, labelled, rows_of
from trainer.data.sources import digits

NAMES = ("right", "down", "slant", "ink")
SIDE = 16
_MIDDLE = (SIDE - 1) / 2
# How far a digit is moved and slanted at most, and how much of its light it keeps at least.
_FURTHEST, _STEEPEST, _DIMMEST = 3.0, 0.5, 0.5
# Of the choice, not of a run: the pictures are the same ones for ever.
_SEED = 20141106


def open_source(data: Data) -> Source:
    """Draws the pictures: fields `sample`, `label` (the digit), and `attributes`."""
    options = data.source
    assert isinstance(options, PosedDigits)
    levels, labels = digits.read()
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    random = np.random.RandomState(_SEED)
    which = random.randint(len(labels), size=options.pictures)
    poses = random.uniform(-1.0, 1.0, (options.pictures, len(NAMES)))
    pictures = np.stack([draw(levels[i], pose) for i, pose in zip(which, poses, strict=True)])
    others = {"attributes": measure(pictures)}
    return Source(
        tables=(Table(rows_of(pictures, labels[which], "posed digit", data, others=others)),),
        fields={
            **labelled(tuple(map(str, range(10)))),
            "attributes": attributes.field_of(NAMES),
        },
        identity={"source": "posed_digits", "pictures": options.pictures},
    )


def draw(digit: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """A digit uint8 [8, 8, 1] moved, slanted and dimmed, uint8 [16, 16, 1].

    Args:
        digit: its light.
        pose: four numbers of [-1, 1]: to the right, down, slant, light.
    """
    right, down, slant = pose[0] * _FURTHEST, pose[1] * _FURTHEST, pose[2] * _STEEPEST
    light = 1.0 + (pose[3] - 1.0) * (1.0 - _DIMMEST) / 2.0
    # Where (row, column) of the picture lies in the digit, whose middle is (3.5, 3.5).
    matrix = np.array([[1.0, 0.0], [slant, 1.0]])
    offset = 3.5 - matrix @ np.array([_MIDDLE + down, _MIDDLE + right])
    moved = affine_transform(
        digit[..., 0].astype(np.float64),
        matrix,
        offset,
        (SIDE, SIDE),
        order=1,
        mode="grid-constant",
    )
    return np.rint(light * moved).astype(np.uint8)[..., np.newaxis]


def measure(pictures: np.ndarray) -> np.ndarray:
    """The attributes of pictures uint8 [n, 16, 16, 1], float32 [n, 4]; zero where all is black."""
    light = pictures[..., 0] / 255.0
    ink = light.sum(axis=(1, 2))
    share = light / np.maximum(ink, 1e-9)[:, np.newaxis, np.newaxis]
    place = np.arange(SIDE) - _MIDDLE
    x, y = np.tensordot(share.sum(axis=1), place, 1), np.tensordot(share.sum(axis=2), place, 1)
    across = place[np.newaxis] - x[:, np.newaxis]
    along = place[np.newaxis] - y[:, np.newaxis]
    covariance = np.einsum("nij,ni,nj->n", share, along, across)
    variance = np.einsum("nij,ni->n", share, along**2)
    slant = -covariance / np.maximum(variance, 1e-9)
    return np.stack([x, y, slant, ink], axis=-1).astype(np.float32)
