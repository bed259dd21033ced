"""What moves with a side's updates, and with nothing else."""

import keras
import tensorflow as tf

from trainer import catalogue
from trainer.fields import Field
from trainer.game import optimizers
from trainer.game.players import Player
from trainer.game.roles import DISCRIMINATOR, GENERATOR, Role
from trainer.game.turns import Outcome
from trainer.game.updater import Learner, Updater


class Follower(keras.layers.Dense):
    """A layer that remembers its kernel as it was after the last update."""

    def build(self, input_shape):
        super().build(input_shape)
        self.seen = self.add_weight(shape=(1, 1), initializer="zeros", trainable=False)

    def follow_weights(self):
        self.seen.assign(self.kernel)


def _player(side):
    """A player whose follower is a layer of a model within its model."""
    inner = keras.Sequential([keras.Input((1,)), Follower(1, use_bias=False)])
    x = keras.Input((1,), name="x")
    model = keras.Model({"x": x}, {"y": inner(x)})
    return Player(model, Role(side, side, {"x": Field((1,))}, {"y": Field((1,))})), inner.layers[0]


def test_layers_follow_the_weights_after_every_update_of_their_side():
    sgd = catalogue.SGD(learning_rate=0.5)
    players, followers, learners = {}, {}, {}
    for side in (DISCRIMINATOR, GENERATOR):
        players[side], followers[side] = _player(side)
        optimizer = optimizers.make(sgd)
        learners[side] = Learner([players[side]], optimizer, optimizers.rule(sgd))
        optimizer.build(learners[side].variables)
    updater = Updater(learners)
    x = {"x": tf.ones([2, 1])}

    def turn():
        made = players[GENERATOR](x)["y"]
        return Outcome({"loss": players[DISCRIMINATOR]({"x": made})["y"][:, 0]})

    start = updater.position(DISCRIMINATOR)
    with updater.lookahead(DISCRIMINATOR, turn, 2, start):
        turn()
    judging, making = followers[DISCRIMINATOR], followers[GENERATOR]
    before = judging.kernel.numpy()
    assert judging.seen.numpy() == 0.0
    updater.minimise(DISCRIMINATOR, turn)
    assert judging.seen.numpy() == judging.kernel.numpy() != before
    assert making.seen.numpy() == 0.0
