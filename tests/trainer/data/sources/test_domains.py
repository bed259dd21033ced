import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.errors import ConfigError


def test_two_sources_are_two_tables(tmp_path, save, noise):
    for index in range(9):
        save(tmp_path / "horses" / f"{index}.png", noise(4, 5, 3, seed=index))
    np.savez(tmp_path / "zebras.npz", images=noise(5, 6, 5, 3), labels=np.arange(5))
    source = {
        "name": "domains",
        "a": f"folder:{tmp_path / 'horses'}",
        "b": f"npz:{tmp_path / 'zebras.npz'}",
    }
    dataset = loading.load(Data(source=source, holdout_share=0.2))
    assert [list(table) for table in dataset.train.tables] == [["a"], ["b"]]
    assert (len(dataset.train["a"]), len(dataset.train["b"])) == (8, 4)
    assert (len(dataset.held_out["a"]), len(dataset.held_out["b"])) == (1, 1)
    assert list(dataset.spec.fields) == ["a", "b"]
    assert dataset.spec.fields["a"].shape == (4, 5, 3)
    assert dataset.spec.fields["b"].shape == (6, 5, 3)
    assert dataset.spec.count == 8


def test_digits_and_negatives_are_of_other_digits():
    dataset = loading.load(Data(source="digit_domains", holdout_share=0.0))
    a, b = dataset.train["a"], dataset.train["b"]
    assert (len(a), len(b)) == (898, 899)
    both = np.concatenate([a, 255 - b]).reshape(1797, -1)
    digits = loading.load(Data(source="digits", holdout_share=0.0)).train["sample"]
    digits = digits.reshape(1797, -1)
    np.testing.assert_array_equal(both[np.lexsort(both.T)], digits[np.lexsort(digits.T)])


def test_digits_and_negatives_are_the_same_ones_for_ever():
    dataset = loading.load(Data(source="digit_domains", holdout_share=0.0))
    digits = loading.load(Data(source="digits", holdout_share=0.0)).train["sample"]
    rows = [np.flatnonzero((digits == a).all(axis=(1, 2, 3)))[0] for a in dataset.train["a"][:5]]
    assert rows == GOLDEN


def test_classes_of_a_may_be_told_and_those_of_b_are_for_measuring(tmp_path, noise):
    for name, labels in (("a", [0, 1, 1, 0]), ("b", [1, 0, 1, 1]), ("c", [2, 0, 1, 1])):
        np.savez(tmp_path / f"{name}.npz", images=noise(4, 6, 5, 3), labels=labels)
    np.savez(tmp_path / "none.npz", images=noise(4, 6, 5, 3))

    def loaded(a, b):
        parts = {"a": f"npz:{tmp_path / a}.npz", "b": f"npz:{tmp_path / b}.npz"}
        source = {"name": "domains", "labelled": True, **parts}
        return loading.load(Data(source=source, holdout_share=0.0))

    dataset = loaded("a", "b")
    assert [list(table) for table in dataset.train.tables] == [["a", "label"], ["b", "b_label"]]
    assert dataset.train["label"].tolist() == [0, 1, 1, 0]
    assert dataset.train["b_label"].tolist() == [1, 0, 1, 1]
    assert "b_label" not in loaded("a", "none").spec.fields
    with pytest.raises(ConfigError, match=r"the pictures of npz:.*none\.npz have no classes"):
        loaded("none", "a")
    with pytest.raises(ConfigError, match=r"are 0, 1, those of npz:.*c\.npz 0, 1, 2; give both"):
        loaded("a", "c")


def test_digits_keep_their_classes_where_they_are_told():
    dataset = loading.load(Data(source={"name": "digit_domains", "labelled": True}))
    assert dataset.spec.num_classes == 10 and len(dataset.held_out["b_label"]) == 89
    plain = loading.load(Data(source="digit_domains"))
    assert "label" not in plain.spec.fields


def test_halves_of_other_pictures_are_of_other_ones_and_keep_their_classes(tmp_path, noise):
    images = noise(9, 6, 5, 1)
    np.savez(tmp_path / "own.npz", images=images, labels=np.arange(9) % 2)
    of = f"npz:{tmp_path / 'own.npz'}"
    source = {"name": "digit_domains", "of": of, "labelled": True}
    dataset = loading.load(Data(source=source, holdout_share=0.0))
    a, b = dataset.train["a"], 255 - dataset.train["b"]
    assert (len(a), len(b)) == (4, 5)
    both = np.concatenate([a, b]).reshape(9, -1)
    own = images.reshape(9, -1)
    np.testing.assert_array_equal(both[np.lexsort(both.T)], own[np.lexsort(own.T)])
    where = [int(np.flatnonzero((images == x).all(axis=(1, 2, 3)))[0]) for x in a]
    np.testing.assert_array_equal(dataset.train["label"], np.array(where) % 2)
    np.savez(tmp_path / "none.npz", images=images)
    with pytest.raises(ConfigError, match=r"the pictures of npz:.*none\.npz have no classes"):
        loading.load(Data(source={**source, "of": f"npz:{tmp_path / 'none.npz'}"}))


def test_what_is_made_is_made_at_the_size_that_is_asked_for(tmp_path):
    """An outline that was enlarged would be blurred."""
    source = {"name": "digit_domains", "b": "outline"}
    b = loading.load(Data(source=source, size=16, holdout_share=0.0)).train["b"]
    assert b.shape[1:] == (16, 16, 1) and set(np.unique(b)) == {0, 255}


def test_nothing_is_made_of_pictures_of_other_depths(tmp_path):
    np.savez(tmp_path / "deep.npz", images=np.zeros((5, 4, 4, 1), np.uint16))
    for name in ("digit_domains", "digit_pairs"):
        source = {"name": name, "of": f"npz:{tmp_path / 'deep.npz'}"}
        with pytest.raises(ConfigError, match=r"data\.source\.of: .*uint16; .* set data\.depth=8"):
            loading.load(Data(source=source))


def test_points_are_no_domain(tmp_path):
    np.savez(tmp_path / "points.npz", x=np.zeros((5, 2), np.float32))
    source = {"name": "domains", "a": "digits", "b": f"npz:{tmp_path / 'points.npz'}"}
    with pytest.raises(ConfigError, match=r"data\.source\.b: points\.npz row 0 is of shape \(2,\)"):
        loading.load(Data(source=source))


GOLDEN = [0, 1, 4, 5, 6]
