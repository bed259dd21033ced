"""A writer that is told a picture, as the generator that a `Sampler` asks."""

from collections.abc import Callable

from trainer import randomness
from trainer.data import modalities
from trainer.fields import Field
from trainer.game import sequences
from trainer.game.players import Inputs, Network, Outputs


class Captioner:
    """A picture, a key and a latent → a caption.

    Args:
        cell: in inference mode; see `trainer.game.sequences`.
        told: what is given, as networks see it → what the cell is told.
        field: of kind "tokens", as captions are stored.
    """

    names = ("key",)

    def __init__(self, cell: Network, told: Callable[[Inputs], Inputs], field: Field) -> None:
        self.cell, self.told, self.field = cell, told, field

    def __call__(self, inputs: Inputs) -> Outputs:
        """The caption that each row's key writes, one-hot."""
        keys = randomness.Key.of_rows(inputs["key"])
        (length,) = self.field.fixed_shape
        ids = sequences.write(self.cell, keys, length, told=self.told(inputs))
        return {"sample": modalities.seen(ids, self.field)}
