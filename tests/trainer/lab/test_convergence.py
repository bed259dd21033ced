"""The convex game on 20 points."""

import numpy as np
import pytest

from trainer.lab import convergence


@pytest.fixture(scope="module")
def numbers():
    return convergence.measure(steps=300)


def test_small_steps_reach_minus_log_four_and_too_large_ones_never_do(numbers):
    last = {rate: values[-1] for rate, values in numbers["above_lowest"].items()}
    assert last["0.01"] == pytest.approx(0.0, abs=2e-6)
    assert 0.0 < last["0.002"] < 1e-3
    assert min(numbers["above_lowest"]["0.2"]) > 0.05
    np.testing.assert_allclose(numbers["reached"]["0.01"], numbers["p"], atol=1e-3)


def test_the_value_is_convex_along_every_segment(numbers):
    for line in numbers["segments"]["values"]:
        assert np.diff(line, 2).min() > -2e-6
        assert min(line) > -np.log(4.0) - 1e-6


def test_one_discriminator_held_still_is_a_line_from_below(numbers):
    """V is linear in p_g for each D, and max_D V is the highest of those lines."""
    for line in numbers["segments"]["fixed_d"]:
        assert np.abs(np.diff(line, 2)).max() < 1e-5
        assert (np.array(line) <= np.array(numbers["segments"]["values"][0]) + 1e-6).all()


def test_the_subgradient_is_log_of_one_minus_the_best_discriminator():
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.3, 0.6])
    np.testing.assert_allclose(convergence.subgradient(p, q), np.log(q / (p + q)), atol=1e-6)


@pytest.mark.parametrize(
    ("point", "nearest"),
    [([0.5, 0.7], [0.4, 0.6]), ([2.0, 0.0], [1.0, 0.0]), ([0.2, 0.8], [0.2, 0.8])],
)
def test_steps_end_on_the_nearest_distribution(point, nearest):
    np.testing.assert_allclose(convergence.projected(np.array(point)), nearest, atol=1e-12)


def test_it_is_drawn(numbers):
    assert len(convergence.draw(numbers).axes) == 3
