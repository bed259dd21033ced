"""Coupled games: two translators between two sets of pictures, each against a judge of its own."""

from collections.abc import Mapping
from functools import reduce
from operator import or_

import numpy as np
import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data import modalities
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.adversarial_loss import Batch, Sample
from trainer.game.conditions.given import Given
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Network, Players
from trainer.game.roles import DISCRIMINATOR, GENERATOR, Role
from trainer.game.rounds.history import History
from trainer.game.rounds.round import Round, of_turn
from trainer.game.signatures.judgement import judgement
from trainer.game.signatures.sampling import KEY, Sampler
from trainer.game.signatures.signature import Signatures
from trainer.game.signatures.translation import translation
from trainer.game.terms.reconstruction import distance
from trainer.game.turns import Outcome, Updates
from trainer.randomness import Noise

# Each domain, and the one that its translations are made of.
_OTHER = {"a": "b", "b": "a"}
# What a translator is given.
_INPUT = "image"


class Coupled(Round):
    """What is translated there and back must be what it was.

        L(to_a, D_a) + L(to_b, D_b) + λ E[‖to_a(to_b(a)) - a‖₁ + ‖to_b(to_a(b)) - b‖₁]
            + λι E[‖to_a(a) - a‖₁ + ‖to_b(b) - b‖₁]

    L is the objective with its terms; norms are mean absolute differences. The discriminators are
    shown earlier translations among the present ones (`History`).

    Reference: Zhu et al. 2017, "Unpaired image-to-image translation using cycle-consistent
    adversarial networks", equations 1 to 3 and section 5.2.

    Raises:
        ConfigError: when the data has no domains, or the identity is asked of pictures of two
            forms.
    """

    def __init__(self, options: catalogue.CoupledRound, parts: Parts) -> None:
        super().__init__(options, parts)
        self.fields = {domain: parts.spec.field(domain) for domain in _OTHER}
        self.losses = {domain: parts.loss(f"discriminator_{domain}") for domain in _OTHER}
        shapes = {domain: field.fixed_shape for domain, field in self.fields.items()}
        if options.identity and shapes["a"] != shapes["b"]:
            raise ConfigError(
                f"round.identity: received {options.identity} with pictures of shape {shapes['a']} "
                f"and {shapes['b']}, which no translator can leave as they are; set it to 0, or "
                "set data.size and data.channels."
            )
        batch_size = parts.experiment.train.batch_size
        self.histories = {
            domain: History(domain, shape, batch_size, options.pool)
            for domain, shape in shapes.items()
            if options.pool
        }

    @property
    def state(self) -> Mapping[str, tf.Variable]:
        """The earlier translations into each domain."""
        return {f"history_{domain}": history.kept for domain, history in self.histories.items()}

    def roles(self) -> Mapping[str, Role]:
        """A translator into each domain, and a discriminator of each."""
        seen = {domain: modalities.seen_field(field) for domain, field in self.fields.items()}
        translators = {
            f"to_{domain}": Role(
                "generator",
                GENERATOR,
                {_INPUT: seen[other], "key": KEY},
                {"sample": seen[domain]},
                averaged=True,
            )
            for domain, other in _OTHER.items()
        }
        judges = {
            f"discriminator_{domain}": Role(
                "discriminator", DISCRIMINATOR, {"sample": seen[domain]}, self.losses[domain].needs
            )
            for domain in _OTHER
        }
        return {**translators, **judges}

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        real = of_turn(batch, 0)
        own = {domain: noise.within(f"discriminator {domain}") for domain in _OTHER}
        translators = _Translators(players, noise)
        made = {
            domain: translators.to(domain, real[other], "fake", freeze_statistics=True)
            for domain, other in _OTHER.items()
        }
        shown = {
            domain: {"sample": self._mixed(domain, made[domain]["sample"], noise)}
            for domain in _OTHER
        }

        def judging() -> Outcome:
            return _both(
                {
                    domain: loss.discriminator(
                        players, {"sample": real[domain]}, shown[domain], {}, real, own[domain]
                    )
                    for domain, loss in self.losses.items()
                }
            )

        judged = updates.minimise(DISCRIMINATOR, judging)
        translated = updates.minimise(
            GENERATOR, lambda: self._translating(players, translators, real, noise)
        )
        for domain, history in self.histories.items():
            history.keep(made[domain]["sample"], noise)
        return judged | translated

    def _mixed(self, domain: str, fake: tf.Tensor, noise: Noise) -> tf.Tensor:
        """The fakes with earlier ones among them."""
        history = self.histories.get(domain)
        return fake if history is None else history.shown(fake, noise)

    def _translating(
        self, players: Players, translators: "_Translators", real: Batch, noise: Noise
    ) -> Outcome:
        """The losses of both translators."""
        cycle, identity = self.options.cycle, self.options.cycle * self.options.identity
        fake = {d: translators.to(d, real[other], "fake") for d, other in _OTHER.items()}
        outcomes: dict[str, Outcome] = {}
        for domain, other in _OTHER.items():
            own = noise.within(f"generator {domain}")
            judged = self.losses[domain].generator(
                players, fake[domain], {}, real, own, real={"sample": real[domain]}
            )
            back = translators.to(domain, fake[other]["sample"], "back", freeze_statistics=True)
            losses = {"cycle": cycle * distance(back["sample"], real[domain])}
            if identity:
                same = translators.to(domain, real[domain], "same", freeze_statistics=True)
                losses["identity"] = identity * distance(same["sample"], real[domain])
            outcomes[domain] = judged | Outcome(losses)
        return _both(outcomes)

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """`translate_to_a` and `translate_to_b`; `score_a` and `score_b`, a judge a domain."""
        return {
            **self._translation("a", networks["to_a"]),
            **self._translation("b", networks["to_b"]),
            **self._judgement("a", networks["discriminator_a"]),
            **self._judgement("b", networks["discriminator_b"]),
        }

    def _translation(self, domain: str, translator: Network) -> Signatures:
        given = Given(_INPUT, self.fields[_OTHER[domain]])
        fields: Mapping[str, Field] = {"sample": self.fields[domain]}
        sampler = Sampler(translator, self.parts.prior, given, fields)
        return translation(sampler, f"translate_to_{domain}")

    def _judgement(self, domain: str, judge: Network) -> Signatures:
        fields = {"sample": self.fields[domain]}
        offered = judgement(judge, self.losses[domain], self.parts.condition, fields)
        return {f"{name}_{domain}": signature for name, signature in offered.items()}

    def statistics_inputs(self, seed: tf.Tensor, examples: Batch | None) -> Mapping[str, Inputs]:
        """The examples of the other domain for each translator."""
        if examples is None:
            return {}
        key = {"key": randomness.key_of(seed, "statistics key").rows}
        return {
            f"to_{domain}": {_INPUT: examples[other], **key} for domain, other in _OTHER.items()
        }

    def example_input(
        self, signature: str, name: str, examples: Mapping[str, np.ndarray]
    ) -> np.ndarray:
        """The pictures of the domain that a signature translates from, or judges."""
        verb, _, domain = signature.rpartition("_")
        return examples[_OTHER[domain] if verb == "translate_to" else domain]


class _Translators:
    """The translators of one step, whose dice fall alike in both turns."""

    def __init__(self, players: Players, noise: Noise) -> None:
        self._players, self._noise = players, noise

    def to(
        self, domain: str, pictures: tf.Tensor, stream: str, *, freeze_statistics: bool = False
    ) -> Sample:
        """Pictures of the other domain, or of its own, as pictures of a domain."""
        key = self._noise.keys(f"{stream} {domain} key").rows
        given = {_INPUT: pictures, "key": key}
        return self._players[f"to_{domain}"](given, freeze_statistics=freeze_statistics)


def _both(outcomes: Mapping[str, Outcome]) -> Outcome:
    """The outcomes of both directions, each under the name of its domain."""
    return reduce(or_, (outcome.under(domain) for domain, outcome in outcomes.items()))
