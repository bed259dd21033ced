"""The ordinary round in two domains at once: one latent makes a picture of each."""

from collections.abc import Mapping
from dataclasses import replace

import tensorflow as tf

from trainer import catalogue
from trainer.data import modalities
from trainer.fields import Field
from trainer.game.adversarial_loss import per_example
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Network, Outputs
from trainer.game.roles import Role
from trainer.game.rounds.ordinary import Ordinary
from trainer.game.signatures.generation import generation
from trainer.game.signatures.judgement import (
    class_fields,
    classified,
    seen_samples,
    stored_inputs,
)
from trainer.game.signatures.sampling import Sampler
from trainer.game.signatures.signature import Signature, Signatures

_DOMAINS = ("a", "b")


class Joint(Ordinary):
    """A joint distribution of two domains, learned from examples of each that nobody has paired.

        min_G max_D  V(D_a, G_a) + V(D_b, G_b)

    for one latent and players that share layers; losses are means over the domains. Real pictures
    of a and of b lie beside each other by chance, and each is judged by itself. That the pictures
    of one latent belong together is the work of the shared layers alone.

    Reference: Liu & Tuzel 2016, "Coupled generative adversarial networks", equation 3.

    Raises:
        ConfigError: when the data has no domains.
    """

    def __init__(self, options: catalogue.JointRound, parts: Parts) -> None:
        sample = {domain: parts.spec.field(domain) for domain in _DOMAINS}
        super().__init__(options, parts, sample)

    def roles(self) -> Mapping[str, Role]:
        """A generator of pictures of both domains, and a discriminator of either."""
        return {
            name: replace(role, kind=f"joint_{role.kind}") for name, role in super().roles().items()
        }

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """Pictures of both domains by seeds and latents; `score_a` and `score_b`.

        `classify_a` and `classify_b` too, where the discriminator answers class logits.
        """
        sampler = Sampler(
            networks["generator"], self.parts.prior, self.parts.condition, self.fields
        )
        scores = {
            f"score_{domain}": self._score(networks["discriminator"], place)
            for place, domain in enumerate(_DOMAINS)
        }
        classes = {
            f"classify_{domain}": self._classify(networks["discriminator"], place)
            for place, domain in enumerate(_DOMAINS)
            if "class_logits" in self.loss.needs
        }
        return {**generation(sampler), **scores, **classes}

    def _score(self, judge: Network, place: int) -> Signature:
        """The logit of pictures of one domain."""

        def score(**given: tf.Tensor) -> Outputs:
            inputs = self._alone(place, given)
            logits = self.loss.objective.reads(inputs, judge(inputs))
            return {"realism": per_example(logits[:, place])}

        return Signature(self._asked(place), {"realism": Field(kind="scalar")}, score)

    def _classify(self, judge: Network, place: int) -> Signature:
        """The class logits of pictures of one domain, and the likeliest class."""

        def classify(**given: tf.Tensor) -> Outputs:
            return classified(judge(self._alone(place, given))["class_logits"][:, place])

        names = self.loss.needs["class_logits"].names
        return Signature(self._asked(place), class_fields(names), classify)

    def _asked(self, place: int) -> dict[str, Field]:
        """What a request about one domain holds."""
        return stored_inputs({"sample": self.fields[_DOMAINS[place]]})

    def _alone(self, place: int, given: Mapping[str, tf.Tensor]) -> Inputs:
        """A request's pictures of one domain, and of the other one whatever lies beside them."""
        domain = _DOMAINS[place]
        picture = seen_samples(given, {"sample": self.fields[domain]})["sample"]
        rows = tf.shape(picture)[0]
        black = {
            name: tf.zeros([rows, *modalities.seen_field(field).fixed_shape])
            for name, field in self.fields.items()
        }
        return {**black, domain: picture}
