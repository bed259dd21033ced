"""What constrains a player: pure functions of the player itself.

A penalty receives the discriminator as a function of samples (its condition already bound), the
real and fake samples, and the step's random streams; it returns a loss per example, float32 [b].
"""

from collections.abc import Callable

import tensorflow as tf

from trainer import catalogue, randomness

Critic = Callable[[tf.Tensor], tf.Tensor]
Penalty = Callable[[Critic, tf.Tensor, tf.Tensor, randomness.Noise], tf.Tensor]


def gradient_penalty(options: catalogue.GradientPenalty) -> Penalty:
    """λ(‖∇D(x̂)‖ - 1)² at a random point x̂ between a real and a fake example.

    Reference: Gulrajani et al. 2017, "Improved training of Wasserstein GANs", algorithm 1.
    """

    def penalty(
        critic: Critic, real: tf.Tensor, fake: tf.Tensor, noise: randomness.Noise
    ) -> tf.Tensor:
        share = randomness.uniform(noise.keys("gradient penalty"), 1)
        share = tf.reshape(share, [-1] + [1] * (real.shape.rank - 1))
        between = real + share * (fake - real)
        norm = gradient_norm(critic, between)
        return options.weight * tf.square(norm - 1.0)

    return penalty


def gradient_norm(critic: Critic, samples: tf.Tensor) -> tf.Tensor:
    """Euclidean norm of each example's own gradient, float32 [b].

    The critic must judge each example by itself (no batch normalisation): the gradient of the sum
    of logits is then the stack of the examples' gradients.
    """
    with tf.GradientTape() as tape:
        tape.watch(samples)
        logits = critic(samples)
    gradients = tf.cast(tape.gradient(logits, samples), tf.float32)
    squares = tf.reduce_sum(tf.square(gradients), axis=list(range(1, samples.shape.rank)))
    # The root has no derivative at zero, where a dead critic would make the step NaN.
    return tf.sqrt(tf.maximum(squares, 1e-24))
