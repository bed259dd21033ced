"""Digits in a few strokes each, painted as programs are (`trainer.layers.strokes`).

The discriminator of a game of programs must not tell pictures by how their edges look, so what is
real is painted by the same painter.
"""

import numpy as np

from trainer.catalogue import StrokeDigits
from trainer.config.experiment import Data
from trainer.data.reading import Source, Table, labelled, rows_of

# Curves of each digit in a unit square, from, bend and to, across and down.
_DIGITS: tuple[tuple[tuple[float, ...], ...], ...] = (
    ((0.5, 0.12, -0.05, 0.5, 0.5, 0.88), (0.5, 0.12, 1.05, 0.5, 0.5, 0.88)),
    ((0.3, 0.3, 0.42, 0.22, 0.52, 0.1), (0.52, 0.1, 0.52, 0.5, 0.52, 0.9)),
    (
        *((0.2, 0.3, 0.5, -0.15, 0.78, 0.3), (0.78, 0.3, 0.7, 0.55, 0.2, 0.88)),
        (0.2, 0.88, 0.5, 0.88, 0.82, 0.88),
    ),
    ((0.22, 0.15, 1.05, 0.2, 0.4, 0.48), (0.4, 0.48, 1.1, 0.65, 0.2, 0.88)),
    (
        *((0.6, 0.1, 0.4, 0.4, 0.15, 0.62), (0.15, 0.62, 0.5, 0.62, 0.85, 0.62)),
        (0.62, 0.35, 0.62, 0.6, 0.62, 0.92),
    ),
    (
        *((0.75, 0.12, 0.5, 0.12, 0.28, 0.12), (0.28, 0.12, 0.26, 0.3, 0.25, 0.45)),
        (0.25, 0.45, 1.15, 0.4, 0.2, 0.88),
    ),
    (
        *((0.65, 0.1, 0.2, 0.3, 0.25, 0.65), (0.25, 0.65, 0.3, 0.95, 0.6, 0.85)),
        (0.6, 0.85, 0.95, 0.4, 0.28, 0.58),
    ),
    ((0.2, 0.12, 0.5, 0.12, 0.8, 0.12), (0.8, 0.12, 0.55, 0.45, 0.4, 0.9)),
    (
        *((0.5, 0.1, 0.05, 0.28, 0.5, 0.48), (0.5, 0.1, 0.95, 0.28, 0.5, 0.48)),
        *((0.5, 0.48, -0.05, 0.68, 0.5, 0.9), (0.5, 0.48, 1.05, 0.68, 0.5, 0.9)),
    ),
    (
        *((0.72, 0.22, 0.2, -0.05, 0.28, 0.4), (0.28, 0.4, 0.45, 0.65, 0.72, 0.22)),
        (0.72, 0.22, 0.75, 0.6, 0.5, 0.9),
    ),
)
# How far a point lies from where it should be (standard deviation), and how far a digit from the
# middle (at most), in sides of the picture.
_SHAKE, _SHIFT = 0.03, 0.06
_MOST_STROKES = max(map(len, _DIGITS))
# Pictures that are painted in one go.
_BLOCK = 512
# Of the choice, not of a run: the pictures are the same ones for ever.
_SEED = 20180403


def open_source(data: Data) -> Source:
    """Paints `pictures` digits: the fields `sample`, grey squares, and `label`."""
    options = data.source
    assert isinstance(options, StrokeDigits)
    strokes, places = programs(options)
    names = tuple(map(str, options.digits))
    return Source(
        tables=(Table(rows_of(_painted(strokes, options), places, "stroke digit", data)),),
        fields=labelled(names),
        identity={"source": "stroke_digits", "options": options.model_dump(mode="json")},
    )


def programs(options: StrokeDigits) -> tuple[np.ndarray, np.ndarray]:
    """Strokes in pixels, float32 [n, 4, 6], and the place of each one's class, int64 [n].

    A digit of fewer strokes repeats its last one, which changes nothing.
    """
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    random = np.random.RandomState(_SEED)
    places = random.randint(len(options.digits), size=options.pictures)
    whole = np.array([_of_four(_DIGITS[digit]) for digit in options.digits])[places]
    shape = (options.pictures, _MOST_STROKES, 3, 2)
    points = whole.reshape(shape) + random.normal(0.0, _SHAKE, shape)
    points += random.uniform(-_SHIFT, _SHIFT, (options.pictures, 1, 1, 2))
    for place, digit in enumerate(options.digits):
        last = len(_DIGITS[digit]) - 1
        points[places == place, last:] = points[places == place, last : last + 1]
    return (points * options.side).reshape(*shape[:2], 6).astype(np.float32), places


def _of_four(strokes: tuple[tuple[float, ...], ...]) -> list[tuple[float, ...]]:
    return [*strokes, *[strokes[-1]] * (_MOST_STROKES - len(strokes))]


def _painted(strokes: np.ndarray, options: StrokeDigits) -> np.ndarray:
    """Pictures uint8 [n, side, side, 1] of strokes."""
    from trainer.layers.strokes import painted

    blocks = [
        painted(strokes[first : first + _BLOCK], options.side, options.width).numpy()
        for first in range(0, len(strokes), _BLOCK)
    ]
    return np.rint(255.0 * np.concatenate(blocks)).astype(np.uint8)
