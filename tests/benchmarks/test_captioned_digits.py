import numpy as np
import pytest

from benchmarks import captioned_digits
from trainer.data.sources.captioned_digits import Content, contents, draw
from trainer.data.sources.digits import read

CONTENTS = contents()
LEVELS, LABELS = read()
DIGITS = captioned_digits.Digits(LEVELS, LABELS)
FIRST = {int(label): LEVELS[i] for i, label in reversed([*enumerate(LABELS)])}


@pytest.fixture(scope="module")
def classify():
    return captioned_digits.classifier(DIGITS)


def pictures_of(contents):
    return np.stack([draw(FIRST[content.digit], content) for content in contents])


def test_real_pictures_show_what_their_captions_say(classify):
    assert captioned_digits.matches(pictures_of(CONTENTS), CONTENTS, classify).all()
    asked = [content for content in CONTENTS for _ in range(3)]
    real = captioned_digits.real_pictures(asked, DIGITS)
    assert captioned_digits.matches(real, asked, classify).mean() > 0.99


@pytest.mark.integration
def test_strokes_are_read_where_captions_tell_them():
    asked = contents(thickness=True)
    classify = captioned_digits.classifier(DIGITS, thickness=True)
    real = captioned_digits.real_pictures(asked, DIGITS)
    right = captioned_digits.matches(real, asked, classify)
    assert right.shape == (320, 4) and right[:, 1:].all() and right[:, 0].mean() > 0.95
    others = [content._replace(thickness=1 - content.thickness) for content in asked]
    assert not captioned_digits.matches(real, others, classify)[:, 3].any()


def test_one_picture_a_caption_has_no_variety():
    same = pictures_of([content for content in CONTENTS[:4] for _ in range(5)])
    assert captioned_digits.variety(same, 5) == pytest.approx(0.0, abs=1e-9)
    # Black and white in turns: a variance of 1/4 in each of the 768 numbers.
    turns = np.tile(np.array([0, 255], np.uint8), 4)[:, None, None, None]
    turns = np.broadcast_to(turns, (8, 16, 16, 3))
    assert captioned_digits.variety(turns, 4) == pytest.approx(768 / 4)


def _other(content, part):
    """The same but for one part."""
    return content._replace(**{Content._fields[part]: 1 - (content[part] > 0)})


@pytest.mark.parametrize("part", [0, 1, 2])
def test_what_is_wrong_is_told_apart(classify, part):
    shown = [Content(3, 1, 2), Content(0, 3, 0)]
    asked = [
        content._replace(**{Content._fields[part]: 1 - (content[part] > 0)}) for content in shown
    ]
    assert all(a[part] != b[part] for a, b in zip(shown, asked, strict=True))
    right = captioned_digits.matches(pictures_of(shown), asked, classify)
    expected = np.ones((2, 3), bool)
    expected[:, part] = False
    np.testing.assert_array_equal(right, expected)


def test_nothing_at_all_matches_by_chance_only(classify):
    black = np.zeros((len(CONTENTS), 16, 16, 3), np.uint8)
    right = captioned_digits.matches(black, CONTENTS, classify)
    np.testing.assert_allclose(right.mean(axis=0), [1 / 10, 1 / 4, 1 / 4])


def test_shares_of_combinations_never_seen_stand_apart():
    values = np.array([[1, 1, 1], [1, 1, 0], [0, 1, 1], [1, 1, 1]], bool)
    row = captioned_digits._row_of("x", [values], [0.25], np.array([False, False, True, True]))
    assert row == {
        "game": "x",
        "digit": "1",
        "colour": "1",
        "corner": "0.5",
        "all": "0.5",
        "all, never seen": "0.5",
        "variety": "0.25",
    }
