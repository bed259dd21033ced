import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.errors import ConfigError


def load(labelled, unlabelled, **fields):
    source = {"name": "few_labels", "labelled": str(labelled), "unlabelled": str(unlabelled)}
    return loading.load(Data(source=source, **fields))


@pytest.fixture
def folders(tmp_path, save, noise):
    """Six labelled pictures of two classes and thirty others, as sources."""
    for index in range(6):
        name = "cat" if index % 3 else "dog"
        save(tmp_path / "labelled" / name / f"{index}.png", noise(4, 5, 3, seed=index))
    for index in range(30):
        save(tmp_path / "others" / f"{index % 4}" / f"{index}.png", noise(4, 5, 3, seed=9 + index))
    return f"folder:{tmp_path / 'labelled'}", f"folder:{tmp_path / 'others'}"


def test_labelled_pictures_lie_beside_the_others(folders):
    dataset = load(*folders, holdout_share=0.2)
    for part, counts in ((dataset.train, (24, 5)), (dataset.held_out, (6, 1))):
        assert [list(table) for table in part.tables] == [
            ["sample"],
            ["labelled_sample", "labelled_label"],
        ]
        assert (len(part["sample"]), len(part["labelled_sample"])) == counts
    assert dataset.holds_out_alike
    fields = dataset.spec.fields
    assert list(fields) == ["sample", "labelled_sample", "labelled_label"]
    assert fields["labelled_label"].names == ("cat", "dog")
    assert dataset.spec.num_classes == 0
    assert dataset.spec.count == 24


def test_labels_are_those_of_the_folders(folders):
    dataset = load(*folders, holdout_share=0.0)
    few = loading.load(Data(source=folders[0], holdout_share=0.0))
    np.testing.assert_array_equal(dataset.train["labelled_sample"], few.train["sample"])
    np.testing.assert_array_equal(dataset.train["labelled_label"], few.train.labels)


def test_both_are_brought_to_one_size(folders):
    dataset = load(*folders, size=(8, 8), channels=1)
    assert dataset.spec.fields["labelled_sample"] == dataset.spec.sample
    assert dataset.spec.sample.shape == (8, 8, 1)


def test_floats_of_both_have_one_range(tmp_path):
    low, high = np.float32([[0.0], [1.0]] * 4), np.float32([[-3.0], [0.5]] * 4)
    np.savez(tmp_path / "few.npz", samples=low, labels=np.arange(8) % 2)
    np.savez(tmp_path / "many.npz", samples=high)
    dataset = load(f"npz:{tmp_path / 'few.npz'}", f"npz:{tmp_path / 'many.npz'}")
    assert dataset.spec.sample.range == (-3.0, 1.0)
    assert dataset.spec.fields["labelled_sample"] == dataset.spec.sample


def test_labels_that_are_not_there_get_a_sentence(folders, tmp_path, noise):
    np.savez(tmp_path / "a.npz", images=noise(8, 4, 5, 3))
    with pytest.raises(ConfigError, match=r"data\.source\.labelled: npz:.*has no labels; give"):
        load(f"npz:{tmp_path / 'a.npz'}", folders[1])


def test_pictures_of_two_sizes_get_a_sentence(folders):
    with pytest.raises(
        ConfigError, match=r"of shape 8x8x1 \(uint8\), those with labels of 4x5x3 .*data\.size"
    ):
        load(folders[0], "digits")
