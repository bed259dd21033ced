import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.data.sources import digits, thick_digits


def test_a_bar_is_as_wide_as_it_is():
    """3 pixels by 12: light 36; edges of 3 + 12 twice, but √2 where the lower corner has both."""
    bar = np.zeros((1, 16, 16, 1), np.uint8)
    bar[0, 2:14, 5:8] = 255
    edge = 2 * (3 + 12) - 2 + np.sqrt(2.0)
    assert thick_digits.measure(bar)[0] == pytest.approx(2 * 36 / edge)
    assert thick_digits.measure(bar // 2)[0] == pytest.approx(2 * 36 / edge)
    assert thick_digits.measure(0 * bar).tolist() == [0.0]


def test_digits_are_drawn_as_wide_as_asked_and_keep_their_place():
    levels, _ = digits.read()
    for width in thick_digits.WIDTHS:
        drawn = np.stack([thick_digits.draw(digit, width) for digit in levels[:20]])
        off = np.abs(thick_digits.measure(drawn) - width)
        assert off.max() < 0.25 and off.mean() < 0.08
    thin, thick = (thick_digits.draw(levels[0], w).astype(int) for w in (2.4, 3.6))
    assert (thick >= thin).all()


def test_every_digit_has_one_age_which_is_measured_on_it():
    data = Data(source={"name": "thick_digits", "pictures": 100})
    one, other = loading.load(data), loading.load(data)
    field = one.spec.fields["attributes"]
    assert field.names == ("thickness",) and one.spec.num_classes == 10
    assert len(one.train) + len(one.held_out) == 100
    assert one.spec.fingerprint == other.spec.fingerprint
    ages = thick_digits.measure(one.train["sample"])
    np.testing.assert_array_equal(one.train["attributes"][:, 0], ages)
    nearest = np.abs(ages[:, np.newaxis] - np.array(thick_digits.WIDTHS)).argmin(axis=1)
    assert set(nearest) == set(range(5))
