import numpy as np
import pytest

from serving.latents import lerp, slerp
from trainer.errors import MetricError
from trainer.metrics.path_length import perceptual_path_length


def _normal(*shape, seed=0):
    return np.random.RandomState(seed).standard_normal(shape)


def test_the_arc_by_hand():
    a, b = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    np.testing.assert_allclose(slerp(a, b, 1 / 3), [[np.cos(np.pi / 6), np.sin(np.pi / 6)]])
    np.testing.assert_allclose(lerp(a, b, 0.25), [[0.75, 0.25]])


def test_the_arc_keeps_norms_and_goes_at_one_speed():
    ends = _normal(9, 6), _normal(9, 6) + 1
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in ends)
    along = np.stack([slerp(a, b, t) for t in np.linspace(0, 1, 11)])
    np.testing.assert_allclose(along[[0, -1]], [a, b], atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(along, axis=2), 1.0)
    steps = np.linalg.norm(np.diff(along, axis=0), axis=2)
    np.testing.assert_allclose(steps, np.broadcast_to(steps[0], steps.shape))


def test_parallel_and_vanishing_vectors_have_a_straight_line():
    a = np.array([[1.0, 2.0], [1.0, 1.0], [0.0, 0.0]])
    b = np.array([[1.0, 2.0], [-1.0, -1.0], [0.0, 0.0]])
    np.testing.assert_allclose(slerp(a, b, 0.5), [[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]])


def test_a_linear_generator_has_its_closed_form():
    """Features W·z on a straight path change by W(b - a) however far along."""
    a, b, weights = _normal(2000, 4), _normal(2000, 4, seed=1), _normal(4, 7, seed=2)
    t, epsilon = np.random.RandomState(3).random_sample(2000), 1e-4
    result = perceptual_path_length(
        lerp(a, b, t) @ weights, lerp(a, b, t + epsilon) @ weights, epsilon, lower=0.0, upper=1.0
    )
    lengths = np.sum(((b - a) @ weights) ** 2, axis=1)
    assert result.value == pytest.approx(lengths.mean(), rel=1e-6)
    assert result.error == pytest.approx(lengths.std(ddof=1) / np.sqrt(2000), rel=1e-6)


def test_extremes_are_left_out_as_in_stylegan():
    steps = np.sqrt(np.arange(1.0, 201.0))[:, None]
    values = np.arange(1.0, 201.0)
    low = np.percentile(values, 1, method="lower")
    high = np.percentile(values, 99, method="higher")
    expected = values[(values >= low) & (values <= high)].mean()
    assert perceptual_path_length(np.zeros((200, 1)), steps, epsilon=1.0).value == pytest.approx(
        expected
    )


def test_the_error_is_the_spread_of_repetitions():
    random = np.random.RandomState(0)
    results = [
        perceptual_path_length(
            np.zeros((300, 1)), random.standard_normal((300, 1)), 1.0, 0.05, 0.95
        )
        for _ in range(300)
    ]
    spread = np.std([x.value for x in results])
    assert np.mean([x.error for x in results]) == pytest.approx(spread, rel=0.12)


def test_bad_input_gets_a_sentence():
    good = np.ones((4, 2))
    with pytest.raises(MetricError, match="not of the same paths"):
        perceptual_path_length(good, good[:3])
    with pytest.raises(MetricError, match="NaN"):
        perceptual_path_length(good, good * np.nan)
