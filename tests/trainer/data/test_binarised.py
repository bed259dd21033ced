"""Pictures of black and white: drawn as levels say, anew in training and once when held out."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.config.experiment import Data
from trainer.data import binarised, loading
from trainer.data.pipeline import batches, black_or_white
from trainer.errors import ConfigError

BINARISED = Data(source="digits", binarise=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_number_is_light_with_the_probability_of_its_level(dtype):
    top = np.iinfo(dtype).max
    levels = np.array([0, top // 4, top], dtype)
    pictures = tf.constant(np.tile(levels.reshape(1, 3, 1, 1), (4, 1, 1, 1)))
    u = tf.constant([[x] * 3 for x in (0.0, 0.2, 0.3, 0.999)])
    made = black_or_white(pictures, u).numpy()
    assert made.dtype == dtype
    expected = [[0, top, top], [0, top, top], [0, 0, top], [0, 0, top]]
    np.testing.assert_array_equal(made[..., 0, 0], expected)


@pytest.fixture(scope="module")
def dataset():
    return loading.load(BINARISED)


def test_held_out_pictures_are_binarised_once_and_training_ones_keep_their_levels(dataset):
    grey = loading.load(Data(source="digits"))
    again = loading.load(BINARISED).held_out
    held_out = dataset.held_out["sample"]
    assert set(np.unique(held_out)) == {0, 255}
    np.testing.assert_array_equal(held_out, again["sample"])
    np.testing.assert_array_equal(dataset.train["sample"], grey.train["sample"])
    # Some 11 000 numbers, whose mean has an error of less than half a hundredth.
    assert held_out.mean() == pytest.approx(grey.held_out["sample"].mean(), abs=255 * 0.02)


def test_every_draw_is_its_own_and_a_function_of_its_position(dataset):
    options = {"batch_size": 809, "seed": 5, "binarise": binarised.names(dataset.spec, BINARISED)}
    # Two steps are an epoch of 1 618 examples.
    first, second, other = list(batches(dataset.train, **options).take(3))
    (again,) = batches(dataset.train, start_step=2, **options).take(1)
    np.testing.assert_array_equal(other["sample"], again["sample"])
    assert set(np.unique(first["sample"])) == {0, 255}
    epoch = np.concatenate([first["sample"], second["sample"]]).astype(float)
    levels = dataset.train["sample"].mean(axis=0)
    error = np.sqrt(255**2 * 0.25 / len(dataset.train))
    assert np.abs(epoch[:, 0].mean(axis=0) - levels).max() < 5 * error
    (plain,) = batches(dataset.train, batch_size=809, seed=5).take(1)
    np.testing.assert_array_equal(plain["label"], first["label"])


def test_what_has_no_levels_is_refused():
    with pytest.raises(ConfigError, match=r"data.binarise: received true .*no pictures of integer"):
        loading.load(Data(source="ring", binarise=True))
