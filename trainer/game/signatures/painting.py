"""Signatures that paint: seed → symbols → strokes → a picture."""

import tensorflow as tf

from trainer import randomness
from trainer.data import modalities
from trainer.fields import Field
from trainer.game import sequences
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Network, Outputs
from trainer.game.signatures.generation import generation
from trainer.game.signatures.sampling import Sampler
from trainer.game.signatures.signature import SEED, Signature
from trainer.game.signatures.writing import TEMPERATURE
from trainer.layers.strokes import painted

_ENDS = ("from", "bend", "to")
# Of a stroke's numbers.
_NAMES = tuple(f"{end}_{axis}" for end in _ENDS for axis in ("across", "down"))


class Canvas:
    """What symbols paint.

    Args:
        field: of the picture as it is stored, grey and square.
        strokes: of a program.
        lattice: places along either side, evenly spaced, each in the middle of its share.
        width: of a stroke in pixels.

    Attributes:
        symbols: places of the lattice, row by row.
        length: symbols of a program.
    """

    def __init__(self, field: Field, strokes: int, lattice: int, width: float) -> None:
        self.field, self.strokes, self.lattice, self.width = field, strokes, lattice, width
        self.side = field.fixed_shape[0]
        self.symbols, self.length = lattice**2, strokes * len(_ENDS)

    @property
    def program(self) -> Field:
        """Of a program's strokes: points in pixels, across and down from the upper left corner."""
        limits = (0.0, float(self.side))
        return Field((self.strokes, len(_NAMES)), kind="program", range=limits, names=_NAMES)

    def points(self, ids: tf.Tensor) -> tf.Tensor:
        """Symbols int32 [n, length] → strokes, float32 [n, strokes, 6]."""
        across, down = ids % self.lattice, ids // self.lattice
        places = tf.cast(tf.stack([across, down], axis=-1), tf.float32) + 0.5
        shape = [-1, self.strokes, len(_NAMES)]
        return tf.reshape(places * (self.side / self.lattice), shape)

    def stored(self, ids: tf.Tensor) -> tf.Tensor:
        """Symbols → pictures as they are stored, rounded to the grey levels that there are."""
        shown = painted(self.points(ids), self.side, self.width)
        return modalities.stored(2.0 * shown - 1.0, self.field)

    def seen(self, ids: tf.Tensor) -> tf.Tensor:
        """Symbols → pictures as the players see them."""
        return modalities.seen(self.stored(ids), self.field)


class Painter:
    """A writer with its canvas, as the generator that a `Sampler` asks: a key → a picture."""

    names = ("key",)

    def __init__(self, cell: Network, canvas: Canvas) -> None:
        self.cell, self.canvas = cell, canvas

    def __call__(self, inputs: Inputs) -> Outputs:
        """The picture that each row's key makes."""
        return {"sample": self.canvas.seen(self.written(inputs["key"]))}

    def written(self, keys: tf.Tensor, temperature: tf.Tensor | None = None) -> tf.Tensor:
        """Keys uint32 [n, 2] → symbols, int32 [n, length]."""
        key = randomness.Key.of_rows(keys)
        return sequences.write(self.cell, key, self.canvas.length, temperature=temperature)


def painting(cell: Network, canvas: Canvas, parts: Parts) -> dict[str, Signature]:
    """`generate`, `generate_tempered` and `program`: the picture, and the strokes that paint it.

    Args:
        cell: in inference mode; see `trainer.game.sequences`.
        canvas: for its symbols.
        parts: of the game, whose prior and condition have nothing to say.
    """
    painter = Painter(cell, canvas)
    sampler = Sampler(painter, parts.prior, parts.condition, {"sample": canvas.field})
    offered = generation(sampler)
    ((output, picture),) = offered["generate"].outputs.items()

    def keys(seed: tf.Tensor) -> tf.Tensor:
        return randomness.key_of(seed, "key").rows

    def tempered(seed: tf.Tensor, temperature: tf.Tensor) -> Outputs:
        return {output: canvas.stored(painter.written(keys(seed), temperature))}

    def program(seed: tf.Tensor) -> Outputs:
        ids = painter.written(keys(seed))
        return {output: canvas.stored(ids), "strokes": canvas.points(ids)}

    asked = {"seed": SEED}
    shown = {output: picture}
    return {
        **offered,
        "generate_tempered": Signature({**asked, "temperature": TEMPERATURE}, shown, tempered),
        "program": Signature(asked, {**shown, "strokes": canvas.program}, program),
    }
