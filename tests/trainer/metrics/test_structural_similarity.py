import numpy as np
import pytest
import tensorflow as tf

from trainer.errors import MetricError
from trainer.metrics import structural_similarity as module
from trainer.metrics.structural_similarity import WEIGHTS, diversity, ms_ssim, scales


def _pairs(*shape):
    """Smooth pictures of 0 … 255 and noisy versions of them."""
    random = np.random.RandomState(0)
    smooth = random.randint(256, size=(shape[0], 4, 4, shape[3]))
    first = tf.image.resize(smooth, shape[1:3], "bicubic").numpy().clip(0, 255)
    second = (0.8 * first + 40 * random.standard_normal(shape)).clip(0, 255)
    return first.astype(np.uint8), second.astype(np.uint8)


@pytest.mark.parametrize(
    "shape", [(3, 28, 28, 1), (2, 33, 47, 3), (2, 181, 178, 3), (1, 11, 12, 2)]
)
def test_agrees_with_tensorflow(shape):
    first, second = _pairs(*shape)
    weights = np.array(WEIGHTS[: scales(*shape[1:3])])
    expected = tf.image.ssim_multiscale(
        first.astype(np.float32),
        second.astype(np.float32),
        255.0,
        power_factors=tuple(weights / weights.sum()),
    )
    np.testing.assert_allclose(ms_ssim(first, second, (0, 255)), expected, rtol=2e-5)


def test_small_pictures_have_a_smaller_window():
    first, second = _pairs(2, 8, 9, 1)
    expected = tf.image.ssim(
        first.astype(np.float32), second.astype(np.float32), 255.0, filter_size=7
    )
    np.testing.assert_allclose(ms_ssim(first, second, (0, 255)), expected, rtol=1e-5)


@pytest.mark.parametrize(("side", "count"), [(8, 1), (11, 1), (20, 1), (21, 2), (32, 2), (176, 5)])
def test_as_many_scales_as_the_window_allows(side, count):
    assert scales(side, side + 5) == count


def test_equal_pictures_score_one_and_the_range_does_not_matter(monkeypatch):
    first, second = _pairs(5, 32, 32, 3)
    np.testing.assert_allclose(ms_ssim(first, first, (0, 255)), 1.0)
    values = ms_ssim(first, second, (0, 255))
    scaled = ms_ssim(first / 127.5 - 1.0, second / 127.5 - 1.0, (-1.0, 1.0))
    np.testing.assert_allclose(scaled, values)
    np.testing.assert_allclose(ms_ssim(second, first, (0, 255)), values)
    monkeypatch.setattr(module, "_BLOCK_NUMBERS", 2 * 32 * 32 * 3)
    np.testing.assert_array_equal(ms_ssim(first, second, (0, 255)), values)


def test_flat_pictures_differ_in_luminance_alone():
    """(2ab + c) / (a² + b² + c) with c = (K1·range)²."""
    first, second = np.full((1, 12, 12, 1), 0.2), np.full((1, 12, 12, 1), 0.6)
    expected = (2 * 0.12 + 1e-4) / (0.04 + 0.36 + 1e-4)
    np.testing.assert_allclose(ms_ssim(first, second, (0.0, 1.0)), expected)


def test_diversity_is_the_mean_over_pairs():
    assert diversity(np.array([0.2, 0.4, 0.6])) == pytest.approx((0.4, 0.2 / np.sqrt(3)))


def test_bad_pictures_get_a_sentence():
    good = np.zeros((2, 12, 12, 1))
    with pytest.raises(MetricError, match="give both as"):
        ms_ssim(good, good[:1], (0, 1))
    with pytest.raises(MetricError, match="too small"):
        ms_ssim(good[:, :2], good[:, :2], (0, 1))
    for bad in (good - 1.0, good + np.nan):
        with pytest.raises(MetricError, match="NaN or lie outside"):
            ms_ssim(good, bad, (0, 1))
    with pytest.raises(MetricError, match="two pairs"):
        diversity(np.array([0.5]))
