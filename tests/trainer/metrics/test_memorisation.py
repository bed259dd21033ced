import numpy as np
import pytest

from trainer.errors import MetricError
from trainer.metrics.memorisation import authenticity, copies, equal_rows, nearer_to_training
from trainer.metrics.neighbours import nearest


def _normal(n, seed, d=8):
    return np.random.RandomState(seed).standard_normal((n, d)).astype(np.float32)


TRAIN, HELD_OUT, HONEST = _normal(600, 0), _normal(600, 1), _normal(1000, 2)
COPIED = TRAIN[np.random.RandomState(3).randint(600, size=1000)]
VARIED = COPIED + 0.05 * _normal(1000, 4)


def _readings(fake):
    to_train = nearest(fake, TRAIN)
    in_train = nearest(TRAIN, TRAIN, exclude_self=True).distances
    return (
        nearer_to_training(to_train.distances, nearest(fake, HELD_OUT).distances),
        authenticity(to_train.distances, in_train[to_train.indices]),
        copies(to_train.distances, in_train),
    )


def test_an_honest_generator_is_at_one_half():
    remembered, authentic, copied = _readings(HONEST)
    # Two finite sets are not equally good by chance: that is not in the error.
    assert remembered.value == pytest.approx(0.5, abs=0.06)
    assert authentic.value == pytest.approx(_readings(HELD_OUT)[1].value, abs=0.1)
    assert copied.value == 0.0


def test_one_that_copies_is_flagged_by_all():
    remembered, authentic, copied = _readings(COPIED)
    assert (remembered.value, authentic.value, copied.value) == (1.0, 0.0, 1.0)


def test_one_that_varies_its_samples_is_flagged_but_does_not_copy():
    remembered, authentic, copied = _readings(VARIED)
    assert remembered.value > 0.99 and authentic.value < 0.01 and copied.value == 0.0


def test_by_hand():
    to_train, other = np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0, 5.0])
    assert nearer_to_training(to_train, other).value == pytest.approx((1 + 0.5 + 0 + 1) / 4)
    assert authenticity(to_train, other).value == pytest.approx(1 / 4)
    assert copies(np.array([0.0, 0.1, 0.3]), np.array([1.0, 2.0, 9.0]), 0.1).value == (
        pytest.approx(2 / 3)
    )


def test_as_many_are_compared_as_are_held_out():
    rows = equal_rows(100, 30)
    assert len(set(rows)) == 30 and rows.min() >= 0 and rows.max() < 100
    np.testing.assert_array_equal(rows, equal_rows(100, 30))
    np.testing.assert_array_equal(equal_rows(5, 5), np.arange(5))
    with pytest.raises(MetricError, match="fewer than the 30"):
        equal_rows(20, 30)


@pytest.mark.parametrize(
    ("distances", "sentence"),
    [
        ([], "give one a sample"),
        ([[1.0]], "give one a sample"),
        ([np.nan], "NaN, infinite or negative"),
        ([-1.0], "NaN, infinite or negative"),
    ],
)
def test_bad_distances_get_a_sentence(distances, sentence):
    bad, good = np.array(distances), np.ones(1)
    for metric in (nearer_to_training, authenticity, copies):
        with pytest.raises(MetricError, match=sentence):
            metric(bad, bad)
    with pytest.raises(MetricError, match="give one a sample"):
        nearer_to_training(good, np.ones(2))
