"""The built-in digits in motion: clips of which every position is known exactly.

As the moving digits of Srivastava et al. 2015 ("Unsupervised learning of video representations
using LSTMs") they go straight on and turn round at the edges; here by whole pixels, so that the
next frame is the frame before it, moved. Where digits overlap the brighter pixel is seen.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from trainer.catalogue import MovingDigits
from trainer.config.experiment import Data
from trainer.data.holdout import held_out_mask
from trainer.data.reading import Part, Row, Source, Table, labelled
from trainer.data.sources import digits
from trainer.data.sources.clips import clip_of, fields_of
from trainer.errors import ConfigError
from trainer.fields import Field

_DIGIT = 8
# Grey levels of a box, a class.
_LEVEL = 25
# Of the choice, not of a run: the clips are the same ones for ever.
_SEED = 20150216


class Motion(NamedTuple):
    """What moves in a clip, and where.

    Attributes:
        which: numbers of the digits, int64 [k].
        places: row and column of each digit's upper left pixel in each frame, int64 [t, k, 2].
    """

    which: np.ndarray
    places: np.ndarray


def open_source(data: Data) -> Source:
    """Draws the clips: `sample`, `clip` where something is given, `label` where one digit moves.

    Held-out clips are made of digits that training never sees.

    Raises:
        ConfigError: for a share of held-out digits that leaves too few of either part.
    """
    options = data.source
    assert isinstance(options, MovingDigits)
    levels, labels = digits.read()
    held_out = held_out_mask(len(levels), data.holdout_share, labels)
    count = int(options.clips * data.holdout_share)
    if count and not held_out.any():
        raise ConfigError(
            f"data.holdout_share: received {data.holdout_share:g}, of which no digit is held out; "
            "take zero, or a larger share."
        )

    def part(known: np.ndarray, first: int, count: int) -> Part:
        def read() -> Iterator[Row]:
            for number in range(first, first + count):
                motion = motion_of(number, known, options)
                frames = draw(levels[motion.which], motion.places, options.side)
                fields = clip_of(frames, options.past, data)
                if options.boxes:
                    fields |= _about(motion, labels, options)
                if options.digits == 1:
                    fields["label"] = labels[motion.which[0]]
                yield Row(fields, f"moving digits {number}")

        return Part(read(), count)

    names = tuple(map(str, range(10))) if options.digits == 1 else ()
    return Source(
        tables=(
            Table(
                part(np.flatnonzero(~held_out), 0, options.clips - count),
                part(np.flatnonzero(held_out), options.clips - count, count),
            ),
        ),
        fields={**_fields(options), **labelled(names)},
        identity={"source": "moving_digits", "options": options.model_dump(mode="json")},
    )


def _fields(options: MovingDigits) -> dict[str, Field]:
    """The fields of a clip, its label apart."""
    if not options.boxes:
        return fields_of(options.past)
    reach = float(options.speed)
    return {**fields_of(1), "flow": Field(kind="vector", range=(-reach, reach))}


def _about(motion: Motion, labels: np.ndarray, options: MovingDigits) -> dict[str, np.ndarray]:
    """Where digits are to be, and how they move."""
    levels = _LEVEL * (1 + labels[motion.which]).astype(np.uint8)
    boxes = np.broadcast_to(levels[:, None, None, None], (len(levels), _DIGIT, _DIGIT, 1))
    return {
        "clip": draw(boxes, motion.places, options.side),
        "flow": flow_of(motion.places, options.side),
    }


def flow_of(places: np.ndarray, side: int) -> np.ndarray:
    """How each pixel came where it is, float32 [t, side, side, 2]: down and to the right.

    It is that of the digit whose box it lies in, of several the last one; elsewhere, and in the
    first frame, it is zero.
    """
    flow = np.zeros((len(places), side, side, 2), np.float32)
    for t in range(1, len(places)):
        for (row, column), step in zip(places[t], places[t] - places[t - 1], strict=True):
            flow[t, row : row + _DIGIT, column : column + _DIGIT] = step
    return flow


def motion_of(number: int, known: np.ndarray, options: MovingDigits) -> Motion:
    """The motion of a clip by its number: the same for ever.

    Digits, places and velocities are drawn uniformly; no digit stands still.

    Args:
        number: of the clip.
        known: numbers of the digits that are drawn from.
        options: number of digits and frames, side and speed.
    """
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    random = np.random.RandomState([_SEED, number])
    free, k = options.side - _DIGIT, options.digits
    which = known[random.randint(len(known), size=k)]
    place = random.randint(free + 1, size=(k, 2))
    # All velocities of the square but the one in its middle.
    wide = 2 * options.speed + 1
    drawn = random.randint(wide**2 - 1, size=k)
    drawn += drawn >= wide**2 // 2
    velocity = np.stack([drawn // wide, drawn % wide], axis=-1) - options.speed
    places = []
    for _ in range(options.frames):
        places.append(place)
        place, velocity = _moved(place, velocity, free)
    return Motion(which, np.stack(places))


def _moved(place: np.ndarray, velocity: np.ndarray, free: int) -> tuple[np.ndarray, np.ndarray]:
    """Places a frame later, turned round at the edges of [0, free], and the velocities there."""
    after = place + velocity
    turned = np.where(after < 0, -after, np.where(after > free, 2 * free - after, after))
    return turned, np.where(turned == after, velocity, -velocity)


def draw(levels: np.ndarray, places: np.ndarray, side: int) -> np.ndarray:
    """Digits uint8 [k, 8, 8, 1] at places [t, k, 2] on a black canvas: uint8 [t, side, side, 1]."""
    frames = np.zeros((len(places), side, side, 1), np.uint8)
    for frame, of_frame in zip(frames, places, strict=True):
        for digit, (row, column) in zip(levels, of_frame, strict=True):
            seen = frame[row : row + _DIGIT, column : column + _DIGIT]
            np.maximum(seen, digit, out=seen)
    return frames
