"""The pool of earlier fakes: filled first, then a coin and a slot for every place of the batch."""

import numpy as np
import tensorflow as tf

from trainer import randomness
from trainer.game.rounds.history import History
from trainer.randomness import Noise


def _noise(step, positions):
    return Noise(3, tf.constant(step, tf.int64), tf.constant(positions, tf.int64))


def _fakes(step, positions):
    """A fake that says when and where it was made."""
    return tf.constant([[[100.0 * step + position]] for position in positions])


def _play(history, steps, positions=(0, 1), first=0):
    """What is shown in each step, [steps, b]."""
    shown = []
    for step in range(first, first + steps):
        noise, fakes = _noise(step, positions), _fakes(step, positions)
        shown.append(history.shown(fakes, noise).numpy()[:, 0, 0])
        history.keep(fakes, noise)
    return np.array(shown)


def test_while_there_is_room_fakes_are_kept_and_shown():
    history = History("a", (1, 1), batch_size=2, size=6)
    assert history.slots == 3
    np.testing.assert_array_equal(_play(history, 3), [[0, 1], [100, 101], [200, 201]])
    np.testing.assert_array_equal(history.kept[..., 0, 0], [[0, 100, 200], [1, 101, 201]])


def test_then_a_coin_shows_an_earlier_one_whose_place_the_new_one_takes():
    history = History("a", (1, 1), batch_size=2, size=6)
    _play(history, 3)
    exchanged = 0
    for step in range(3, 53):
        before = history.kept.numpy()[..., 0, 0]
        (shown,) = _play(history, 1, first=step)
        after = history.kept.numpy()[..., 0, 0]
        for position in (0, 1):
            new = 100.0 * step + position
            if shown[position] == new:
                np.testing.assert_array_equal(before[position], after[position])
            else:
                exchanged += 1
                slot = list(before[position]).index(shown[position])
                assert after[position][slot] == new
                np.testing.assert_array_equal(
                    np.delete(before[position], slot), np.delete(after[position], slot)
                )
    assert abs(exchanged - 50) < 25  # Half of 100, five deviations.


def test_coins_and_slots_are_those_of_the_rows_own_keys():
    history = History("b", (1, 1), batch_size=1, size=4)
    _play(history, 4, positions=(0,))
    before = history.kept.numpy()[0, :, 0, 0]
    draws = randomness.uniform(_noise(4, [0]).keys("history b"), 2).numpy()[0]
    (shown,) = _play(history, 1, positions=(0,), first=4)
    assert shown[0] == (before[int(draws[1] * 4)] if draws[0] < 0.5 else 400.0)


def test_a_row_does_not_depend_on_those_beside_it():
    """As on two replicas, each of which plays a part of the places."""
    whole, parts = (History("a", (1, 1), batch_size=4, size=8) for _ in range(2))
    for step in range(20):
        together = _play(whole, 1, (0, 1, 2, 3), step)
        apart = [_play(parts, 1, places, step) for places in ((0, 1), (2, 3))]
        np.testing.assert_array_equal(together, np.concatenate(apart, axis=1))
    np.testing.assert_array_equal(whole.kept.numpy(), parts.kept.numpy())


def test_every_place_has_a_slot_at_least():
    assert History("a", (1, 1), batch_size=64, size=50).slots == 1
    assert History("a", (1, 1), batch_size=1, size=50).slots == 50
