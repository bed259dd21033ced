import numpy as np
import pytest

from trainer.run.pictures import grid


@pytest.mark.parametrize("channels", [2, 4])
def test_what_is_transparent_is_shown_over_white(channels):
    images = np.zeros((3, 60, 60, channels), np.uint8)
    images[..., -1] = np.array([0, 255, 51]).reshape(3, 1, 1)
    sheet = grid(images, 1, 3)
    assert sheet[5, [5, 67, 129]].tolist() == [[255] * 3, [0] * 3, [204] * 3]


@pytest.mark.parametrize(
    ("channels", "shown"), [(1, [10, 10, 10]), (3, [10, 20, 30]), (5, [10, 20, 30])]
)
def test_opaque_pictures_are_shown_as_they_are(channels, shown):
    images = np.broadcast_to(
        np.arange(10, 60, 10, dtype=np.uint8)[:channels], (1, 60, 60, channels)
    )
    assert grid(images, 1, 1)[0, 0].tolist() == shown
