import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.data.sources import digits, posed_digits


@pytest.mark.parametrize(
    ("pose", "right", "down", "slant"),
    [
        ((1, 0, 0, 1), 3, 0, 0),
        ((0, -1, 0, 1), 0, -3, 0),
        ((0, 0, 1, 1), 0, 0, 0.5),
        ((0.5, 0, -1, 1), 1.5, 0, -0.5),
    ],
)
def test_moments_tell_by_how_much_a_digit_was_moved_and_slanted(pose, right, down, slant):
    """Moves and shears lose no light, and move its moments as much; a row by how high it lies."""
    (one, *_), _ = digits.read()
    straight = posed_digits.draw(one, np.array([0.0, 0.0, 0.0, 1.0]))
    posed = posed_digits.draw(one, np.array(pose, float))
    before, after = posed_digits.measure(np.stack([straight, posed]))
    expected = right - slant * before[1], down, slant, 0.0
    np.testing.assert_allclose(after - before, expected, atol=2e-3)


def test_half_the_light_is_half_the_ink():
    (one, *_), _ = digits.read()
    pictures = [posed_digits.draw(one, np.array([0.0, 0.0, 0.0, light])) for light in (1, -1)]
    bright, dim = posed_digits.measure(np.stack(pictures))
    assert dim[3] == pytest.approx(0.5 * bright[3], rel=1e-2)
    np.testing.assert_allclose(dim[:3], bright[:3], atol=2e-3)


def test_a_black_picture_has_moments_too():
    assert posed_digits.measure(np.zeros((1, 16, 16, 1), np.uint8)).tolist() == [[0, 0, 0, 0]]


def test_attributes_are_those_of_the_stored_pictures():
    dataset = loading.load(Data(source={"name": "posed_digits", "pictures": 200}))
    field = dataset.spec.fields["attributes"]
    assert field.names == posed_digits.NAMES and dataset.spec.num_classes == 10
    for examples in (dataset.train, dataset.held_out):
        measured = posed_digits.measure(examples["sample"])
        np.testing.assert_array_equal(examples["attributes"], measured)
