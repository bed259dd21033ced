"""The loop of a search: where it ends, what it keeps, and that rows do not touch one another."""

import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.game.searches import engine

ADAM = catalogue.Adam(learning_rate=0.05, beta_1=0.9)
START = tf.constant([[1.0, -2.0], [0.5, 4.0], [3.0, 3.0]])


def _bowl(latent):
    return tf.reduce_sum(tf.square(latent - 1.0), axis=1)


def test_a_search_of_no_steps_returns_its_start():
    found = engine.minimise(engine.Descent(_bowl, ADAM), START, 0)
    np.testing.assert_array_equal(found.latent, START)
    np.testing.assert_allclose(found.loss, [9.0, 9.25, 8.0])


def test_a_step_of_momentum_is_the_one_by_hand():
    sgd = catalogue.SGD(learning_rate=0.1, momentum=0.5)
    found = engine.minimise(engine.Descent(_bowl, sgd), START[:1], 2)
    # z = (1, -2): v = 0.6, z = -1.4; v = 0.3 + 0.48, z = -0.62.
    np.testing.assert_allclose(found.latent, [[1.0, -0.62]], rtol=1e-6)


@pytest.mark.parametrize(
    "optimizer",
    [
        catalogue.Adam(learning_rate=0.1, beta_1=0.9),
        catalogue.SGD(learning_rate=0.1),
        catalogue.SGD(learning_rate=0.05, momentum=0.9, nesterov=True),
        catalogue.RMSprop(learning_rate=0.1),
        catalogue.RMSprop(learning_rate=0.05, momentum=0.5),
    ],
)
def test_every_optimizer_finds_the_bottom_of_a_bowl(optimizer):
    found = engine.minimise(engine.Descent(_bowl, optimizer), START, 200)
    np.testing.assert_allclose(found.loss, 0.0, atol=2e-2)


def test_the_best_on_the_way_is_kept_and_what_is_no_number_is_not():
    def climbing(latent):
        return -tf.reduce_sum(latent, axis=1)  # its gradient leads up through a wall of NaN

    def walled(latent):
        loss = tf.reduce_sum(tf.square(latent), axis=1)
        return tf.where(loss < 1.0, float("nan"), loss)

    assert float(engine.minimise(engine.Descent(climbing, ADAM), START, 5).loss[0]) < 1.0
    fast = catalogue.SGD(learning_rate=0.4)
    found = engine.minimise(engine.Descent(walled, fast), START[:1], 9)
    assert 1.0 <= float(found.loss[0]) <= 5.0 and np.isfinite(found.latent).all()
    over = catalogue.SGD(learning_rate=1.1)  # every step goes further away
    found = engine.minimise(engine.Descent(_bowl, over), START, 9)
    np.testing.assert_array_equal(found.latent, START)


def test_rows_go_their_own_way():
    together = engine.minimise(engine.Descent(_bowl, ADAM), START, 30)
    for row in range(3):
        alone = engine.minimise(engine.Descent(_bowl, ADAM), START[row : row + 1], 30)
        np.testing.assert_array_equal(alone.latent[0], together.latent[row])


def test_latents_stay_within():
    descent = engine.Descent(_bowl, ADAM, within=lambda z: tf.clip_by_value(z, -9.0, 0.5))
    np.testing.assert_allclose(engine.minimise(descent, START, 99).latent, 0.5)


def test_a_search_may_be_watched_step_by_step():
    descent = engine.Descent(_bowl, ADAM)
    progress = descent.begin(START)
    for steps in range(4):
        found = engine.minimise(descent, START, steps)
        np.testing.assert_array_equal(descent.found(progress).latent, found.latent)
        progress = descent.step(progress)


def test_of_restarts_the_best_is_taken():
    found = engine.Found(
        tf.constant([[1.0], [2.0], [3.0], [4.0]]), tf.constant([5.0, 1.0, 2.0, 7.0])
    )
    best = engine.best_of(found, 2)
    np.testing.assert_array_equal(best.latent, [[2.0], [3.0]])
    np.testing.assert_array_equal(best.loss, [1.0, 2.0])
