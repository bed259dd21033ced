"""The built-in digits in strokes of a known width, which stands for an age.

A grey picture of 16x16 pixels holds one digit, whose strokes were grown or worn until they are as
wide as its age says. The width of strokes is measured on any picture I as

    2 Σ I / Σ ‖∇I‖,

in pixels: a ribbon of width w and length l has the area w l and, ends apart, an edge of 2 l, which
is the total variation of a picture of it. The attribute `thickness` is measured on the picture as
it is stored, so the truth is exact, and a picture that a game makes is measured alike.
"""

import numpy as np
from scipy.ndimage import affine_transform, distance_transform_edt

from trainer.catalogue import ThickDigits
from trainer.config.experiment import Data
from trainer.data import attributes
from trainer.data.reading import Source, Table, labelled, rows_of
from trainer.data.sources import digits

NAMES = ("thickness",)
# The ages: widths of strokes in pixels.
WIDTHS = (1.8, 2.3, 2.8, 3.3, 3.8)
SIDE = 16
# Parts of a pixel's side, in which strokes are grown.
_PARTS = 5
# By what share of a picture's side a stroke's edge is moved at most, and how often that is halved.
_FURTHEST, _HALVINGS = 0.125, 8
# Of the choice of ages, not of a run: the pictures are the same ones for ever.
_SEED = 20170208


def open_source(data: Data) -> Source:
    """Draws every digit at one age: fields `sample`, `label` (the digit), and `attributes`."""
    options = data.source
    assert isinstance(options, ThickDigits)
    levels, labels = (part[: options.pictures] for part in digits.read())
    pictures = np.stack([draw(*one) for one in zip(levels, widths(len(levels)), strict=True)])
    others = {"attributes": measure(pictures)[:, np.newaxis]}
    return Source(
        tables=(Table(rows_of(pictures, labels, "thick digit", data, others=others)),),
        fields={
            **labelled(tuple(map(str, range(10)))),
            "attributes": attributes.field_of(NAMES),
        },
        identity={"source": "thick_digits", "pictures": options.pictures},
    )


def widths(count: int) -> np.ndarray:
    """How wide the strokes of the first digits are drawn, float64 [count], each one of `WIDTHS`."""
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    return np.random.RandomState(_SEED).choice(WIDTHS, size=count)


def draw(digit: np.ndarray, width: float, side: int = SIDE) -> np.ndarray:
    """A digit uint8 [s, s, 1] in strokes so many pixels wide, uint8 [side, side, 1].

    Its edge is moved along its normal, by as much as halving an interval finds.
    """
    inside = _distance(digit, side)
    worn, grown = -_FURTHEST * side, _FURTHEST * side
    for _ in range(_HALVINGS):
        middle = (worn + grown) / 2.0
        is_thin = measure(_grown(inside, middle)[np.newaxis])[0] < width
        worn, grown = (middle, grown) if is_thin else (worn, middle)
    return min(
        (_grown(inside, by) for by in (worn, grown)),
        key=lambda picture: abs(measure(picture[np.newaxis])[0] - width),
    )


def measure(pictures: np.ndarray) -> np.ndarray:
    """How wide the strokes of pictures uint8 [n, h, w, 1] are, float32 [n]; zero without any."""
    light = np.pad(pictures[..., 0] / 255.0, ((0, 0), (1, 1), (1, 1)))
    down = light[:, 1:, :-1] - light[:, :-1, :-1]
    along = light[:, :-1, 1:] - light[:, :-1, :-1]
    edge = np.hypot(down, along).sum(axis=(1, 2))
    width = 2.0 * light.sum(axis=(1, 2)) / np.maximum(edge, 1e-9)
    return width.astype(np.float32)


def _distance(digit: np.ndarray, side: int) -> np.ndarray:
    """How many pixels each part of a picture lies within the digit's strokes, float64 [n, n].

    A stroke is where the digit, between its pixels, has half of its light. There is a pixel of the
    digit's around it.
    """
    parts = side * _PARTS
    step = (len(digit) + 2) / parts
    levels = digit[..., 0].astype(np.float64)
    # The middle of the first part lies a pixel, and its own half, before the digit's first edge.
    offset = 0.5 * step - 1.5
    light = affine_transform(
        levels, np.full(2, step), offset, (parts, parts), order=1, mode="grid-constant"
    )
    stroke = light > 0.5 * levels.max()
    return (distance_transform_edt(stroke) - distance_transform_edt(~stroke)) / _PARTS


def _grown(inside: np.ndarray, by: float) -> np.ndarray:
    """The strokes whose edge was moved outwards: each pixel as bright as it is covered."""
    side = len(inside) // _PARTS
    covered = (inside > -by).reshape(side, _PARTS, side, _PARTS).mean(axis=(1, 3))
    return np.rint(255.0 * covered).astype(np.uint8)[..., np.newaxis]
