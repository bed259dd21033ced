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


def test_a_curve_lies_where_its_values_are():
    level = np.array([1.0, 0.0, -1.0], np.float32)
    series = np.broadcast_to(level[:, np.newaxis, np.newaxis], (3, 5, 1))
    picture = pictures.curves(series, (-1.0, 1.0), columns=2)
    # Two rows and two columns of 56 by 112 pixels, two pixels between them.
    assert picture.shape == (114, 226, 3)
    blue = (picture == (31, 90, 180)).all(axis=-1)
    for row, column, expected in ((0, 0, 5), (0, 1, 28), (1, 0, 50)):
        diagram = blue[58 * row : 58 * row + 56, 114 * column : 114 * column + 112]
        drawn = np.flatnonzero(diagram.any(axis=1))
        assert len(drawn) == 1 and abs(drawn[0] - expected) <= 1
        assert diagram[drawn[0]].all()
    assert (picture[58:, 114:] == 255).all()
