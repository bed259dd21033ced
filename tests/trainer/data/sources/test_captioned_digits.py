import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.data.modalities import text
from trainer.data.sources import captioned_digits, digits
from trainer.data.sources.captioned_digits import Content
from trainer.errors import ConfigError

CONTENTS = captioned_digits.contents()


def load(**options):
    return loading.load(Data(source={"name": "captioned_digits", "pictures": 2_000, **options}))


def contents(part, field):
    rows = [" ".join(field.names[i] for i in ids if i) for ids in part["text"]]
    return [Content.of(caption) for caption in rows]


@pytest.fixture(scope="module")
def dataset():
    return load()


def test_pictures_stand_beside_what_is_said_of_them(dataset):
    assert (len(dataset.train), len(dataset.held_out)) == (1800, 200)
    field = dataset.spec.fields["text"]
    assert (field.kind, field.shape) == ("text", (7,)) and len(field.names) == 23
    assert dataset.spec.sample.shape == (16, 16, 3) and dataset.spec.num_classes == 10
    assert set(field.about["captions"]) <= {content.caption for content in CONTENTS}
    assert [list(table) for table in dataset.train.tables] == [
        ["sample", "text", "label"],
        ["wrong_text"],
    ]


def test_right_can_be_measured_exactly_on_the_data(dataset):
    said = np.array([c[:3] for c in contents(dataset.train, dataset.spec.fields["text"])])
    pictures = dataset.train["sample"]
    np.testing.assert_array_equal(said[:, 0], dataset.train["label"])
    np.testing.assert_array_equal(captioned_digits.colour_of(pictures), said[:, 1])
    np.testing.assert_array_equal(captioned_digits.corner_of(pictures), said[:, 2])
    known = {digit.tobytes() for digit in digits.read()[0]}
    assert all(digit.tobytes() in known for digit in captioned_digits.digits_in(pictures))


def test_wrong_captions_are_those_of_the_same_part(dataset):
    own = np.sort(dataset.train["text"], axis=0)
    np.testing.assert_array_equal(own, np.sort(dataset.train["wrong_text"], axis=0))


@pytest.mark.parametrize("tenths", [1, 2])
def test_combinations_can_be_kept_for_later(tenths):
    dataset = load(unseen=tenths)
    field = dataset.spec.fields["text"]
    seen, kept = (contents(part, field) for part in (dataset.train, dataset.held_out))
    assert not set(seen) & set(kept)
    assert all(c.is_unseen(tenths) for c in kept) and not any(c.is_unseen(tenths) for c in seen)
    assert sum(c.is_unseen(tenths) for c in CONTENTS) == 16 * tenths
    for attribute in range(3):
        every = {content[attribute] for content in CONTENTS}
        assert {content[attribute] for content in set(seen)} == every
    assert not any(Content.of(c).is_unseen(tenths) for c in field.about["captions"])
    assert text.UNKNOWN not in {field.names[i] for i in np.unique(dataset.held_out["text"])}


def test_captions_can_be_read_back():
    assert CONTENTS[7 * 16].caption == "a red seven at the top left"
    bold = captioned_digits.contents(thickness=True)
    assert len(bold) == 320 and bold[7 * 32 + 1].caption == "a bold red seven at the top left"
    assert all(Content.of(content.caption) == content for content in (*CONTENTS, *bold))
    with pytest.raises(ValueError, match="pink"):
        Content.of("a pink seven at the top left")


@pytest.mark.parametrize("side", [16, 32])
def test_captions_may_tell_the_width_of_strokes_which_pictures_then_have(side):
    dataset = load(thickness=True, unseen=1, side=side, pictures=400)
    field = dataset.spec.fields["text"]
    assert field.shape == (8,) and {"thin", "bold"} <= set(field.names)
    said, kept = (contents(part, field) for part in (dataset.train, dataset.held_out))
    assert not set(said) & set(kept) and {c.thickness for c in kept} == {0, 1}
    read = [
        captioned_digits.thickness_of(dataset.train["sample"]),
        captioned_digits.corner_of(dataset.train["sample"]),
        captioned_digits.colour_of(dataset.train["sample"]),
    ]
    np.testing.assert_array_equal(read, np.array([(c[3], c[2], c[1]) for c in said]).T)


def test_the_pictures_are_the_same_ones_for_ever():
    dataset = load()
    first = contents(dataset.train, dataset.spec.fields["text"])[:3]
    assert [content.caption for content in first] == GOLDEN


GOLDEN = [
    "a red five at the top right",
    "a red two at the top left",
    "a green zero at the bottom left",
]


def test_digits_may_come_from_elsewhere_and_be_of_any_size(tmp_path):
    """Of MNIST's size and more: they are brought to half the side of a picture."""
    images = np.random.RandomState(0).randint(1, 256, (40, 28, 28)).astype(np.uint8)
    np.savez(tmp_path / "digits.npz", images=images, labels=np.arange(40) % 10)
    dataset = load(of=f"npz:{tmp_path / 'digits.npz'}", side=32, pictures=200)
    said = np.array([c[:3] for c in contents(dataset.train, dataset.spec.fields["text"])])
    pictures = dataset.train["sample"]
    assert pictures.shape[1:] == (32, 32, 3)
    np.testing.assert_array_equal(said[:, 0], dataset.train["label"])
    np.testing.assert_array_equal(captioned_digits.colour_of(pictures), said[:, 1])
    np.testing.assert_array_equal(captioned_digits.corner_of(pictures), said[:, 2])
    assert captioned_digits.digits_in(pictures).shape[1:] == (16, 16)


def test_what_has_no_ten_classes_is_no_digits(tmp_path):
    np.savez(tmp_path / "two.npz", images=np.zeros((4, 8, 8), np.uint8), labels=[0, 1, 0, 1])
    with pytest.raises(ConfigError, match=r"data\.source\.of: .* no ten classes; give digits"):
        load(of=f"npz:{tmp_path / 'two.npz'}")
