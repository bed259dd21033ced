"""The drawn gradients against the derivatives worked out by hand."""

import numpy as np
import pytest

from trainer.lab import objectives


def sigmoid(a):
    return 1.0 / (1.0 + np.exp(-a))


@pytest.fixture(scope="module")
def numbers():
    return objectives.measure(points=25)


@pytest.mark.parametrize(
    ("name", "loss", "gradient"),
    [
        ("minimax", lambda a: np.log(1.0 - sigmoid(a)), lambda a: -sigmoid(a)),
        ("non-saturating", lambda a: -np.log(sigmoid(a)), lambda a: -sigmoid(-a)),
        ("least squares", lambda a: 0.5 * (a - 1.0) ** 2, lambda a: a - 1.0),
        ("hinge, Wasserstein", lambda a: -a, lambda a: -np.ones_like(a)),
    ],
)
def test_losses_and_gradients_are_those_of_the_papers(numbers, name, loss, gradient):
    logits = np.array(numbers["logits"])
    np.testing.assert_allclose(numbers["losses"][name], loss(logits), atol=1e-5)
    np.testing.assert_allclose(numbers["gradients"][name], gradient(logits), atol=1e-5)


def test_every_objective_is_drawn(numbers):
    assert set(numbers["losses"]) == set(objectives.GENERATORS)
    left, _right = objectives.draw(numbers).axes
    assert len(left.lines) == len(objectives.GENERATORS)
