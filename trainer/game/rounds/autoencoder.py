"""Autoencoders: one side only, on the same road as the games that they are compared with."""

import math
from collections.abc import Mapping

import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data import modalities
from trainer.game.adversarial_loss import Batch
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Network, Outputs, Players
from trainer.game.posterior import divergence, log_weight, moments, sampled
from trainer.game.roles import GENERATOR, Role
from trainer.game.rounds.round import Round, of_turn
from trainer.game.signatures.generation import generation
from trainer.game.signatures.inference import Inference, anomaly, inference, likelihood
from trainer.game.signatures.sampling import Sampler
from trainer.game.signatures.signature import Signatures
from trainer.game.turns import Outcome, Updates
from trainer.randomness import Noise


class Autoencoder(Round):
    """minimise E_q(z|x)[-log p(x | z)] + β KL(q(z | x) ‖ N(0, I)), sums over pixels and latents.

    The encoder gives means and log-variances. The decoder is the generator of the other games, so
    it makes pictures in [-1, 1]; their likelihood is a Gaussian of fixed deviation on that scale,
    or a Bernoulli of the same numbers on [0, 1].

    A plain autoencoder takes the mean for z and has no divergence: it minimises -log p(x | E(x)),
    and nothing holds its latents to the prior.

    Reference: Kingma & Welling 2014, "Auto-encoding variational Bayes", equation 10; β: Higgins et
    al. 2017.
    """

    def __init__(self, options: catalogue.AutoencoderRound, parts: Parts) -> None:
        super().__init__(options, parts)
        self.fields = {"sample": parts.spec.field("sample")}

    def roles(self) -> Mapping[str, Role]:
        """A generator that decodes and an encoder, both on the generator's side."""
        x = {name: modalities.seen_field(field) for name, field in self.fields.items()}
        told = dict(self.parts.condition.ports)
        answers = dict(moments(self.parts.prior.size))
        if not self.options.variational:
            del answers["log_variance"]
        return {
            "generator": Role(
                "generator", GENERATOR, {**self.parts.prior.ports, **told}, x, averaged=True
            ),
            "encoder": Role("encoder", GENERATOR, {**x, **told}, answers, averaged=True),
        }

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        batch = of_turn(batch, 0)
        told = self.parts.condition.of_batch(batch)

        def turn() -> Outcome:
            posterior = players["encoder"]({**batch, **told})
            drawn = self.options.variational
            z = sampled(posterior, noise.keys("posterior")) if drawn else posterior["mean"]
            made = players["generator"]({"latent": z, **told})
            reconstructed = Outcome({"reconstruction_loss": self._distortion(batch, made)})
            return reconstructed | self._price(posterior, reconstructed) if drawn else reconstructed

        return updates.minimise(GENERATOR, turn)

    def _price(self, posterior: Outputs, reconstructed: Outcome) -> Outcome:
        """The divergence, and the bound that both losses make."""
        kl = divergence(posterior)
        elbo = -reconstructed.losses["reconstruction_loss"] - kl
        return Outcome({"kl_divergence": self.options.beta * kl}, {"elbo": elbo})

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """Samples, latents of samples (the posterior's mean), reconstructions, and oddness."""
        condition = self.parts.condition
        sampler = Sampler(networks["generator"], self.parts.prior, condition, self.fields)
        model = Inference(networks["encoder"], sampler, lambda outputs: outputs["mean"])
        offered = {**generation(sampler), **inference(model)}
        if condition.request:
            return offered
        offered |= anomaly(self.fields, model.error)
        if not self.options.variational:
            return offered
        weigh = likelihood(self.fields, lambda x, seed: self._log_weight(networks, x, seed))
        return {**offered, **weigh}

    def _log_weight(self, networks: Mapping[str, Network], x: Inputs, seed: tf.Tensor) -> tf.Tensor:
        posterior = networks["encoder"](x)
        z = sampled(posterior, randomness.key_of(seed, "posterior"))
        return log_weight(posterior, z, self._distortion(x, networks["generator"]({"latent": z})))

    def _distortion(self, x: Inputs, made: Outputs) -> tf.Tensor:
        """-log p(x | made) in nats, float32 [b]."""
        losses = [
            minus_log_likelihood(
                x[name],
                made[name],
                deviation=self.options.deviation,
                bernoulli=self.options.likelihood == "bernoulli",
            )
            for name in self.fields
        ]
        return tf.add_n(losses)

    def statistics_inputs(self, seed: tf.Tensor, examples: Batch | None) -> Mapping[str, Inputs]:
        """Latents for the generator; the examples themselves for the encoder."""
        return self.statistics_of_both_ways(self.fields, seed, examples)


def minus_log_likelihood(
    x: tf.Tensor, made: tf.Tensor, *, deviation: float, bernoulli: bool
) -> tf.Tensor:
    """-log p(x | made) in nats, summed over an example's numbers, float32 [b].

    Args:
        x: examples on [-1, 1].
        made: the decoder's means, of the same shape.
        deviation: of the Gaussian, on the scale of [-1, 1].
        bernoulli: whether both stand for probabilities, (1 + value) / 2, instead.
    """
    axes = list(range(1, x.shape.rank))
    if not bernoulli:
        squares = 0.5 * tf.square((x - made) / deviation)
        constant = math.log(deviation) + 0.5 * math.log(2.0 * math.pi)
        return tf.reduce_sum(squares + constant, axis=axes)
    p = tf.clip_by_value(0.5 + 0.5 * made, 1e-6, 1.0 - 1e-6)
    target = 0.5 + 0.5 * x
    losses = target * tf.math.log(p) + (1.0 - target) * tf.math.log(1.0 - p)
    return -tf.reduce_sum(losses, axis=axes)
