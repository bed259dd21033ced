import numpy as np
import pytest

from benchmarks.aging import Asked
from trainer.data.sources import digits, thick_digits


@pytest.fixture(scope="module")
def asked():
    levels, labels = digits.read()
    widths = thick_digits.widths(12)
    given = np.stack(
        [thick_digits.draw(*one) for one in zip(levels[5:12], widths[5:], strict=True)]
    )
    return Asked({"sample": given, "label": labels[5:12]}, 6)


def _measured(asked, pictures):
    return asked.measured(pictures, lambda pictures: asked.labels)


@pytest.mark.integration
def test_the_truth_is_right_in_everything_and_other_digits_in_their_width(asked):
    truth = _measured(asked, asked.truth)
    assert truth == {
        "width error": pytest.approx(0.05, abs=0.05),
        "digit": 1.0,
        "same": 1.0,
        "pixel error": 0.0,
    }
    others = _measured(asked, asked.others)
    assert others["width error"] == pytest.approx(truth["width error"])
    assert others["same"] == 0.0 and others["pixel error"] > 0.1


def test_digits_as_they_were_are_right_at_their_own_age(asked):
    own = np.abs(asked.own - asked.widths) < 0.25
    assert own.sum() == 6
    np.testing.assert_array_equal(asked.given[own], asked.truth[own])
