"""Signatures that make samples from pictures and clips."""

from collections.abc import Mapping

import tensorflow as tf

from trainer.game.players import Outputs
from trainer.game.signatures.sampling import Sampler, output_fields
from trainer.game.signatures.signature import SEED, Signature


def translation(sampler: Sampler, name: str = "translate") -> dict[str, Signature]:
    """One signature from the condition's pictures (and a seed, where it matters) to samples.

    What makes clips has `_clip` behind its name.
    """
    request = dict(sampler.condition.request)
    rolls_dice = bool({"latent", "key"} & set(sampler.generator.names))
    made = output_fields(sampler.fields)

    def translate(seed: tf.Tensor | None = None, **values: tf.Tensor) -> Outputs:
        if seed is None:
            rows = tf.shape(next(iter(values.values())))[0]
            seed = tf.zeros([rows], tf.int64)
        return sampler.generate(seed, values)

    seed = {"seed": SEED} if rolls_dice else {}
    name += "_clip" if "clip" in made else ""
    return {name: Signature({**request, **seed}, made, translate)}


def is_translation(sampler: Sampler) -> bool:
    """Whether a sample is made from a picture or a clip rather than from a seed."""
    fields: Mapping = sampler.condition.request
    return any(field.kind in ("image", "label_map", "clip", "mask") for field in fields.values())
