import numpy as np
import pytest
from PIL import Image

from trainer.config.experiment import Data
from trainer.data.images import conform, to_channels, to_depth, to_size
from trainer.errors import ConfigError

DTYPES = [np.uint8, np.uint16, np.float32]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("present", [1, 2, 3, 4])
def test_channels_keep_dtype_and_size(noise, dtype, present, channels):
    image = noise(5, 7, present, dtype=dtype)
    if dtype == np.float32 and present in (2, 4) and channels in (1, 3):
        with pytest.raises(ConfigError, match=r"data\.channels.*opacity"):
            to_channels(image, channels)
        return
    converted = to_channels(image, channels)
    assert converted.shape == (5, 7, channels)
    assert converted.dtype == dtype


def test_grey_becomes_rgb_and_comes_back(noise):
    for dtype in DTYPES:
        grey = noise(4, 4, 1, dtype=dtype)
        rgb = to_channels(grey, 3)
        np.testing.assert_array_equal(rgb, np.repeat(grey, 3, axis=-1))
        np.testing.assert_allclose(to_channels(rgb, 1), grey, rtol=1e-6)


def test_luminance_is_pillows(noise):
    rgb = noise(16, 16, 3)
    expected = np.asarray(Image.fromarray(rgb).convert("L")).astype(int)
    assert np.abs(to_channels(rgb, 1)[..., 0] - expected).max() <= 1


def test_opacity_is_laid_over_white_or_made_full():
    rgba = np.array([[[0, 0, 0, 0], [10, 20, 30, 255], [0, 0, 0, 51]]], np.uint8)
    np.testing.assert_array_equal(
        to_channels(rgba, 3), [[[255, 255, 255], [10, 20, 30], [204, 204, 204]]]
    )
    assert (to_channels(rgba[..., :3], 4)[..., 3] == 255).all()
    assert (to_channels(rgba[..., :3].astype(np.uint16), 4)[..., 3] == 65535).all()
    assert (to_channels(rgba[..., :3].astype(np.float32), 4)[..., 3] == 1.0).all()


def test_other_numbers_of_channels_are_refused(noise):
    with pytest.raises(ConfigError, match=r"data\.channels: received 3, .* 5 channels.*null"):
        to_channels(noise(4, 4, 5), 3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("policy", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_size_keeps_dtype_and_constant_images(dtype, policy, channels):
    image = np.full((30, 50, channels), 200, dtype)
    resized = to_size(image, 15, 25, policy=policy)
    assert resized.dtype == dtype
    np.testing.assert_array_equal(resized, np.full((15, 25, channels), 200, dtype))


@pytest.mark.parametrize("policy", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("size", [(9, 7), (64, 64), (1, 1), (40, 3)])
def test_any_size_is_met(noise, policy, size):
    assert to_size(noise(20, 11, 3), *size, policy=policy).shape == (*size, 3)


def test_the_right_size_is_left_alone(noise):
    image = noise(8, 9, 3)
    assert to_size(image, 8, 9, policy="crop") is image


def test_crop_takes_the_centre():
    image = np.zeros((10, 30, 1), np.uint8)
    image[:, 10:20] = 100
    np.testing.assert_array_equal(to_size(image, 10, 10, policy="crop"), image[:, 10:20])
    np.testing.assert_array_equal(
        to_size(image.transpose(1, 0, 2), 10, 10, policy="crop"), image[:, 10:20]
    )


@pytest.mark.parametrize(("dtype", "darkest"), [(np.uint8, 0), (np.uint16, 0), (np.float32, -2)])
def test_pad_keeps_all_and_fills_with_the_darkest(dtype, darkest):
    image = np.full((10, 20, 1), 100, dtype)
    image[:, :10] = darkest
    padded = to_size(image, 20, 20, policy="pad")
    np.testing.assert_array_equal(padded[5:15], image)
    assert (padded[:5] == darkest).all()
    assert (padded[15:] == darkest).all()


def test_stretch_keeps_every_column_and_row():
    image = np.zeros((4, 8, 1), np.uint8)
    image[:, 4:] = 240
    stretched = to_size(image, 16, 16, policy="stretch")[..., 0]
    assert (stretched[:, :4] < 20).all()
    assert (stretched[:, -4:] > 220).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_shrinking_is_antialiased(dtype):
    checkerboard = (np.indices((64, 64)).sum(axis=0) % 2 * 200).astype(dtype)[..., np.newaxis]
    small = to_size(checkerboard, 8, 8, policy="stretch").astype(float)
    np.testing.assert_allclose(small[1:-1, 1:-1], 100, atol=8)


def test_sixteen_bits_are_not_lost_in_between(noise):
    image = np.full((8, 8, 1), 12345, np.uint16)
    assert (to_size(image, 3, 5, policy="crop") == 12345).all()


def test_conform_without_wishes_changes_nothing(noise):
    image = noise(8, 9, 3)
    assert conform(image, Data()) is image
    assert conform(image, Data(size=(4, 4), channels=1)).shape == (4, 4, 1)


def test_depths_keep_black_white_and_what_lies_between():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    deep = to_depth(levels, 16)
    assert (deep.dtype, deep.min(), deep.max()) == (np.uint16, 0, 65535)
    np.testing.assert_array_equal(to_depth(deep, 8), levels)
    assert to_depth(levels, 8) is levels
    between = np.array([128, 129, 65535 - 128], np.uint16).reshape(1, 3, 1)
    assert to_depth(between, 8).ravel().tolist() == [0, 1, 255]


def test_the_depth_of_floats_is_unknown(noise):
    with pytest.raises(ConfigError, match=r"data\.depth: received 8, .*floats.*leave the field"):
        conform(noise(4, 4, 1, dtype=np.float32), Data(depth=8))


@pytest.mark.parametrize("policy", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("size", [(7, 5), (40, 64)])
def test_floats_are_not_resized_beyond_what_they_were(policy, size):
    """Bicubic weights overshoot at edges; [0, 1] would become more than that."""
    image = (np.indices((16, 16)).sum(axis=0) % 8 < 4).astype(np.float32)[..., np.newaxis]
    resized = to_size(image, *size, policy=policy)
    assert resized.min() >= 0.0
    assert resized.max() <= 1.0
