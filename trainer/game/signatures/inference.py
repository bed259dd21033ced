"""Signatures that go from samples back to latents."""

from collections.abc import Callable, Mapping

import tensorflow as tf

from trainer.fields import Field
from trainer.game.adversarial_loss import per_example
from trainer.game.players import Inputs, Network, Outputs
from trainer.game.signatures.judgement import (
    condition_fields,
    judged_inputs,
    seen_samples,
    stored_inputs,
)
from trainer.game.signatures.sampling import Sampler, output_fields
from trainer.game.signatures.signature import SEED, Signature

_ANOMALY = {"anomaly": Field(kind="scalar")}


class Inference:
    """An encoder beside a sampler, which decodes what it encodes.

    Args:
        encoder: in inference mode.
        sampler: of the same game.
        latent: reads the encoder's answer: the latent, or a stochastic encoder's mean.
    """

    def __init__(
        self, encoder: Network, sampler: Sampler, latent: Callable[[Outputs], tf.Tensor]
    ) -> None:
        self.encoder, self.sampler, self.latent = encoder, sampler, latent

    def encode(self, inputs: Inputs) -> tf.Tensor:
        """Samples as the players see them → latent float32 [n, z]."""
        return self.latent(self.encoder(inputs))

    def decode(self, latent: tf.Tensor, inputs: Inputs) -> Outputs:
        """Latents and the conditioning → samples as the players see them."""
        key = tf.zeros([tf.shape(latent)[0], 2], tf.uint32)
        return self.sampler.generator({**inputs, "latent": latent, "key": key})

    def error(self, inputs: Inputs) -> tf.Tensor:
        """‖x - G(E(x))‖₁ on the scale of [-1, 1], the mean over each example's numbers, [n]."""
        made = self.decode(self.encode(inputs), inputs)
        means = [per_example(tf.abs(inputs[name] - made[name])) for name in self.sampler.fields]
        return tf.add_n(means) / float(len(means))


def inference(model: Inference) -> dict[str, Signature]:
    """`encode`: sample → latent; `reconstruct`: sample → the sample that its latent gives."""
    sampler = model.sampler
    fields, condition = sampler.fields, sampler.condition
    shown = stored_inputs(fields)
    asked = shown | condition_fields(shown, condition)
    is_conditional = not set(condition.ports).isdisjoint(model.encoder.names)

    def encode(**given: tf.Tensor) -> Outputs:
        return {"latent": model.encode(judged_inputs(given, fields, condition))}

    def reconstruct(**given: tf.Tensor) -> Outputs:
        inputs = judged_inputs(given, fields, condition)
        return sampler.stored(model.decode(model.encode(inputs), inputs))

    return {
        "encode": Signature(
            asked if is_conditional else shown, {"latent": sampler.prior.ports["latent"]}, encode
        ),
        "reconstruct": Signature(asked, output_fields(fields), reconstruct),
    }


def anomaly(
    fields: Mapping[str, Field], score: Callable[[Inputs], tf.Tensor]
) -> dict[str, Signature]:
    """`anomaly_score`: sample → how odd it is; larger is odder."""

    def anomaly_score(**given: tf.Tensor) -> Outputs:
        return {"anomaly": score(seen_samples(given, fields))}

    return {"anomaly_score": Signature(stored_inputs(fields), _ANOMALY, anomaly_score)}


def likelihood(
    fields: Mapping[str, Field], log_weight: Callable[[Inputs, tf.Tensor], tf.Tensor]
) -> dict[str, Signature]:
    """`log_weight`, which stays at home: sample and seed → log p(x, z) - log q(z | x)."""

    def weigh(seed: tf.Tensor, **given: tf.Tensor) -> Outputs:
        return {"log_weight": log_weight(seen_samples(given, fields), seed)}

    asked = {**stored_inputs(fields), "seed": SEED}
    outputs = {"log_weight": Field(kind="scalar")}
    return {"log_weight": Signature(asked, outputs, weigh, exported=False)}
