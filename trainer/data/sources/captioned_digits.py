"""Digits in colours and corners, with captions: right and wrong can be measured.

A picture is black but for one digit in a corner, of half its side, and its caption says what there
is to see: "a red seven at the top left". So every picture that a game makes for a caption can be
held against it: its corner and its colour by its pixels, its digit by a classifier of digits.
"""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from trainer.catalogue import CaptionedDigits, resolve
from trainer.config.experiment import Data
from trainer.data import captions
from trainer.data.holdout import held_out_mask
from trainer.data.images import conform
from trainer.data.reading import Part, Row, Source, Table, labelled
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
# Of the choice, not of a run: the pictures are the same ones for ever.
_SEED = 20160605


class Content(NamedTuple):
    """What a caption says and a picture shows, by numbers: of digit, colour and corner."""

    digit: int
    colour: int
    corner: int

    @property
    def caption(self) -> str:
        """Such as "a red seven at the top left"."""
        colour, corner = tuple(COLOURS)[self.colour], tuple(CORNERS)[self.corner]
        return f"a {colour} {DIGITS[self.digit]} at the {corner}"

    @classmethod
    def of(cls, caption: str) -> "Content":
        """What such a caption says; a ValueError where it says something else."""
        _, colour, digit, _, _, *corner = caption.split()
        found = list(COLOURS).index(colour), list(CORNERS).index(" ".join(corner))
        return cls(DIGITS.index(digit), *found)

    def is_unseen(self, tenths: int) -> bool:
        """Whether it is one of those that `unseen` sets aside.

        In every colour and corner so many digits are, other ones in each, so that every digit,
        every colour and every corner is seen.
        """
        return (self.digit + 3 * self.colour + 7 * self.corner) % len(DIGITS) < tenths


CONTENTS = tuple(
    Content(*three) for three in product(range(len(DIGITS)), range(len(COLOURS)), range(4))
)


def open_source(data: Data) -> Source:
    """Draws the pictures: fields `sample`, `text`, `label` (the digit), and apart `wrong_text`."""
    options = data.source
    assert isinstance(options, CaptionedDigits)
    levels, labels = _digits(data, options)
    which, contents = _chosen(labels, options.pictures)
    classes = labels[which]
    held_out = (
        np.array([content.is_unseen(options.unseen) for content in contents])
        if options.unseen
        else held_out_mask(len(which), data.holdout_share, classes)
    )
    parts = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    texts = [content.caption for content in contents]
    known = captions.field_of([texts[i] for i in parts[0]], words=len(CONTENTS), length=None)
    ids = captions.ids_of(texts, known)

    def part(rows: np.ndarray) -> Part:
        def read() -> Iterator[Row]:
            for i in rows:
                picture = conform(draw(levels[which[i]], contents[i]), data)
                fields = {"sample": picture, "text": ids[i], "label": classes[i]}
                yield Row(fields, f"captioned digit {i}")

        return Part(read(), len(rows))

    own = Table(part(parts[0]), part(parts[1]), classes[parts[0]])
    return Source(
        tables=(own, captions.wrong(own, ids[parts[0]], ids[parts[1]])),
        fields={**captions.fields_of(known), **labelled(tuple(map(str, range(len(DIGITS)))))},
        identity={"source": "captioned_digits", "options": options.model_dump(mode="json")},
    )


def _digits(data: Data, options: CaptionedDigits) -> tuple[np.ndarray, np.ndarray]:
    """The grey digits that are drawn, uint8 [n, side / 2, side / 2, 1], and their classes [n].

    Raises:
        ConfigError: for a source of other classes than ten.
    """
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


def _chosen(labels: np.ndarray, count: int) -> tuple[np.ndarray, list[Content]]:
    """Which digits are drawn, int64 [count], and how: the same ones for ever."""
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    random = np.random.RandomState(_SEED)
    which = random.randint(len(labels), size=count)
    looks = random.randint([len(COLOURS), len(CORNERS)], size=(count, 2))
    contents = [
        Content(int(labels[i]), int(colour), int(corner))
        for i, (colour, corner) in zip(which, looks, strict=True)
    ]
    return which, contents


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


def digits_in(pictures: np.ndarray) -> np.ndarray:
    """What stands in the corner with the most light, without its colour, uint8 [n, s, s]."""
    corners = corner_of(pictures)
    cut = [_corner(image, corner) for image, corner in zip(pictures, corners, strict=True)]
    return np.stack(cut).max(axis=-1)
