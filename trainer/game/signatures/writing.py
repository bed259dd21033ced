"""Signatures that write texts symbol by symbol."""

import tensorflow as tf

from trainer import randomness
from trainer.data.modalities import tokens
from trainer.fields import Field
from trainer.game import sequences
from trainer.game.players import Network, Outputs
from trainer.game.signatures.sampling import output_fields
from trainer.game.signatures.signature import SEED, Signature

TEMPERATURE = Field(kind="scalar", range=(0.0, 10.0))


def writing(cell: Network, field: Field) -> dict[str, Signature]:
    """`generate`: seed → text; `generate_tempered`: seed and temperature → text.

    `log_probability`, which stays at home: symbols' numbers → log p of each behind those before.

    A temperature below 1 keeps to what is likely, 0 to the most likely; above 1 it dares more.

    Args:
        cell: in inference mode; see `trainer.game.sequences`.
        field: of kind "tokens", as it is stored.
    """
    (length,) = field.fixed_shape
    made = output_fields({"sample": field})

    def generate(seed: tf.Tensor, temperature: tf.Tensor | None = None) -> Outputs:
        keys = randomness.key_of(seed, "symbols")
        ids = sequences.write(cell, keys, length, temperature=temperature)
        return {"text": tokens.text(ids, field)}

    def weigh(sample: tf.Tensor) -> Outputs:
        return {"log_probability": sequences.log_probabilities(cell, sample)}

    weighed = {"log_probability": Field((length,), kind="vector")}
    return {
        "log_probability": Signature({"sample": field}, weighed, weigh, exported=False),
        "generate": Signature({"seed": SEED}, made, generate),
        "generate_tempered": Signature({"seed": SEED, "temperature": TEMPERATURE}, made, generate),
    }
