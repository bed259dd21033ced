"""Penalties on the judge's gradient with respect to what it judges."""

import tensorflow as tf

from trainer import catalogue, randomness
from trainer.game.adversarial_loss import GameTurn, Judge, Judged, Sample, Term, per_example
from trainer.game.parts import Parts


class GradientPenalty(Term):
    """λ(‖∇D(x̂)‖ - 1)² at a random point x̂ between a real and a fake example, or pack of them.

    Reference: Gulrajani et al. 2017, "Improved training of Wasserstein GANs", algorithm 1.
    """

    def __init__(self, options: catalogue.GradientPenalty, parts: Parts) -> None:
        self.options = options

    def discriminator(self, turn: GameTurn) -> tf.Tensor:
        """The penalty of each pair, float32 [n]."""
        assert turn.real is not None
        share = _of_packs(randomness.uniform(turn.noise.keys("gradient penalty"), 1), turn.real)
        between = {
            name: real + _spread(share, real) * (turn.fake.sample[name] - real)
            for name, real in turn.real.sample.items()
        }
        # The root has no derivative at zero, where a dead critic would make the step NaN.
        norm = tf.sqrt(tf.maximum(squared_gradient_norm(turn.judge, between), 1e-24))
        return self.options.weight * tf.square(norm - 1.0)


class R1(Term):
    """γ/2 ‖∇D(x)‖² on real examples, every so many steps.

    Played every k-th step its weight is k times as large, so that its mean stays what it is.

    Reference: Mescheder et al. 2018, "Which training methods for GANs do actually converge?",
    equation 9; lazily: Karras et al. 2020, "Analyzing and improving the image quality of
    StyleGAN", section 3.1.
    """

    def __init__(self, options: catalogue.R1, parts: Parts) -> None:
        self.options = options

    def discriminator(self, turn: GameTurn) -> tf.Tensor:
        """The penalty of each real example, float32 [b]; zero in the steps between."""
        assert turn.real is not None
        return self._penalty(turn, turn.real.sample)

    def _penalty(self, turn: GameTurn, sample: Sample) -> tf.Tensor:
        every = self.options.every
        weight = 0.5 * self.options.gamma * every

        def penalty() -> tf.Tensor:
            return weight * squared_gradient_norm(turn.judge, sample)

        if every == 1:
            return penalty()
        rows = tf.shape(turn.fake.logits)[0]
        return tf.cond(turn.noise.step % every == 0, penalty, lambda: tf.zeros([rows]))


class R2(R1):
    """γ/2 ‖∇D(G(z))‖² on fakes, every so many steps (Mescheder et al. 2018, equation 10)."""

    def discriminator(self, turn: GameTurn) -> tf.Tensor:
        """The penalty of each fake, float32 [b]; zero in the steps between."""
        return self._penalty(turn, turn.fake.sample)


def squared_gradient_norm(judge: Judge, sample: Sample) -> tf.Tensor:
    """Squared Euclidean norm of each logit's gradient over all that it was said of, float32 [n].

    The judge must judge each example, or each pack of neighbours, by itself (no batch
    normalisation): the gradient of the sum of logits is then the stack of their gradients.
    """
    sample = {name: tf.identity(values) for name, values in sample.items()}
    with tf.GradientTape() as tape:
        tape.watch(list(sample.values()))
        logits = per_example(judge(sample).logits)
    gradients = tape.gradient(logits, list(sample.values()))
    squares = [tf.square(tf.cast(gradient, tf.float32)) for gradient in gradients]
    per_logit = [tf.reshape(x, [tf.shape(logits)[0], -1]) for x in squares]
    return tf.add_n([tf.reduce_sum(x, axis=1) for x in per_logit])


def _of_packs(share: tf.Tensor, judged: Judged) -> tf.Tensor:
    """[b, 1] → the same with one number for all members of what was judged as one."""
    members = tf.shape(share)[0] // tf.shape(judged.logits)[0]
    return tf.repeat(share[::members], members, axis=0)


def _spread(share: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """[b, 1] → [b, 1, …] of the rank of the values."""
    return tf.reshape(share, [-1] + [1] * (values.shape.rank - 1))
