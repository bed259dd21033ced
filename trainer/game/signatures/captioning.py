"""A writer conditioned on a picture, as the generator that a `Sampler` asks."""

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
        conditioned: what is given, as networks see it → what the cell is conditioned on.
        field: of kind "tokens", as captions are stored.
    """

    names = ("key",)

    def __init__(
        self, cell: Network, conditioned: Callable[[Inputs], Inputs], field: Field
    ) -> None:
        self.cell, self.conditioned, self.field = cell, conditioned, field

    def __call__(self, inputs: Inputs) -> Outputs:
        """The caption that each row's key writes, one-hot."""
        keys = randomness.Key.of_rows(inputs["key"])
        (length,) = self.field.fixed_shape
        ids = sequences.write(self.cell, keys, length, conditioning=self.conditioned(inputs))
        return {"sample": modalities.seen(ids, self.field)}
