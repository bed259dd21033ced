"""The landscape of a mean: values of linear discriminators in closed form."""

import numpy as np
import pytest

from trainer.lab import one_gaussian


def test_the_best_linear_discriminator_is_worth_the_landscape():
    """The logit of p / (p + p_g) of two Gaussians of covariance Σ is -m'Σ⁻¹x + ½ m'Σ⁻¹m."""
    mean = np.array([1.2, -0.7])
    slope = -mean / np.array(one_gaussian.SPREAD) ** 2
    found = one_gaussian.value(mean, slope, -0.5 * slope @ mean)
    distance = one_gaussian.mahalanobis(mean[np.newaxis])
    assert found == pytest.approx(one_gaussian.best_value(distance)[0], abs=2e-3)
    for other in (0.8, 1.2):
        assert one_gaussian.value(mean, other * slope, -0.5 * other * slope @ mean) < found


def test_an_undecided_discriminator_is_worth_minus_log_four():
    assert one_gaussian.value(np.ones(2), np.zeros(2), 0.0) == pytest.approx(-np.log(4.0))


@pytest.fixture(scope="module")
def numbers():
    games = {"k = 5": {"round": {"name": "ordinary", "discriminator_turns": 5}}}
    return one_gaussian.measure(games, steps=160)


def test_the_game_walks_down_to_the_real_mean(numbers):
    path = np.array(numbers["means"]["k = 5"])
    np.testing.assert_allclose(path[0], one_gaussian.START, atol=1e-4)
    assert np.linalg.norm(path[-1]) < 0.2
    assert numbers["best_along"]["k = 5"][-1] == pytest.approx(-np.log(4.0), abs=0.02)


def test_no_discriminator_reaches_more_than_the_best_one(numbers):
    values = np.array(numbers["values"]["k = 5"])
    assert (values <= np.array(numbers["best_along"]["k = 5"]) + 2e-3).all()
    assert len(one_gaussian.draw(numbers).axes) == 2
