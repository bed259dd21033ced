import numpy as np
import pytest
from PIL import Image

from trainer.metrics.bicubic import resized, weights


@pytest.mark.parametrize(("old", "new"), [(8, 32), (32, 8), (12, 5), (5, 5)])
def test_lines_sum_to_one_and_the_ends_are_alike(old, new):
    matrix = weights(old, new)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0)
    np.testing.assert_allclose(matrix, matrix[::-1, ::-1], atol=1e-15)


def test_twice_as_large_by_hand():
    """New lines lie a quarter beside an old one; Keys' kernel at ¼, ¾, 5/4 and 7/4."""
    expected = [-0.0234375, 0.2265625, 0.8671875, -0.0703125]
    np.testing.assert_allclose(weights(8, 16)[8, 2:6], expected)


def test_straight_lines_stay_straight_and_the_same_size_is_the_same_picture():
    line = np.arange(12.0)
    np.testing.assert_allclose((weights(12, 24) @ line)[4:-4], (np.arange(24)[4:-4] - 0.5) / 2)
    images = np.random.RandomState(0).uniform(size=(2, 5, 7, 3))
    np.testing.assert_allclose(resized(images, (5, 7)), images)


@pytest.mark.parametrize("size", [(16, 24), (80, 60)])
def test_agrees_with_pillow_in_the_middle(size):
    images = np.random.RandomState(0).uniform(0, 255, (1, 40, 48, 1)).astype(np.float32)
    made = resized(images, size)[0, ..., 0]
    expected = Image.fromarray(images[0, ..., 0]).resize(size[::-1], Image.Resampling.BICUBIC)
    middle = (slice(6, -6), slice(6, -6))
    np.testing.assert_allclose(made[middle], np.asarray(expected)[middle], atol=1e-3)
