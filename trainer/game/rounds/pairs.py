"""Adversarially learned inference: a discriminator of pairs of a sample and its latent."""

from collections.abc import Mapping

import tensorflow as tf

from trainer import catalogue
from trainer.data import modalities
from trainer.fields import Field
from trainer.game.adversarial_loss import Batch, Sample, per_example
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Network, Outputs, Players
from trainer.game.posterior import moments, sampled
from trainer.game.roles import DISCRIMINATOR, GENERATOR, Role
from trainer.game.rounds.round import Round, of_turn
from trainer.game.signatures.generation import generation
from trainer.game.signatures.inference import Inference, anomaly, inference
from trainer.game.signatures.sampling import Sampler
from trainer.game.signatures.signature import Signatures
from trainer.game.turns import Outcome, Updates
from trainer.randomness import Noise


class Pairs(Round):
    """(x, E(x)) against (G(z), z): at the optimum the encoder inverts the generator.

        min_{G,E} max_D  E[log D(x, E(x))] + E[log(1 - D(G(z), z))]

    Generator and encoder play with real and fake exchanged, whose gradient does not vanish. With
    `stochastic` the encoder gives a Gaussian q(z | x), and the discriminator sees a latent drawn of
    it in the place of E(x); signatures take its mean.

    Reference: Donahue et al. 2017, "Adversarial feature learning" (BiGAN), equation 3; stochastic:
    Dumoulin et al. 2017, "Adversarially learned inference" (ALI), equation 5 and algorithm 1.
    """

    def __init__(self, options: catalogue.PairsRound, parts: Parts) -> None:
        super().__init__(options, parts)
        self.loss = parts.loss("discriminator")
        self.fields = {"sample": parts.spec.field("sample")}

    def roles(self) -> Mapping[str, Role]:
        """A generator, an encoder on its side, and a discriminator of pairs; all are averaged."""
        x = {name: modalities.seen_field(field) for name, field in self.fields.items()}
        z, conditioning = self.parts.prior.ports, dict(self.parts.condition.ports)
        answers = moments(self.parts.prior.size) if self.options.stochastic else z
        needs = dict(self.loss.needs)
        if self.options.anomaly_distance == "features":
            needs.setdefault("features", Field((None,), kind="features"))
        return {
            "generator": Role("generator", GENERATOR, {**z, **conditioning}, x, averaged=True),
            "encoder": Role("encoder", GENERATOR, {**x, **conditioning}, answers, averaged=True),
            "discriminator": Role(
                "discriminator",
                DISCRIMINATOR,
                {**x, **z, **self.loss.conditioning(conditioning)},
                needs,
                averaged=True,
            ),
        }

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        batch = of_turn(batch, 0)
        real = {name: batch[name] for name in self.fields}

        def pairs(own: Noise, *, freeze_statistics: bool) -> tuple[Sample, Sample, Inputs]:
            z = {"latent": self.parts.prior.sample(own.keys("latent"))}
            conditioning = self.parts.condition.of_batch(batch)
            encoded = players["encoder"](
                {**real, **conditioning}, freeze_statistics=freeze_statistics
            )
            made = players["generator"]({**z, **conditioning}, freeze_statistics=freeze_statistics)
            inferred = {"latent": self._drawn(encoded, own)}
            return {**real, **inferred}, {**made, **z}, conditioning

        def judging() -> Outcome:
            own = noise.within("discriminator")
            x, fake, conditioning = pairs(own, freeze_statistics=True)
            return self.loss.discriminator(players, x, fake, conditioning, batch, own)

        def pairing() -> Outcome:
            x, fake, conditioning = pairs(noise.within("generator"), freeze_statistics=False)
            return self.loss.swapped(players, x, fake, conditioning)

        judged = updates.minimise(DISCRIMINATOR, judging)
        return judged | updates.minimise(GENERATOR, pairing)

    def _drawn(self, encoded: Outputs, noise: Noise) -> tf.Tensor:
        """The latent that the discriminator sees beside an example, float32 [b, z]."""
        stochastic = self.options.stochastic
        return sampled(encoded, noise.keys("posterior")) if stochastic else encoded["latent"]

    def _inferred(self, encoded: Outputs) -> tf.Tensor:
        """The latent that stands for an example, float32 [n, z]."""
        return encoded["mean" if self.options.stochastic else "latent"]

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """Samples, latents of samples, reconstructions, and how odd a sample is."""
        condition = self.parts.condition
        sampler = Sampler(networks["generator"], self.parts.prior, condition, self.fields)
        model = Inference(networks["encoder"], sampler, self._inferred)
        offered = {**generation(sampler), **inference(model)}
        if condition.request:
            return offered
        return {**offered, **anomaly(self.fields, Oddness(self, model, networks["discriminator"]))}

    def statistics_inputs(self, seed: tf.Tensor, examples: Batch | None) -> Mapping[str, Inputs]:
        """Latents for the generator; the examples themselves for encoder and discriminator."""
        inputs = self.statistics_of_both_ways(self.fields, seed, examples)
        if "encoder" in inputs:
            inputs["discriminator"] = inputs["encoder"]
        return inputs

    def conditioned(self, given: Inputs, networks: Mapping[str, Network]) -> Inputs:
        """As `Round.conditioned`; examples that come without a latent have the encoder's."""
        inputs = super().conditioned(given, networks)
        if "latent" in inputs:
            return inputs
        return {**inputs, "latent": self._inferred(networks["encoder"](inputs))}


class Oddness:
    """(1 - w) ‖x - G(E(x))‖₁ + w L_D(x), float32 [n]; norms are means of absolute differences.

    L_D is -log D(x, E(x)), or ‖f(x, E(x)) - f(G(E(x)), E(x))‖₁ of the discriminator's last hidden
    layer f.

    Reference: Zenati et al. 2018, "Efficient GAN-based anomaly detection", section 3.
    """

    def __init__(self, round: Pairs, model: Inference, judge: Network) -> None:
        self.round, self.model, self.judge = round, model, judge

    def __call__(self, inputs: Inputs) -> tf.Tensor:
        """How odd samples are, as the players see them."""
        options = self.round.options
        latent = {"latent": self.model.encode(inputs)}
        if options.anomaly_distance == "features":
            made = self.model.decode(latent["latent"], inputs)
            features = [self.judge({**x, **latent})["features"] for x in (inputs, made)]
            odd = per_example(tf.abs(features[0] - features[1]))
        else:
            logits = self.round.loss.realism(self.judge, {**inputs, **latent})
            odd = tf.nn.sigmoid_cross_entropy_with_logits(tf.ones_like(logits), logits)
        share = options.anomaly_weight
        return (1.0 - share) * self.model.error(inputs) + share * odd
