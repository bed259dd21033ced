"""Autoencoders: one side only, on the same road as the games that they are compared with."""

from collections.abc import Mapping

import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data import modalities
from trainer.game.adversarial_loss import Batch
from trainer.game.likelihoods import likelihood_of
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Network, Outputs, Players
from trainer.game.posterior import divergence, log_weight, moments, sampled
from trainer.game.roles import GENERATOR, Role
from trainer.game.rounds.round import Round, of_turn
from trainer.game.signatures.generation import decoding, generation
from trainer.game.signatures.inference import Inference, anomaly, inference, likelihood
from trainer.game.signatures.sampling import Sampler
from trainer.game.signatures.signature import Signatures
from trainer.game.turns import Outcome, Updates
from trainer.randomness import Noise


class Autoencoder(Round):
    """minimise E_q(z|x)[-log p(x | z)] + β KL(q(z | x) ‖ N(0, I)), sums over pixels and latents.

    The encoder gives means and log-variances. The decoder is the generator of the other games, so
    it makes pictures in [-1, 1], or rows of tables; `trainer.game.likelihoods` has p(x | z).

    A plain autoencoder takes the mean for z and has no divergence: it minimises -log p(x | E(x)),
    and nothing holds its latents to the prior.

    Reference: Kingma & Welling 2014, "Auto-encoding variational Bayes", equation 10; β: Higgins et
    al. 2017.
    """

    def __init__(self, options: catalogue.AutoencoderRound, parts: Parts) -> None:
        super().__init__(options, parts)
        self.fields = {"sample": parts.spec.field("sample")}
        self.likelihood = likelihood_of(options, self.fields["sample"])

    def roles(self) -> Mapping[str, Role]:
        """A generator that decodes and an encoder, both on the generator's side."""
        x = {name: modalities.seen_field(field) for name, field in self.fields.items()}
        conditioning = dict(self.parts.condition.ports)
        answers = dict(moments(self.parts.prior.size))
        if not self.options.variational:
            del answers["log_variance"]
        given = {**self.parts.prior.ports, **conditioning}
        made = {**x, **self.likelihood.answers}
        return {
            "generator": Role("generator", GENERATOR, given, made, averaged=True),
            "encoder": Role("encoder", GENERATOR, {**x, **conditioning}, answers, averaged=True),
        }

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        batch = of_turn(batch, 0)
        conditioning = self.parts.condition.of_batch(batch)

        def turn() -> Outcome:
            posterior = players["encoder"]({**batch, **conditioning})
            drawn = self.options.variational
            z = sampled(posterior, noise.keys("posterior")) if drawn else posterior["mean"]
            made = players["generator"]({"latent": z, **conditioning})
            reconstructed = Outcome({"reconstruction_loss": self._minus_log(batch, made)})
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
        prior, decoder = self.parts.prior, networks["generator"]
        drawing = Sampler(self.likelihood.drawing(decoder), prior, condition, self.fields)
        likeliest = Sampler(decoder, prior, condition, self.fields)
        model = Inference(networks["encoder"], likeliest, lambda outputs: outputs["mean"])
        offered = {**generation(drawing), **decoding(likeliest), **inference(model)}
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
        return log_weight(posterior, z, self._minus_log(x, networks["generator"]({"latent": z})))

    def _minus_log(self, x: Inputs, made: Outputs) -> tf.Tensor:
        """-log p(x | made) in nats, float32 [b]."""
        return self.likelihood.minus_log(x["sample"], made)

    def statistics_inputs(self, seed: tf.Tensor, examples: Batch | None) -> Mapping[str, Inputs]:
        """Latents for the generator; the examples themselves for the encoder."""
        return self.statistics_of_both_ways(self.fields, seed, examples)
