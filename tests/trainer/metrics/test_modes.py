import numpy as np
import pytest

from trainer.data.sources import mixtures
from trainer.errors import MetricError
from trainer.metrics.modes import (
    NO_MODE,
    assign_to_centres,
    high_quality,
    mode_divergence,
    modes_found,
)

MNIST_TRAIN_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


@pytest.mark.parametrize(
    ("centres", "std"),
    [
        (mixtures.ring_centres(), mixtures.RING_STD),
        (mixtures.grid_centres(), mixtures.GRID_STD),
    ],
)
def test_a_mixtures_own_points_find_all_modes(centres, std):
    points, drawn = mixtures.draw(centres, std)
    points, drawn = points[:2500], drawn[:2500]
    modes = assign_to_centres(points, centres, std)
    at_a_mode = modes != NO_MODE
    np.testing.assert_array_equal(modes[at_a_mode], drawn[at_a_mode])
    assert modes_found(modes, len(centres)).value == len(centres)
    quality = high_quality(modes)
    # In the plane the squared distance is exponential.
    assert quality.value == pytest.approx(1 - np.exp(-4.5), abs=3 * quality.error)


def test_a_collapsed_generator_finds_one():
    modes = assign_to_centres(np.ones((50, 2)) * [1.0, 0.0], mixtures.ring_centres(), 0.01)
    assert modes_found(modes, 8) == (1.0, None)
    assert mode_divergence(modes, 8).value == pytest.approx(np.log(8))


def test_a_radius_may_belong_to_each_mode():
    centres, points = np.array([[0.0], [10.0]]), np.array([[2.0], [8.0], [10.5]])
    assert assign_to_centres(points, centres, np.array([1.0, 0.1])).tolist() == [0, -1, -1]
    assert assign_to_centres(points, centres, 1.0, radius=1.0).tolist() == [-1, -1, 1]


@pytest.mark.parametrize(
    ("frequencies", "floor", "spread"),
    [(np.ones(10), 0.0193, 0.0009), (MNIST_TRAIN_COUNTS, 0.0237, 0.0011)],
)
def test_the_floor_of_stacked_mnist(frequencies, floor, spread):
    digit = np.array(frequencies) / np.sum(frequencies)
    modes = np.einsum("i,j,k->ijk", digit, digit, digit).ravel()
    random = np.random.RandomState(0)
    results = [mode_divergence(random.choice(1000, 26_000, p=modes), 1000) for _ in range(100)]
    values = np.array([x.value for x in results])
    assert values.mean() == pytest.approx(floor, abs=2e-4)
    assert values.std() == pytest.approx(spread, abs=2e-4)
    assert np.mean([x.error for x in results]) == pytest.approx(values.std(), rel=0.2)


def test_the_error_holds_far_from_the_reference_too():
    shares = np.array([0.7, 0.2, 0.1, 0.0])
    random = np.random.RandomState(0)
    results = [mode_divergence(random.choice(4, 500, p=shares), 4) for _ in range(200)]
    values = np.array([x.value for x in results])
    assert np.mean([x.error for x in results]) == pytest.approx(values.std(), rel=0.15)


def test_by_hand():
    modes = np.array([0, 0, 0, 1, NO_MODE])
    assert mode_divergence(modes, 2).value == pytest.approx(0.75 * np.log(1.5) + 0.25 * np.log(0.5))
    assert mode_divergence(modes, 2, np.array([6, 2])).value == pytest.approx(0.0)
    assert high_quality(modes).value == pytest.approx(0.8)
    assert modes_found(modes, 3).value == 2
    assert modes_found(modes, 3, at_least=2).value == 1
    assert modes_found(np.array([NO_MODE]), 3).value == 0


def test_bad_modes_get_a_sentence():
    with pytest.raises(MetricError, match="none of the 3 samples is at a mode"):
        mode_divergence(np.full(3, NO_MODE), 8)
    with pytest.raises(MetricError, match="samples of mode 1, which the reference does not"):
        mode_divergence(np.array([0, 1]), 2, np.array([1.0, 0.0]))
    with pytest.raises(MetricError, match="give 2 shares"):
        mode_divergence(np.array([0, 1]), 2, np.array([1.0, np.nan]))
    with pytest.raises(MetricError, match="from 0 to 9, and there are 8"):
        modes_found(np.array([0, 9]), 8)
    with pytest.raises(MetricError, match="queries have 3 numbers"):
        assign_to_centres(np.zeros((4, 3)), mixtures.ring_centres(), 0.01)
