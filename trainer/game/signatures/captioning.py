"""The signature that writes about pictures."""

from collections.abc import Callable

import tensorflow as tf

from trainer import randomness
from trainer.data.modalities import tokens
from trainer.fields import Field
from trainer.game import sequences
from trainer.game.conditions.condition import Condition
from trainer.game.players import Inputs, Network, Outputs
from trainer.game.priors import Prior
from trainer.game.signatures.sampling import output_fields
from trainer.game.signatures.signature import SEED, Signature


def captioning(
    cell: Network,
    told: Callable[[Inputs], Inputs],
    prior: Prior,
    condition: Condition,
    field: Field,
) -> dict[str, Signature]:
    """`caption`: a picture and a seed → text.

    Args:
        cell: in inference mode; see `trainer.game.sequences`.
        told: a latent and a picture, as networks see them → what the cell is told.
        prior: of latents.
        condition: the picture.
        field: of kind "tokens", as captions are stored.
    """
    (length,) = field.fixed_shape

    def caption(seed: tf.Tensor, **picture: tf.Tensor) -> Outputs:
        latent = prior.sample(randomness.key_of(seed, "latent")) if prior.size else None
        given = {} if latent is None else {"latent": latent}
        given |= condition.encode(picture)
        keys = randomness.key_of(seed, "symbols")
        ids = sequences.write(cell, keys, length, told=told(given))
        return {"text": tokens.text(ids, field)}

    inputs = {**condition.request, "seed": SEED}
    return {"caption": Signature(inputs, output_fields({"sample": field}), caption)}
