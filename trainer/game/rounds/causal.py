"""Pairs of observations one step apart, and codes in which a step is a small one."""

from collections.abc import Mapping
from dataclasses import replace

import tensorflow as tf

from trainer import catalogue, randomness
from trainer.fields import Field
from trainer.game.adversarial_loss import Batch, Sample
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Network, Outputs, Players
from trainer.game.posterior import moments
from trainer.game.roles import GENERATOR, Role
from trainer.game.rounds.ordinary import Ordinary
from trainer.game.signatures.generation import generation
from trainer.game.signatures.inference import Inference, inference
from trainer.game.signatures.sampling import Sampler
from trainer.game.signatures.signature import Signature, Signatures
from trainer.game.terms.mutual_information import minus_log_likelihood
from trainer.game.turns import Outcome
from trainer.randomness import Noise


class Causal(Ordinary):
    """An InfoGAN of transitions: o = G(z, s) and o' = G(z, s') are to be one step apart.

        s ~ U[-1, 1]^k,   s' = s + σ(s) ε,   ε ~ N(0, I)
        min_{G,σ,Q} max_D  V(G, σ, D) - λ E[log Q(s | o) + log Q(s' | o')] + ρ E‖s' - s‖²

    D judges pairs. T(s' | s) is a Gaussian around s whose deviation σ(s) is learned; what would
    leave the range is turned round at its ends, so that s' stays as evenly spread as s. Q is a
    Gaussian network of its own, on the generator's side, that reads a single observation. A path of
    small steps between two codes is then a plan (`trainer.game.signatures.planning`).

    Reference: Kurutach et al. 2018, "Learning plannable representations with Causal InfoGAN",
    equations 3 to 5; there G makes a pair at once, here two observations that share z.
    """

    def __init__(self, options: catalogue.CausalRound, parts: Parts) -> None:
        fields = {name: parts.spec.field(name) for name in ("sample", "next")}
        super().__init__(options, parts, fields)
        (self.code,) = parts.prior.codes

    def roles(self) -> Mapping[str, Role]:
        """A generator of observations, a judge of pairs, σ, and the reader Q of codes."""
        roles = super().roles()
        sample = {"sample": roles["generator"].outputs["sample"]}
        numbers = Field((self.code.size,))
        return {
            **roles,
            "generator": replace(roles["generator"], outputs=sample),
            "encoder": Role("encoder", GENERATOR, sample, moments(self.code.size), averaged=True),
            "transition": Role(
                "encoder", GENERATOR, {"code": numbers}, {"log_deviation": numbers}, averaged=True
            ),
        }

    def given(self, batch: Batch, noise: Noise) -> Inputs:
        """As in the ordinary round, and ε."""
        step = randomness.normal(noise.keys("step"), self.code.size)
        return {**super().given(batch, noise), "step": step}

    def told(self, given: Inputs, networks: Mapping[str, Network]) -> Inputs:
        """With the latent (z, s') where there is an ε."""
        given = super().told(given, networks)
        if "step" not in given:
            return given
        code = self.code.of(given["latent"])
        after = turned_round(code + self.deviation(networks, code) * given["step"])
        kept = given["latent"][:, : self.code.start]
        return {**given, "next_latent": tf.concat([kept, after], axis=1)}

    def deviation(self, networks: Mapping[str, Network], code: tf.Tensor) -> tf.Tensor:
        """σ(s) of codes [n, k], float32 [n, k]."""
        return self.options.step * tf.exp(networks["transition"]({"code": code})["log_deviation"])

    def fake(self, players: Players, given: Inputs, *, freeze_statistics: bool = False) -> Sample:
        """Both observations; statistics move with the first alone."""
        generator = players["generator"]
        before = generator(given, freeze_statistics=freeze_statistics)
        latent = {"latent": given["next_latent"]}
        after = generator({**given, **latent}, freeze_statistics=True)
        return {"sample": before["sample"], "next": after["sample"]}

    def further(self, players: Players, fake: Sample, given: Inputs) -> Outcome:
        """What Q does not know of the codes, and how far a step goes."""
        codes = [self.code.of(given[name]) for name in ("latent", "next_latent")]
        unknown = [
            minus_log_likelihood(code, _answer(players["encoder"]({"sample": made})), one_hot=False)
            for code, made in zip(codes, (fake["sample"], fake["next"]), strict=True)
        ]
        squares = tf.reduce_sum(tf.square(codes[1] - codes[0]), axis=1)
        return Outcome(
            {
                "information_loss": self.options.information * tf.add_n(unknown),
                "locality_loss": self.options.locality * squares,
            },
            {"squared_step": squares},
        )

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """Observations from seeds, their latents (z zero), and at home how unlikely a step is.

        There is no `score`: D judges pairs.
        """
        sampler = Sampler(
            networks["generator"],
            self.parts.prior,
            self.parts.condition,
            {"sample": self.fields["sample"]},
        )

        def latent(answer: Outputs) -> tf.Tensor:
            noise = tf.zeros([tf.shape(answer["mean"])[0], self.code.start])
            return tf.concat([noise, answer["mean"]], axis=1)

        def transition(latent: tf.Tensor, next_latent: tf.Tensor) -> Outputs:
            before, after = self.code.of(latent), self.code.of(next_latent)
            answer = [before, tf.math.log(self.deviation(networks, before))]
            unlikely = minus_log_likelihood(after, tf.concat(answer, axis=1), one_hot=False)
            return {"surprise": unlikely}

        z = self.parts.prior.ports["latent"]
        step = Signature(
            {"latent": z, "next_latent": z},
            {"surprise": Field(kind="scalar")},
            transition,
            exported=False,
        )
        model = Inference(networks["encoder"], sampler, latent)
        return {**generation(sampler), **inference(model), "transition": step}

    def statistics_inputs(self, seed: tf.Tensor, examples: Batch | None) -> Mapping[str, Inputs]:
        """Latents for the generator, their codes for σ; the examples for Q."""
        inputs = self.statistics_of_both_ways(("sample",), seed, examples)
        return {**inputs, "transition": {"code": self.code.of(inputs["generator"]["latent"])}}


def turned_round(numbers: tf.Tensor) -> tf.Tensor:
    """Numbers as on a line that is folded at -1 and 1: 1.2 becomes 0.8."""
    return 1.0 - tf.abs(tf.math.floormod(numbers + 1.0, 4.0) - 2.0)


def _answer(answered: Outputs) -> tf.Tensor:
    """Means and log-deviations [b, 2k] of a Gaussian's moments."""
    return tf.concat([answered["mean"], 0.5 * answered["log_variance"]], axis=1)
