"""An auxiliary classifier: the discriminator also names the class."""

import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.adversarial_loss import GameTurn, Judged, Term
from trainer.game.parts import Parts


class Classification(Term):
    """-log C(c | x) on real examples for the discriminator, on fakes for the generator.

    The paper's equation 3 also lets the discriminator classify fakes; it does so only with
    `fake_weight`, because then both sides agree to make classes easy to tell rather than real.

    Reference: Odena et al. 2017, "Conditional image synthesis with auxiliary classifier GANs",
    equation 3.

    Raises:
        ConfigError: when the data has no labels.
    """

    def __init__(self, options: catalogue.Classification, parts: Parts) -> None:
        if not parts.spec.num_classes:
            raise ConfigError(
                "terms: received 'classification', but the data has no labels; give labelled data "
                "or leave it out."
            )
        self.options = options
        self.hides = frozenset({"condition"})
        names = parts.spec.label_names
        self.needs = {"class_logits": Field((len(names),), names=names)}

    def discriminator(self, turn: GameTurn) -> tf.Tensor:
        """The class loss of each real example (and of each fake where it counts), float32 [b]."""
        assert turn.real is not None
        losses = self.options.weight * _cross_entropy(turn, turn.real)
        if self.options.fake_weight:
            losses += self.options.fake_weight * _cross_entropy(turn, turn.fake)
        return losses

    def generator(self, turn: GameTurn) -> tf.Tensor | None:
        """The class loss of each fake, float32 [b]."""
        if not self.options.generator_weight:
            return None
        return self.options.generator_weight * _cross_entropy(turn, turn.fake)


def _cross_entropy(turn: GameTurn, judged: Judged) -> tf.Tensor:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(
        turn.batch["label"], judged.outputs["class_logits"]
    )
