"""An auxiliary classifier: the discriminator also names the class."""

import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.adversarial_loss import GameTurn, Judged, Term
from trainer.game.parts import Parts

_CLASSES, _TWIN = "class_logits", "twin_logits"


class Classification(Term):
    """-log C(c | x) on real examples for the discriminator, on fakes for the generator.

    The paper's equation 3 also lets the discriminator classify fakes; it does so only with
    `fake_weight`, because then both sides agree to make classes easy to tell rather than real.

    Without it, too, the generator gains by samples that are easy to name: of E[-log C(c | G(z, c))]
    nothing is lost where two classes overlap in the data and no longer do among the fakes. A twin
    classifier T, which learns the classes of fakes, takes that gain away (`twin_weight`). The
    discriminator also minimises -log T(c | G(z, c)), and the generator

        -log C(c | G(z, c)) + log T(c | G(z, c)),

    whose mean, where both have learned, is E KL(Q(c | x) ‖ P(c | x)) over fakes x: zero where
    classes overlap among fakes as they do among real examples.

    References: Odena et al. 2017, "Conditional image synthesis with auxiliary classifier GANs",
    equation 3; Gong et al. 2019, "Twin auxiliary classifiers GAN", equation 4.

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
        answered = (_CLASSES, _TWIN) if options.twin_weight else (_CLASSES,)
        self.needs = {name: Field((len(names),), kind="head", names=names) for name in answered}

    def discriminator(self, turn: GameTurn) -> tf.Tensor:
        """The class loss of each real example (and of each fake where it counts), float32 [b]."""
        assert turn.real is not None
        losses = self.options.weight * _cross_entropy(turn, turn.real)
        if self.options.fake_weight:
            losses += self.options.fake_weight * _cross_entropy(turn, turn.fake)
        if self.options.twin_weight:
            losses += self.options.twin_weight * _cross_entropy(turn, turn.fake, _TWIN)
        return losses

    def generator(self, turn: GameTurn) -> tf.Tensor | None:
        """The class loss of each fake, less the twin's, float32 [b]."""
        if not self.options.generator_weight:
            return None
        losses = self.options.generator_weight * _cross_entropy(turn, turn.fake)
        if self.options.twin_weight:
            losses -= self.options.twin_weight * _cross_entropy(turn, turn.fake, _TWIN)
        return losses


def _cross_entropy(turn: GameTurn, judged: Judged, of: str = _CLASSES) -> tf.Tensor:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(turn.batch["label"], judged.outputs[of])
