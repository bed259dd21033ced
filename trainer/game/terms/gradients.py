"""Penalties on the judge's gradient with respect to what it judges."""

import math
from typing import Any

import tensorflow as tf

from trainer import randomness
from trainer.game import replicas
from trainer.game.adversarial_loss import GameTurn, Judge, Judged, Sample, Term, per_example
from trainer.game.parts import Parts


class OfGradient(Term):
    """A function of the norm of the judge's gradient at some points, every so many steps.

    Played in every k-th step it has k times the weight, so that its mean over the steps stays what
    it is. It is a part of that step's own update: no update is added, so there is none to make up
    for. (StyleGAN2 takes an update of its own for it, k + 1 in k steps, which it takes back with
    c = k / (k + 1): the optimizer's learning rate times c, its decays to the power of c.)

    Reference: lazily, Karras et al. 2020, "Analyzing and improving the image quality of StyleGAN",
    section 3.1 and appendix B.
    """

    def __init__(self, options: Any, parts: Parts) -> None:
        self.options = options

    def points(self, turn: GameTurn) -> Sample:
        """Where the gradient is taken."""
        raise NotImplementedError

    def penalty(self, squared_norm: tf.Tensor) -> tf.Tensor:
        """The penalty for gradients of these squared norms, float32 [n]."""
        raise NotImplementedError

    def discriminator(self, turn: GameTurn) -> tf.Tensor:
        """The penalty of each point, float32 [n]; zero in the steps between."""
        every, points = self.options.every, self.points(turn)

        def penalty() -> tf.Tensor:
            return every * self.penalty(squared_gradient_norm(turn.judge, points))

        if every == 1:
            return penalty()
        rows = tf.shape(turn.fake.logits)[0]
        return tf.cond(turn.noise.step % every == 0, penalty, lambda: tf.zeros([rows]))


class GradientPenalty(OfGradient):
    """λ(‖∇D(x̂)‖ - 1)² at a random point x̂ between a real and a fake example, or pack of them.

    One-sided it is λ max(0, ‖∇D(x̂)‖ - 1)², which lets a critic be flatter than it may be steep.

    Reference: Gulrajani et al. 2017, "Improved training of Wasserstein GANs", algorithm 1; one
    side: Petzka et al. 2018, "On the regularization of Wasserstein GANs", equation 8.
    """

    def points(self, turn: GameTurn) -> Sample:
        """A point on the line from each real example to a fake."""
        assert turn.real is not None
        share = _of_packs(randomness.uniform(turn.noise.keys("gradient penalty"), 1), turn.real)
        return {
            name: real + _spread(share, real) * (turn.fake.sample[name] - real)
            for name, real in turn.real.sample.items()
        }

    def penalty(self, squared_norm: tf.Tensor) -> tf.Tensor:
        """See the class."""
        excess = _root(squared_norm) - 1.0
        if self.options.one_sided:
            excess = tf.nn.relu(excess)
        return self.options.weight * tf.square(excess)


class R1(OfGradient):
    """γ/2 ‖∇D(x)‖² on real examples.

    Reference: Mescheder et al. 2018, "Which training methods for GANs do actually converge?",
    equation 9.
    """

    def points(self, turn: GameTurn) -> Sample:
        """The real examples."""
        assert turn.real is not None
        return turn.real.sample

    def penalty(self, squared_norm: tf.Tensor) -> tf.Tensor:
        """See the class."""
        return 0.5 * self.options.gamma * squared_norm


class R2(R1):
    """γ/2 ‖∇D(G(z))‖² on fakes (Mescheder et al. 2018, equation 10)."""

    def points(self, turn: GameTurn) -> Sample:
        """The fakes."""
        return turn.fake.sample


class Dragan(OfGradient):
    """λ(‖∇D(x̂)‖ - 1)² at x̂ = x + α · ½ σ u, around a real example x.

    u is uniform on [0, 1), a number for each of the example's; α likewise, one an example; σ the
    standard deviation of all numbers of the global batch; ½ is the option `spread`.

    Reference: Kodali et al. 2017, "On convergence and stability of GANs", algorithm 1; u, α and σ
    are those of the authors' code.
    """

    def points(self, turn: GameTurn) -> Sample:
        """A point beside each real example."""
        assert turn.real is not None
        share = _of_packs(randomness.uniform(turn.noise.keys("dragan share"), 1), turn.real)
        around: dict[str, tf.Tensor] = {}
        for name, real in turn.real.sample.items():
            size = math.prod(real.shape[1:])
            u = randomness.uniform(turn.noise.keys(f"dragan {name}"), size)
            u = tf.reshape(u, tf.shape(real))
            distance = self.options.spread * _deviation(real)
            around[name] = real + distance * _spread(share, real) * u
        return around

    def penalty(self, squared_norm: tf.Tensor) -> tf.Tensor:
        """See the class."""
        return self.options.weight * tf.square(_root(squared_norm) - 1.0)


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


def _root(squared_norm: tf.Tensor) -> tf.Tensor:
    """The root, which has no derivative at zero: there a dead critic would make the step NaN."""
    return tf.sqrt(tf.maximum(squared_norm, 1e-24))


def _deviation(values: tf.Tensor) -> tf.Tensor:
    """The standard deviation of all numbers of the global batch, a scalar."""
    return tf.sqrt(replicas.mean(tf.square(values - replicas.mean(values))))


def _of_packs(share: tf.Tensor, judged: Judged) -> tf.Tensor:
    """[b, 1] → the same with one number for all members of what was judged as one."""
    members = tf.shape(share)[0] // tf.shape(judged.logits)[0]
    return tf.repeat(share[::members], members, axis=0)


def _spread(share: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """[b, 1] → [b, 1, …] of the rank of the values."""
    return tf.reshape(share, [-1] + [1] * (values.shape.rank - 1))
