import numpy as np
from sklearn.datasets import load_digits

from trainer.config.experiment import Data
from trainer.data import loading


def test_digits_are_spread_over_uint8_exactly():
    dataset = loading.load(Data(source="digits", holdout_share=0.0))
    digits = load_digits()
    assert dataset.train["sample"].shape == (1797, 8, 8, 1)
    assert dataset.train["sample"].dtype == np.uint8
    assert dataset.spec.sample.range == (0.0, 255.0)
    assert set(np.unique(dataset.train["sample"])) == {round(v * 255 / 16) for v in range(17)}
    np.testing.assert_array_equal(
        np.rint(dataset.train["sample"][..., 0] * (16 / 255)), digits.images
    )
    np.testing.assert_array_equal(dataset.train.labels, digits.target)
    assert dataset.spec.label_names == tuple("0123456789")


def test_digits_take_size_and_channels():
    dataset = loading.load(Data(source="digits", size=(16, 12), channels=3))
    assert dataset.spec.sample.shape == (16, 12, 3)
