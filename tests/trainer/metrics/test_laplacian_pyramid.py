import numpy as np
import pytest
from scipy import ndimage

from trainer.errors import MetricError
from trainer.metrics import laplacian_pyramid as module
from trainer.metrics.laplacian_pyramid import (
    descriptors,
    num_levels,
    patches,
    patches_per_image,
    pyramid,
    pyramid_distance,
)


def _pictures(n, side=32, channels=2, seed=0):
    noise = np.random.RandomState(seed).standard_normal((n, side, side, channels))
    return ndimage.gaussian_filter(noise, (0, 2, 2, 0))


@pytest.mark.parametrize(("side", "count"), [(8, 1), (16, 1), (28, 1), (32, 2), (33, 2), (256, 5)])
def test_levels_end_at_sixteen_pixels(side, count):
    assert num_levels(side, side + 3) == count


@pytest.mark.parametrize("side", [32, 33])
def test_the_pyramid_gives_the_picture_back(side):
    images = _pictures(2, side)
    fine, coarse = pyramid(images, 2)
    np.testing.assert_allclose(fine + module._enlarged(coarse, images.shape), images, atol=1e-12)
    assert coarse.shape == (2, (side + 1) // 2, (side + 1) // 2, 2)


@pytest.mark.parametrize("side", [32, 35])
def test_flat_pictures_are_all_in_the_coarsest_level(side):
    fine, coarse = pyramid(np.full((1, side, side, 1), 7), 2)
    np.testing.assert_allclose(fine, 0.0, atol=1e-12)
    np.testing.assert_allclose(coarse, 7.0)


def test_a_level_is_the_papers_filter():
    """The released code filters with the outer product of 1 4 6 4 1 over 256, mirrored."""
    image = _pictures(1, 32, 1)[0, :, :, 0]
    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    expected = ndimage.convolve(image, kernel, mode="mirror")[::2, ::2]
    np.testing.assert_allclose(pyramid(image[None, :, :, None], 2)[1][0, :, :, 0], expected)


def test_patches_lie_in_their_picture_anywhere():
    rows, columns = np.meshgrid(np.arange(9), np.arange(10), indexing="ij")
    level = np.stack([rows, columns], axis=-1)[None] + [[[[0, 0]]], [[[100, 100]]]]
    taken = patches(level, 500, np.random.RandomState(0))
    assert taken.shape == (1000, 7, 7, 2) and taken.dtype == np.float32
    corners = taken[:500, 0, 0]
    assert {tuple(c) for c in corners} == {(r, c) for r in range(3) for c in range(4)}
    np.testing.assert_array_equal(taken[:500, 6, 6] - corners, 6.0)
    assert taken[500:].min() == 100


def test_blocks_of_any_size_find_the_same_patches():
    images = _pictures(6)
    whole, parts = descriptors([images], 5), descriptors([images[:1], images[1:]], 5)
    assert set(whole) == {32, 16}
    for side in whole:
        assert whole[side].shape == (30, 7, 7, 2)
        np.testing.assert_array_equal(whole[side], parts[side])


def test_it_is_zero_on_itself_and_blind_to_scale_and_shift():
    images, others = _pictures(20), _pictures(20, seed=1)
    assert pyramid_distance([images], [images], 8).average.value == 0.0
    plain = pyramid_distance([images], [others], 8)
    scaled = pyramid_distance([images], [3.0 * others + 1.0], 8)
    assert scaled.average == pytest.approx(plain.average, rel=1e-4)


def test_noise_shows_in_the_finest_level_most():
    images, others = _pictures(150), _pictures(150, seed=1)
    noisy = others + 0.3 * np.random.RandomState(2).standard_normal(others.shape)
    plain = pyramid_distance([images], [others], 16).by_side
    distance = pyramid_distance([images], [noisy], 16)
    fine, coarse = (distance.by_side[s].value / plain[s].value for s in (32, 16))
    assert fine > 2.0 and fine > coarse
    levels = distance.by_side.values()
    assert distance.average.value == pytest.approx(np.mean([x.value for x in levels]))
    assert distance.average.error == pytest.approx(np.linalg.norm([x.error for x in levels]) / 2)


def test_the_number_of_patches_is_bounded():
    assert patches_per_image(100) == 128
    assert patches_per_image(50_000) == 2
    assert patches_per_image(10**9) == 1


def test_bad_pictures_get_a_sentence():
    good = _pictures(4)
    with pytest.raises(MetricError, match="at least 7 × 7"):
        descriptors([good[:, :6]])
    with pytest.raises(MetricError, match="NaN"):
        descriptors([good * np.nan])
    with pytest.raises(MetricError, match="are followed by"):
        descriptors([good, good[:, :31]])
    with pytest.raises(MetricError, match="no pictures"):
        descriptors([])
    with pytest.raises(MetricError, match=r"levels of \[16, 32\] pixels and fake ones of \[16\]"):
        pyramid_distance([good], [good[:, :16, :16]], 4)
    with pytest.raises(MetricError, match="fake patches is constant at 32"):
        pyramid_distance([good], [np.ones_like(good)], 4)
