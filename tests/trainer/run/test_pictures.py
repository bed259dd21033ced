import numpy as np

from trainer.run import pictures


def test_captions_stand_over_their_columns_and_stay_in_them():
    images = np.full((6, 8, 8, 1), 128, np.uint8)
    plain = pictures.grid(images, 2, 3)
    captioned = pictures.grid(images, 2, 3, ["cat", "an unusually\nlong name", ""])
    line = captioned.shape[0] - plain.shape[0]
    np.testing.assert_array_equal(captioned[line:], plain)
    dark = (captioned[:line] < 128).any(axis=(0, 2))
    assert dark[:56].any() and dark[58:114].any()
    assert not dark[114:].any() and not dark[56:58].any()


def test_a_caption_in_any_script_is_drawn():
    images = np.zeros((1, 56, 56, 3), np.uint8)
    for name in ("Ä", "猫", "\u200f", " "):
        assert pictures.grid(images, 1, 1, [name]).dtype == np.uint8
