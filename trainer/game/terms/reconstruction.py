"""What is made of an example's condition must be near the example."""

import tensorflow as tf

from trainer import catalogue
from trainer.game.adversarial_loss import GameTurn, Term, per_example
from trainer.game.parts import Parts


class Reconstruction(Term):
    """λ‖x - G(y, z)‖₁, the mean absolute difference on [-1, 1] from the batch's own sample x.

    With squared differences it is λ‖x - G(y, z)‖²₂ over the number of pixels.

    Reference: Isola et al. 2017, "Image-to-image translation with conditional adversarial
    networks", equations 3 and 4 (λ = 100); Mathieu et al. 2016, "Deep multi-scale video prediction
    beyond mean square error", equation 1 (both norms).
    """

    def __init__(self, options: catalogue.Reconstruction, parts: Parts) -> None:
        self.options = options

    def generator(self, turn: GameTurn) -> tf.Tensor:
        """The loss of each fake, float32 [b]."""
        of = NORMS[self.options.norm]
        of_fields = [of(fake, turn.batch[n]) for n, fake in turn.fake.sample.items()]
        return self.options.weight * tf.add_n(of_fields) / len(of_fields)


def distance(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """The mean absolute difference of each row, float32 [b]."""
    return per_example(tf.abs(tf.cast(a, tf.float32) - tf.cast(b, tf.float32)))


def squared_distance(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """The mean squared difference of each row, float32 [b]."""
    return per_example(tf.square(tf.cast(a, tf.float32) - tf.cast(b, tf.float32)))


# How a norm turns two batches of rows into numbers [b].
NORMS = {"absolute": distance, "squared": squared_distance}
