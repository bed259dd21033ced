"""Signatures that make samples from pictures and clips."""

from collections.abc import Mapping
from dataclasses import asdict, replace

import tensorflow as tf

from trainer.fields import Field
from trainer.game.players import Network, Outputs
from trainer.game.signatures.sampling import Sampler, output_fields
from trainer.game.signatures.signature import SEED, Signature


def translation(sampler: Sampler, name: str = "translate") -> dict[str, Signature]:
    """One signature from the condition's pictures (and a seed, where it matters) to samples.

    Height and width are open where the network takes pictures of any size; `about` of what is given
    then says how far it looks (`trainer.networks.ports.Reach`). What makes clips has `_clip` behind
    its name.
    """
    request = _opened(sampler.condition.request, sampler)
    rolls_dice = bool({"latent", "key"} & set(sampler.generator.names))
    made = _opened(output_fields(sampler.fields), sampler, about=False)

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
    fields = sampler.condition.request.values()
    return any(field.has_pixels for field in fields)


def _opened(
    fields: Mapping[str, Field], sampler: Sampler, *, about: bool = True
) -> dict[str, Field]:
    """The fields, pictures with an open height and width where the network takes any."""
    # Several networks as one make pictures of one size.
    reach = sampler.generator.reach if isinstance(sampler.generator, Network) else None
    if reach is None:
        return dict(fields)
    said = asdict(reach) if about else {}
    return {
        name: replace(field.opened, about={**field.about, **said}) if field.is_picture else field
        for name, field in fields.items()
    }
