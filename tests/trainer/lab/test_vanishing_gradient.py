"""What is left of the generator's gradient on disjoint supports."""

import numpy as np
import pytest

from trainer.lab import vanishing_gradient


@pytest.fixture(scope="module")
def numbers():
    return vanishing_gradient.measure(stages=(40, 200))


def test_under_minimax_it_dies_as_the_discriminator_learns(numbers):
    gradient = numbers["gradients"]["minimax"]
    assert len(gradient) == 200
    assert gradient[-1] < 0.1 * max(gradient) and gradient[-1] < 0.01


def test_the_two_logistic_games_have_one_discriminator_and_two_gradients(numbers):
    """-σ(a) against -σ(-a): where D is sure of a fake, one is small and the other is all."""
    minimax, other = (numbers["judges"][name][-1] for name in ("minimax", "non-saturating"))
    np.testing.assert_allclose(minimax, other, atol=1e-3)
    assert numbers["gradients"]["non-saturating"][-1] > 100 * numbers["gradients"]["minimax"][-1]


def test_under_a_critic_of_slope_one_it_is_one_and_points_at_the_real_examples(numbers):
    assert numbers["gradients"]["Wasserstein + GP"][-1] == pytest.approx(1.0, abs=0.25)
    critic = np.interp([0.0, vanishing_gradient.PLACE], numbers["x"],
                       numbers["judges"]["Wasserstein + GP"][-1])  # fmt: skip
    assert critic[0] - critic[1] == pytest.approx(-vanishing_gradient.PLACE, rel=0.3)


def test_it_is_drawn(numbers):
    assert len(vanishing_gradient.draw(numbers).axes) == 2
