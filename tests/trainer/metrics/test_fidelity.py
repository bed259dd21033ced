import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from sklearn.datasets import load_sample_images

from trainer.errors import MetricError
from trainer.metrics import bicubic, fidelity
from trainer.metrics.structural_similarity import ssim


def test_errors_by_hand_whatever_the_range():
    first = np.array([0, 51, 102, 255], np.uint8).reshape(1, 2, 2, 1)
    second = np.array([51, 51, 0, 255], np.uint8).reshape(1, 2, 2, 1)
    found = fidelity.errors(first, second, (0, 255))
    np.testing.assert_allclose(found.absolute, [0.15])
    np.testing.assert_allclose(found.squared, [0.05])
    scaled = fidelity.errors(first / 127.5 - 1.0, second / 127.5 - 1.0, (-1.0, 1.0))
    np.testing.assert_allclose(scaled.squared, [0.05])
    estimate, equal = fidelity.psnr(found.squared)
    assert (estimate.value, estimate.error, equal) == (pytest.approx(13.0103, abs=1e-4), None, 0)


def test_a_ratio_is_the_mean_over_pictures_and_equal_ones_are_left_out():
    estimate, equal = fidelity.psnr(np.array([0.1, 0.0, 0.001]))
    assert (estimate.value, estimate.error, equal) == (pytest.approx(20.0), pytest.approx(10.0), 1)
    with pytest.raises(MetricError, match="infinite"):
        fidelity.psnr(np.zeros(3))


def test_cropping_leaves_the_edges_out():
    first = np.zeros((1, 6, 6, 1))
    second = first.copy()
    second[:, 0] = second[:, :, -1] = 1.0
    assert fidelity.errors(first, second, (0, 1), crop=1).absolute == 0.0
    with pytest.raises(MetricError, match="cropping 3 pixels leaves nothing of 6x6"):
        fidelity.errors(first, second, (0, 1), crop=3)
    with pytest.raises(MetricError, match="have shapes"):
        fidelity.errors(first, second[:, :5], (0, 1))


def test_luminance_of_bt_601():
    """Black, white, red, green, blue: 16, 235, 81, 145, 41."""
    colours = np.array([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]).reshape(1, 1, 5, 3)
    expected = [[16, 235, 81, 145, 41]]
    np.testing.assert_array_equal(fidelity.luminance(colours, (0, 1))[0, ..., 0], expected)
    np.testing.assert_array_equal(
        fidelity.luminance(255 * colours, (0, 255)), fidelity.luminance(2 * colours - 1, (-1, 1))
    )


def test_grey_is_its_own_luminance():
    grey = np.array([0, 127, 255], np.uint8).reshape(1, 1, 3, 1)
    np.testing.assert_allclose(fidelity.luminance(grey, (0, 255)), grey)
    np.testing.assert_allclose(fidelity.luminance(grey / 255.0, (0, 1)), grey)


def _enlarged(low):
    size = (4 * low.shape[1], 4 * low.shape[2])
    return np.round(bicubic.resized(np.round(low.clip(0, 255)), size).clip(0, 255))


def _ratio(first, second, crop=4):
    return fidelity.psnr(fidelity.errors(first, second, (0, 255), crop).squared)[0].value


def _by_pillow(image):
    small = Image.fromarray(image).resize((160, 106), Image.Resampling.BICUBIC)
    return np.asarray(small.resize((640, 424), Image.Resampling.BICUBIC), float)


def test_bicubic_enlargement_by_four_under_the_protocols_of_the_field():
    """Y, eight bits, four pixels cropped, a widened kernel: what publications take for granted.

    On the two photographs that scikit-learn ships.
    """
    photographs = np.stack(load_sample_images().images)[:, :424, :640]
    made = _enlarged(bicubic.resized(photographs, (106, 160)))
    y, true_y = (fidelity.luminance(images, (0, 255)) for images in (made, photographs))
    of_y = _ratio(y, true_y)
    assert of_y == pytest.approx(26.563, abs=1e-3)
    pillow = fidelity.luminance(np.stack([_by_pillow(image) for image in photographs]), (0, 255))
    assert _ratio(pillow, true_y) == pytest.approx(of_y, abs=0.03)
    # Of red, green and blue it is one to two decibels lower, as everywhere.
    assert _ratio(made, photographs) == pytest.approx(25.139, abs=1e-3)
    likeness = ssim(*(fidelity.cropped(images, 4) for images in (y, true_y)), (0, 255))
    expected = tf.image.ssim(
        *(tf.constant(fidelity.cropped(x, 4), tf.float32) for x in (y, true_y)), 255.0
    )
    np.testing.assert_allclose(likeness, expected, rtol=1e-4)
