"""Domain adaptation: classes that are known in one domain are read in the other."""

import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.adversarial_loss import GameTurn, Term
from trainer.game.parts import Parts

# Places of the two domains in what the discriminator answers.
_A, _B = 0, 1


class Adaptation(Term):
    """-w log C(c | f(a)) + v ‖f(G_a(z)) - f(G_b(z))‖² / d, in the discriminator's turn.

    f are the features behind the layers that both domains share, of d numbers, and C a classifier
    of them. It sees the classes of a alone. That it is good at b as well is the work of the game: a
    picture of b passes through the same shared layers, which the second part holds to see the same
    in the two pictures of one latent.

    Reference: Liu & Tuzel 2016, "Coupled generative adversarial networks", section 4 (unsupervised
    domain adaptation; w = 10 and v = 0.01 in the authors' code).

    Raises:
        ConfigError: when domain a has no classes.
    """

    def __init__(self, options: catalogue.Adaptation, parts: Parts) -> None:
        names = parts.spec.label_names
        if not names:
            raise ConfigError(
                "terms: received 'adaptation', but the data has no labels; set "
                "data.source.labelled=true on a source of two domains, or leave it out."
            )
        self.options = options
        self.needs = {"class_logits": Field((2, len(names)), names=names)}
        if options.alike:
            self.needs["features"] = Field((2, None), kind="features")

    def discriminator(self, turn: GameTurn) -> tf.Tensor:
        """The class loss of each example of a, and the distance in each made pair, float32 [b]."""
        assert turn.real is not None
        losses = self.options.weight * tf.nn.sparse_softmax_cross_entropy_with_logits(
            turn.batch["label"], turn.real.outputs["class_logits"][:, _A]
        )
        if self.options.alike:
            features = turn.fake.outputs["features"]
            gap = tf.reduce_mean(tf.square(features[:, _A] - features[:, _B]), axis=-1)
            losses += self.options.alike * gap
        return losses
