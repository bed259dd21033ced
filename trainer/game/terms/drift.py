"""A leash for critics whose answers only count as differences."""

import tensorflow as tf

from trainer import catalogue
from trainer.game.adversarial_loss import GameTurn, Term, per_example
from trainer.game.parts import Parts


class Drift(Term):
    """ε D(x)² on real examples, so that the critic's answers do not drift away from zero.

    Reference: Karras et al. 2018, "Progressive growing of GANs for improved quality, stability,
    and variation", appendix A.1; ε = 0.001.
    """

    def __init__(self, options: catalogue.Drift, parts: Parts) -> None:
        self.options = options

    def discriminator(self, turn: GameTurn) -> tf.Tensor:
        """The penalty of each real example, float32 [b]."""
        assert turn.real is not None
        return self.options.weight * per_example(tf.square(turn.real.logits))
