"""Pairs of observations one step apart, and codes in which a step is a small one."""

import math
from collections.abc import Mapping
from dataclasses import replace

import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data import modalities
from trainer.fields import Field
from trainer.game.adversarial_loss import Batch, Sample
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Network, Outputs, Players
from trainer.game.roles import GENERATOR, Role
from trainer.game.rounds.ordinary import Ordinary
from trainer.game.signatures.generation import generation
from trainer.game.signatures.inference import Inference, inference
from trainer.game.signatures.sampling import Sampler
from trainer.game.signatures.signature import Signature, Signatures
from trainer.game.terms.mutual_information import minus_log_likelihood
from trainer.game.turns import Outcome
from trainer.randomness import Noise

# How many times as long, or as short, a step may become.
_RANGE = 4.0


class Causal(Ordinary):
    """An InfoGAN of transitions: o = G(z, s) and o' = G(z, s') are to be one step apart.

        s ~ U[-1, 1]^k,   s' = s + σ(s) ε,   ε ~ N(0, I)
        min_{G,σ,Q} max_D  V(G, σ, D) - λ E[log Q(s | o) + log Q(s' | o')] + ρ E‖s' - s‖²

    D judges pairs. T(s' | s) is a Gaussian around s whose deviation σ(s) is learned; what would
    leave the range is turned round at its ends, so that s' stays as evenly spread as s. Q, a
    network of its own on the generator's side, reads a single observation; it is a Gaussian of
    deviation one, as in the authors' InfoGAN, so that codes written too small for D to see win
    nothing by being read ever more sharply. A path of small steps between two codes is then a plan
    (`trainer.game.signatures.planning`).

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
        code, step = {"code": numbers}, {"log_deviation": numbers}
        return {
            **roles,
            "generator": replace(roles["generator"], outputs=sample),
            "encoder": Role("encoder", GENERATOR, sample, code, averaged=True),
            "transition": Role("encoder", GENERATOR, code, step, averaged=True),
        }

    def given(self, batch: Batch, noise: Noise) -> Inputs:
        """As in the ordinary round, and ε."""
        step = randomness.normal(noise.keys("step"), self.code.size)
        return {**super().given(batch, noise), "step": step}

    def conditioned(self, given: Inputs, networks: Mapping[str, Network]) -> Inputs:
        """With the latent (z, s') where there is an ε."""
        given = super().conditioned(given, networks)
        if "step" not in given:
            return given
        code = self.code.of(given["latent"])
        after = turned_round(code + self.deviation(networks, code) * given["step"])
        kept = given["latent"][:, : self.code.start]
        return {**given, "next_latent": tf.concat([kept, after], axis=1)}

    def deviation(self, networks: Mapping[str, Network], code: tf.Tensor) -> tf.Tensor:
        """σ(s) of codes [n, k], float32 [n, k], at most `_RANGE` times as much or as little.

        Steps stay local, and never so short that no gradient is left by which they could grow.
        """
        learned = tf.tanh(networks["transition"]({"code": code})["log_deviation"])
        return self.options.step * tf.exp(math.log(_RANGE) * learned)

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
            minus_log_density(code, players["encoder"]({"sample": made})["code"])
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
        """Observations from seeds, and their latents (z zero).

        At home: how unlikely a step of codes is, and what D says of pairs, for which there is no
        `score`.
        """
        sampler = Sampler(
            networks["generator"],
            self.parts.prior,
            self.parts.condition,
            {"sample": self.fields["sample"]},
        )

        def latent(answer: Outputs) -> tf.Tensor:
            noise = tf.zeros([tf.shape(answer["code"])[0], self.code.start])
            return tf.concat([noise, answer["code"]], axis=1)

        def transition(latent: tf.Tensor, next_latent: tf.Tensor) -> Outputs:
            before, after = self.code.of(latent), self.code.of(next_latent)
            return {"surprise": minus_log_density(after, before, self.deviation(networks, before))}

        z = self.parts.prior.ports["latent"]
        step = Signature(
            {"latent": z, "next_latent": z},
            {"surprise": Field(kind="scalar")},
            transition,
            exported=False,
        )
        model = Inference(networks["encoder"], sampler, latent)
        at_home = {"transition": step, "pairs": self._judging_pairs(networks["discriminator"])}
        return {**generation(sampler), **inference(model), **at_home}

    def _judging_pairs(self, judge: Network) -> Signature:
        """Two observations as the players see them → the logit of their being one step apart."""
        seen = {name: modalities.seen_field(field) for name, field in self.fields.items()}

        def pairs(**both: tf.Tensor) -> Outputs:
            return {"realism": self.loss.realism(judge, both)}

        return Signature(seen, {"realism": Field(kind="scalar")}, pairs, exported=False)

    def statistics_inputs(self, seed: tf.Tensor, examples: Batch | None) -> Mapping[str, Inputs]:
        """Latents for the generator, their codes for σ; the examples for Q."""
        inputs = self.statistics_of_both_ways(("sample",), seed, examples)
        return {**inputs, "transition": {"code": self.code.of(inputs["generator"]["latent"])}}


def turned_round(numbers: tf.Tensor) -> tf.Tensor:
    """Numbers as on a line that is folded at -1 and 1: 1.2 becomes 0.8."""
    return 1.0 - tf.abs(tf.math.floormod(numbers + 1.0, 4.0) - 2.0)


def minus_log_density(
    code: tf.Tensor, mean: tf.Tensor, deviation: tf.Tensor | None = None
) -> tf.Tensor:
    """-log N(s; μ, σ²) in nats of codes, means and deviations [b, k] (None is one), float32 [b]."""
    answer = mean if deviation is None else tf.concat([mean, tf.math.log(deviation)], axis=1)
    return minus_log_likelihood(code, answer, one_hot=False)
