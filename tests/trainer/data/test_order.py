import numpy as np
import pytest
import tensorflow as tf

from trainer.data.order import example_at


def drawn(start: int, stop: int, n: int, seed: int = 0) -> np.ndarray:
    return example_at(tf.range(start, stop, dtype=tf.int64), n, seed).numpy()


@pytest.mark.parametrize("n", [1, 2, 3, 7, 64, 100, 1797])
def test_every_epoch_draws_every_example_once(n):
    for epoch in range(3):
        assert sorted(drawn(epoch * n, (epoch + 1) * n, n)) == list(range(n))


def test_epochs_and_seeds_have_orders_of_their_own():
    first, second, other = drawn(0, 100, 100), drawn(100, 200, 100), drawn(0, 100, 100, seed=1)
    assert (first != second).mean() > 0.9
    assert (first != other).mean() > 0.9


def test_a_position_does_not_depend_on_its_mates_or_its_shape():
    together = drawn(0, 300, 100)
    assert [drawn(p, p + 1, 100)[0] for p in (0, 99, 100, 257)] == list(together[[0, 99, 100, 257]])
    square = example_at(tf.reshape(tf.range(300, dtype=tf.int64), [10, 30]), 100, 0)
    np.testing.assert_array_equal(square.numpy().ravel(), together)


def test_far_positions_and_large_data_stay_in_range():
    n = 10**9
    far = drawn(2**60, 2**60 + 100, n)
    assert far.min() >= 0
    assert far.max() < n
    assert len(set(far)) > 95


def test_neighbours_are_uncorrelated():
    order = drawn(0, 20_000, 20_000)
    assert abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < 0.03


def test_every_place_is_equally_likely():
    n, epochs = 20, 4000
    orders = drawn(0, n * epochs, n).reshape(epochs, n)
    counts = np.stack([np.bincount(orders[:, place], minlength=n) for place in range(n)])
    # About chi-squared over its degrees of freedom: 1, with a deviation of .075.
    assert ((counts - epochs / n) ** 2 / (epochs / n)).sum() / (n - 1) ** 2 < 1.4


def test_order_is_the_same_for_ever():
    assert drawn(0, 8, 1797, seed=7).tolist() == GOLDEN


GOLDEN = [677, 1736, 751, 1408, 634, 792, 1634, 1337]
