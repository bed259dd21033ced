"""Samples of two latents: coarse layers follow the style of the one, fine layers the other's."""

import tensorflow as tf

from trainer.fields import Field
from trainer.game.players import Outputs
from trainer.game.signatures.sampling import Sampler, output_fields
from trainer.game.signatures.signature import Signature


def mixing(sampler: Sampler, layers: int) -> dict[str, Signature]:
    """`decode_mixed`: as `decode`, with the style of `other` from the layer `layer` on.

    At 0 the sample is that of `other`, at the number of layers that of `latent`. Early layers are
    the coarse ones, two a resolution.

    Reference: Karras et al. 2019, "A style-based generator architecture for generative adversarial
    networks", section 3.1 and figure 3.
    """
    latent = sampler.prior.ports["latent"]
    layer = Field((), "int64", "scalar", range=(0.0, float(layers)))

    def decode(
        latent: tf.Tensor, other: tf.Tensor, layer: tf.Tensor, **values: tf.Tensor
    ) -> Outputs:
        return sampler.decode(latent, values, other=other, crossover=layer)

    inputs = {"latent": latent, "other": latent, "layer": layer, **sampler.condition.request}
    return {"decode_mixed": Signature(inputs, output_fields(sampler.fields), decode)}
