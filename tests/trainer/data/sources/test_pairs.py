import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.data.sources.pairs import low_resolution, negative, outline
from trainer.errors import ConfigError


def load_pairs(path, **fields):
    source = {
        "name": "pairs",
        "inputs": f"folder:{path / 'inputs'}",
        "targets": f"folder:{path / 'targets'}",
    }
    return loading.load(Data(source=source, **{"holdout_share": 0.0, **fields}))


# ---- Digits --------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [outline, negative, low_resolution])
@pytest.mark.parametrize(("size", "channels"), [(None, 1), ((16, 12), 3)])
def test_each_digit_stands_beside_what_is_made_of_it(made, size, channels):
    source = {"name": "digit_pairs", "input": made.__name__}
    dataset = loading.load(Data(source=source, size=size, channels=channels))
    digits = loading.load(Data(source="digits", size=size, channels=channels))
    np.testing.assert_array_equal(dataset.train["sample"], digits.train["sample"])
    np.testing.assert_array_equal(dataset.train.labels, digits.train.labels)
    for given, wanted in list(zip(dataset.train["image"], dataset.train["sample"], strict=True))[
        :9
    ]:
        np.testing.assert_array_equal(given, made(wanted))
    assert list(dataset.spec.fields) == ["image", "sample", "label"]
    assert dataset.spec.images == ("image", "sample")
    assert dataset.spec.fingerprint != digits.spec.fingerprint


def test_other_pictures_have_something_made_of_them_too(tmp_path, noise):
    images, labels = noise(6, 6, 5, 1), np.array([0, 1, 0, 1, 1, 0])
    np.savez(tmp_path / "own.npz", images=images, labels=labels)
    source = {"name": "digit_pairs", "of": f"npz:{tmp_path / 'own.npz'}", "input": "negative"}
    dataset = loading.load(Data(source=source, holdout_share=0.0))
    np.testing.assert_array_equal(dataset.train["sample"], images)
    np.testing.assert_array_equal(dataset.train["image"], 255 - images)
    np.testing.assert_array_equal(dataset.train["label"], labels)


def test_an_outline_is_where_ink_touches_none():
    picture = np.zeros((6, 6, 1), np.uint8)
    picture[1:5, 1:5] = 200
    expected = picture.copy()
    expected[2:4, 2:4] = 0
    np.testing.assert_array_equal(outline(picture), np.where(expected, 255, 0))
    assert (outline(np.full((3, 3, 1), 255, np.uint8)).sum()) == 8 * 255
    assert not outline(np.full((3, 3, 1), 127, np.uint8)).any()


def test_a_low_resolution_has_sixteen_values_and_the_same_mean():
    picture = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    small = low_resolution(picture)
    assert small.shape == (8, 8, 1)
    np.testing.assert_array_equal(small[::2, ::2], small[1::2, 1::2])
    assert abs(small.mean() - picture.mean()) <= 0.5


# ---- Folders -------------------------------------------------------------------------------------


def test_pictures_are_paired_by_name(tmp_path, save, noise):
    for index, name in enumerate(["b", "a", "c"]):
        save(tmp_path / "inputs" / f"{name}.png", noise(6, 5, seed=index))
        save(tmp_path / "targets" / f"{name}.bmp", noise(12, 10, 3, seed=10 + index))
    dataset = load_pairs(tmp_path)
    for row, index in enumerate([1, 0, 2]):
        np.testing.assert_array_equal(dataset.train["image"][row, :, :, 0], noise(6, 5, seed=index))
        expected = noise(12, 10, 3, seed=10 + index)
        np.testing.assert_array_equal(dataset.train["sample"][row], expected)
    assert dataset.spec.fields["image"].shape == (6, 5, 1)
    assert dataset.spec.sample.shape == (12, 10, 3)


def test_endings_do_not_change_who_belongs_to_whom(tmp_path, save, noise):
    """Sorted with their endings, the names of the two folders have different orders."""
    for folder, endings in (("inputs", (".png", ".png")), ("targets", (".webp", ".png"))):
        for index, (name, ending) in enumerate(zip(("a", "a.q"), endings, strict=True)):
            options = {"lossless": True} if ending == ".webp" else {}
            picture = noise(4, 4, 3, seed=index)
            save(tmp_path / folder / f"{name}{ending}", picture, **options)
    dataset = load_pairs(tmp_path)
    np.testing.assert_array_equal(dataset.train["image"], dataset.train["sample"])


def test_subfolders_are_classes_of_the_targets(tmp_path, save, noise):
    for name in ("cats/1", "cats/2", "dogs/1"):
        save(tmp_path / "inputs" / f"{name}.png", noise(4, 4))
        save(tmp_path / "targets" / f"{name}.png", noise(4, 4))
    dataset = load_pairs(tmp_path)
    assert dataset.spec.label_names == ("cats", "dogs")
    assert dataset.train.labels.tolist() == [0, 0, 1]


def test_a_pair_of_which_one_cannot_be_read_is_left_out(tmp_path, save, noise):
    for index in range(10):
        save(tmp_path / "inputs" / f"{index}.png", noise(4, 4, seed=index))
        save(tmp_path / "targets" / f"{index}.png", noise(4, 4, seed=index))
    (tmp_path / "inputs" / "3.png").write_bytes(b"")
    (tmp_path / "targets" / "7.png").write_bytes(b"")
    dataset = load_pairs(tmp_path, max_corrupt_share=0.1)
    assert len(dataset.train) == 8
    np.testing.assert_array_equal(dataset.train["image"], dataset.train["sample"])


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ("inputs/x.png", r"data\.source\.inputs: x of 4 pictures in .*inputs have no partner"),
        ("targets/y.png", r"data\.source\.targets: y of 4 pictures in .*targets have no partner"),
        ("inputs/1.bmp", r"data\.source\.inputs: 1 of 4 pictures .* same name as another"),
    ],
)
def test_pictures_without_a_partner_are_named(tmp_path, save, noise, extra, sentence):
    for index in range(3):
        save(tmp_path / "inputs" / f"{index}.png", noise(4, 4))
        save(tmp_path / "targets" / f"{index}.png", noise(4, 4))
    save(tmp_path / extra, noise(4, 4))
    with pytest.raises(ConfigError, match=sentence):
        load_pairs(tmp_path)


def test_pictures_without_a_partner_are_named_of_both_folders_at_once(tmp_path, save, noise):
    for name in ("inputs/a", "inputs/b", "targets/a", "targets/c"):
        save(tmp_path / f"{name}.png", noise(4, 5, 3))
    sentence = r"source\.inputs: b of 2 .*, and data\.source\.targets: c of 2 .* no partner in"
    with pytest.raises(ConfigError, match=sentence):
        load_pairs(tmp_path)


def test_channels_of_what_is_given_may_have_names(tmp_path, save, noise):
    for name in ("a", "b"):
        save(tmp_path / "inputs" / f"{name}.png", noise(6, 5, 3))
        save(tmp_path / "targets" / f"{name}.png", noise(6, 5))
    folders = {key: f"folder:{tmp_path / key}" for key in ("inputs", "targets")}
    source = {"name": "pairs", **folders, "channels": ["prepared", "opposing", "region"]}
    spec = loading.load(Data(source=source, holdout_share=0.0)).spec
    assert spec.fields["image"].names == ("prepared", "opposing", "region")
    few = {**source, "channels": ["prepared", "opposing"]}
    with pytest.raises(ConfigError, match=r"data.source.channels: received prepared"):
        loading.load(Data(source=few, holdout_share=0.0))
