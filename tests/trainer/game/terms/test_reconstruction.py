"""The difference between what is made and the batch's own sample, by hand."""

import pytest
import tensorflow as tf

from tests.trainer.game.turns import turn_of
from trainer import catalogue
from trainer.game.terms.reconstruction import Reconstruction


def test_it_is_the_weighted_mean_difference_of_each_example():
    fake = tf.constant([[[[0.5], [-1.0]]], [[[1.0], [1.0]]]])
    own = tf.constant([[[[0.0], [1.0]]], [[[1.0], [0.5]]]])
    turn = turn_of(lambda sample: tf.zeros([2]), None, fake, batch={"sample": own, "image": fake})
    term = Reconstruction(catalogue.Reconstruction(weight=100.0), None)
    assert term.generator(turn).numpy() == pytest.approx([100 * 2.5 / 2, 100 * 0.5 / 2])
    assert term.discriminator(turn) is None
    squared = Reconstruction(catalogue.Reconstruction(weight=10.0, norm="squared"), None)
    assert squared.generator(turn).numpy() == pytest.approx([10 * 4.25 / 2, 10 * 0.25 / 2])
