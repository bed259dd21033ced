import numpy as np
import pytest

from trainer.catalogue import StrokeDigits
from trainer.config.experiment import Data
from trainer.config.recipe import load_experiment
from trainer.data import loading
from trainer.data.sources.stroke_digits import programs
from trainer.errors import ConfigError
from trainer.layers.strokes import painted


def test_pictures_are_what_their_programs_paint():
    options = StrokeDigits(digits=(7, 1), pictures=40)
    dataset = loading.load(Data(source=options, holdout_share=0.0))
    assert dataset.spec.sample.shape == (16, 16, 1) and dataset.spec.label_names == ("7", "1")
    strokes, places = programs(options)
    np.testing.assert_array_equal(dataset.train["label"], places)
    expected = np.rint(255.0 * painted(strokes, 16, 1.5).numpy())
    np.testing.assert_array_equal(dataset.train["sample"], expected)
    assert 0.05 < (expected > 127).mean() < 0.3


def test_digits_of_fewer_strokes_repeat_their_last_one():
    strokes, places = programs(StrokeDigits(pictures=200))
    counts = (2, 2, 3, 2, 3, 3, 3, 2, 4, 3)
    for digit, count in enumerate(counts):
        own = strokes[places == digit]
        assert len({stroke.tobytes() for stroke in own[0]}) == count
        np.testing.assert_array_equal(
            own[:, count:], np.repeat(own[:, count - 1 : count], 4 - count, 1)
        )
    few = programs(StrokeDigits(pictures=200, side=8))[0]
    np.testing.assert_allclose(few, strokes / 2, rtol=1e-6)


def test_a_digit_twice_is_refused():
    with pytest.raises(ConfigError, match="which names a digit twice"):
        load_experiment("spiral-digits", ["data.source={name: stroke_digits, digits: [1, 1]}"])
