import numpy as np
import tensorflow as tf

from tests.trainer.game.turns import turn_of
from trainer import catalogue
from trainer.game.terms.drift import Drift


def test_it_is_the_squared_logit_of_real_examples():
    turn = turn_of(
        lambda s: 2.0 * s["sample"][:, 0], tf.constant([[1.0], [-3.0]]), tf.zeros([2, 1])
    )
    losses = Drift(catalogue.Drift(weight=0.5), None).discriminator(turn)
    np.testing.assert_allclose(losses, [2.0, 18.0])
