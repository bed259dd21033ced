import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.errors import ConfigError


def load(of="digits", labelled=100, choice=0, **fields):
    source = {"name": "partly_labelled", "of": of, "labelled": labelled, "choice": choice}
    return loading.load(Data(source=source, **fields))


def test_as_many_of_each_class_are_labelled():
    dataset, digits = load(), loading.load(Data(source="digits"))
    assert [list(table) for table in dataset.train.tables] == [
        ["sample"],
        ["labelled_sample", "labelled_label"],
    ]
    np.testing.assert_array_equal(dataset.train["sample"], digits.train["sample"])
    assert np.bincount(dataset.train["labelled_label"]).tolist() == [10] * 10
    known = {
        (sample.tobytes(), int(label))
        for sample, label in zip(digits.train["sample"], digits.train.labels, strict=True)
    }
    few = zip(dataset.train["labelled_sample"], dataset.train["labelled_label"], strict=True)
    assert {(sample.tobytes(), int(label)) for sample, label in few} <= known


def test_held_out_examples_keep_their_labels():
    dataset, digits = load(), loading.load(Data(source="digits"))
    assert dataset.train.labels is None
    np.testing.assert_array_equal(dataset.held_out.labels, digits.held_out.labels)


def test_the_specification_knows_both_tables():
    spec = load().spec
    assert list(spec.fields) == ["sample", "labelled_sample", "labelled_label"]
    assert spec.fields["labelled_label"].names == tuple("0123456789")
    assert spec.fields["labelled_label"].marginal == (0.1,) * 10
    assert spec.num_classes == 0
    assert spec.count == 1618


def test_both_samples_have_one_range():
    """The few points alone would measure a narrower one."""
    spec = load("ring", 80, value_range=None).spec
    assert spec.fields["labelled_sample"] == spec.sample


def test_a_choice_is_the_same_for_ever_and_others_differ():
    first, again, other = load(), load(), load(choice=1)
    assert first.spec.fingerprint == again.spec.fingerprint != other.spec.fingerprint
    assert first.train["labelled_sample"].sum() == GOLDEN
    assert load(labelled=200).spec.fingerprint != first.spec.fingerprint


def test_files_are_read_alike(tmp_path):
    disk = load(cache_gib=0.0, cache_dir=str(tmp_path))
    assert isinstance(disk.train["sample"], np.memmap)
    assert disk.spec == load().spec
    np.testing.assert_array_equal(disk.train["labelled_sample"], load().train["labelled_sample"])


@pytest.mark.parametrize(
    ("labelled", "sentence"),
    [
        (105, r"data\.source\.labelled: received 105, which 10 classes cannot .*multiple of 10"),
        (5, r"data\.source\.labelled: received 5, which 10 classes cannot"),
        (
            2000,
            r"data\.source\.labelled: received 2000, 200 of each class, but '2' has 152 .*at most",
        ),
    ],
)
def test_what_cannot_be_chosen_gets_a_sentence(labelled, sentence):
    with pytest.raises(ConfigError, match=sentence):
        load(labelled=labelled)


def test_data_without_labels_gets_a_sentence(tmp_path, noise):
    np.savez(tmp_path / "a.npz", images=noise(20, 4, 4))
    with pytest.raises(ConfigError, match=r"data\.source\.of: npz:.*a\.npz has no labels; give"):
        load(f"npz:{tmp_path / 'a.npz'}")


GOLDEN = 515471
