"""Digits in colours and corners, with captions: right and wrong can be measured.

A picture is black but for one digit in a corner, of half its side, and its caption says what there
is to see: "a red seven at the top left", or "a bold red seven at the top left" where strokes are
drawn in two widths. So every picture that a game makes for a caption can be held against it: its
corner, its colour and the width of its strokes by its pixels, its digit by a classifier of digits.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np

from trainer.catalogue import CaptionedDigits, resolve
from trainer.config.experiment import Data
from trainer.data import captions
from trainer.data.holdout import held_out_mask
from trainer.data.images import conform
from trainer.data.reading import Part, Row, Source, Table, labelled
from trainer.data.sources import thick_digits
from trainer.errors import ConfigError
from trainer.fields import Field

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
COLOURS = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1), "yellow": (1, 1, 0)}
# Whether a digit begins at the middle row, and at the middle column.
CORNERS = {
    "top left": (0, 0),
    "top right": (0, 1),
    "bottom left": (1, 0),
    "bottom right": (1, 1),
}
# Widths of strokes as shares of a digit's side.
THICKNESSES = {"thin": 0.14, "bold": 0.25}
# Of the choice, not of a run: the pictures are the same ones for ever.
_SEED = 20160605
# More than captions have.
_MOST_WORDS = 100


class Content(NamedTuple):
    """What a caption says and a picture shows, by numbers: of digit, colour, corner, thickness.

    The last is None where strokes are as they come.
    """

    digit: int
    colour: int
    corner: int
    thickness: int | None = None

    @property
    def caption(self) -> str:
        """Such as "a red seven at the top left", or "a bold red seven at the top left"."""
        colour, corner = tuple(COLOURS)[self.colour], tuple(CORNERS)[self.corner]
        strokes = "" if self.thickness is None else f"{tuple(THICKNESSES)[self.thickness]} "
        return f"a {strokes}{colour} {DIGITS[self.digit]} at the {corner}"

    @classmethod
    def of(cls, caption: str) -> "Content":
        """What such a caption says; a ValueError where it says something else."""
        _, *look, digit, _, _, vertical, horizontal = caption.split()
        strokes = list(THICKNESSES).index(look[0]) if len(look) > 1 else None
        corner = list(CORNERS).index(f"{vertical} {horizontal}")
        return cls(DIGITS.index(digit), list(COLOURS).index(look[-1]), corner, strokes)

    def is_unseen(self, tenths: int) -> bool:
        """Whether it is one of those that `unseen` sets aside.

        In every colour and corner so many digits are, other ones in each, so that every digit,
        every colour and every corner is seen.
        """
        place = self.digit + 3 * self.colour + 7 * self.corner + 5 * (self.thickness or 0)
        return place % len(DIGITS) < tenths


def contents(*, thickness: bool = False) -> tuple[Content, ...]:
    """Everything that captions say: 160 contents, or 320 with thickness."""
    strokes = range(len(THICKNESSES)) if thickness else [None]
    every = product(range(len(DIGITS)), range(len(COLOURS)), range(len(CORNERS)), strokes)
    return tuple(Content(*parts) for parts in every)


def open_source(data: Data) -> Source:
    """Draws the pictures: fields `sample`, `text`, `label` (the digit), and apart `wrong_text`."""
    options = data.source
    assert isinstance(options, CaptionedDigits)
    levels, labels = digits_of(data)
    which, shown = _chosen(labels, options)
    classes = labels[which]
    held_out = (
        np.array([content.is_unseen(options.unseen) for content in shown])
        if options.unseen
        else held_out_mask(len(which), data.holdout_share, classes)
    )
    parts = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    texts = [content.caption for content in shown]
    known = captions.field_of([texts[i] for i in parts[0]], words=_MOST_WORDS, length=None)
    ids = captions.ids_of(texts, known)
    digit = in_strokes(levels)

    def part(rows: np.ndarray) -> Part:
        def read() -> Iterator[Row]:
            for i in rows:
                picture = conform(draw(digit(which[i], shown[i].thickness), shown[i]), data)
                fields = {"sample": picture, "text": ids[i], "label": classes[i]}
                yield Row(fields, f"captioned digit {i}")

        return Part(read(), len(rows))

    own = Table(part(parts[0]), part(parts[1]), classes[parts[0]])
    return Source(
        tables=(own, captions.wrong(own, ids[parts[0]], ids[parts[1]])),
        fields={**captions.fields_of(known), **labelled(tuple(map(str, range(len(DIGITS)))))},
        identity={"source": "captioned_digits", "options": options.model_dump(mode="json")},
    )


def digits_of(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """The grey digits that are drawn, uint8 [n, side / 2, side / 2, 1], and their classes [n].

    Raises:
        ConfigError: for a source of other classes than ten.
    """
    options = data.source
    assert isinstance(options, CaptionedDigits)
    half = options.side // 2
    own = data.model_copy(
        update={"source": options.of, "size": (half, half), "channels": 1, "depth": 8}
    )
    of: Source = resolve(options.of)(own)
    if len(of.fields.get("label", Field()).names) != len(DIGITS):
        raise ConfigError(
            f"data.source.of: received {options.of}, which has no ten classes; give digits, such "
            "as tfds:mnist."
        )
    rows = [row.fields for row in of.tables[0].train.rows if row is not None]
    return np.stack([row["sample"] for row in rows]), np.stack([row["label"] for row in rows])


def _chosen(labels: np.ndarray, options: CaptionedDigits) -> tuple[np.ndarray, list[Content]]:
    """Which digits are drawn, int64 [pictures], and how: the same ones for ever."""
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    random, count = np.random.RandomState(_SEED), options.pictures
    which = random.randint(len(labels), size=count)
    looks = random.randint([len(COLOURS), len(CORNERS)], size=(count, 2)).tolist()
    strokes: list[list[int]] = [[]] * count
    if options.thickness:
        strokes = random.randint(len(THICKNESSES), size=(count, 1)).tolist()
    shown = [
        Content(int(labels[i]), *look, *width)
        for i, look, width in zip(which, looks, strokes, strict=True)
    ]
    return which, shown


def in_strokes(levels: np.ndarray) -> Callable[[int, int | None], np.ndarray]:
    """A function of a digit's number and its thickness: uint8 [s, s, 1], one of `levels`.

    It keeps what it has drawn; without a thickness it gives the digit as it is.
    """

    @cache
    def drawn(number: int, thickness: int | None) -> np.ndarray:
        digit: np.ndarray = levels[number]
        if thickness is None:
            return digit
        width = tuple(THICKNESSES.values())[thickness] * len(digit)
        return thick_digits.draw(digit, width, len(digit))

    return drawn


def draw(digit: np.ndarray, content: Content) -> np.ndarray:
    """A digit uint8 [s, s, 1] in its colour and corner, uint8 [2s, 2s, 3]."""
    side = len(digit)
    canvas = np.zeros((2 * side, 2 * side, 3), np.uint8)
    coloured = digit * np.array(tuple(COLOURS.values())[content.colour], np.uint8)
    _corner(canvas, content.corner)[...] = coloured
    return canvas


def _corner(pictures: np.ndarray, corner: int) -> np.ndarray:
    """A view of the corner of pictures [..., 2s, 2s, c], [..., s, s, c]."""
    side = pictures.shape[-2] // 2
    row, column = (side * half for half in tuple(CORNERS.values())[corner])
    return pictures[..., row : row + side, column : column + side, :]


def corner_of(pictures: np.ndarray) -> np.ndarray:
    """The corners with the most light, int64 [n], of pictures uint8 [n, 2s, 2s, 3]."""
    quarters = [_corner(pictures.astype(np.float64), corner) for corner in range(len(CORNERS))]
    return np.stack([quarter.sum(axis=(1, 2, 3)) for quarter in quarters]).argmax(axis=0)


def colour_of(pictures: np.ndarray) -> np.ndarray:
    """The colours nearest to that of all light together, by their angle, int64 [n]."""
    light = pictures.astype(np.float64).sum(axis=(1, 2))
    colours = np.array(tuple(COLOURS.values()), np.float64)
    colours /= np.linalg.norm(colours, axis=1, keepdims=True)
    return (light @ colours.T).argmax(axis=1)


def thickness_of(pictures: np.ndarray) -> np.ndarray:
    """The thicknesses nearest to the width of strokes, int64 [n]."""
    digits = digits_in(pictures)[..., np.newaxis]
    widths = thick_digits.measure(digits) / digits.shape[1]
    off = np.abs(widths[:, np.newaxis] - np.array(tuple(THICKNESSES.values())))
    return off.argmin(axis=1)


def digits_in(pictures: np.ndarray) -> np.ndarray:
    """What stands in the corner with the most light, without its colour, uint8 [n, s, s]."""
    corners = corner_of(pictures)
    cut = [_corner(image, corner) for image, corner in zip(pictures, corners, strict=True)]
    return np.stack(cut).max(axis=-1)
