import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.errors import ConfigError


def load(classes=("3", "8"), of="digits", **fields):
    return loading.load(Data(source={"name": "odd", "of": of, "classes": classes}, **fields))


def _of(examples, digits, *, odd):
    return examples["sample"][np.isin(examples.labels, digits) == odd]


def test_odd_classes_are_held_out_examples_alone():
    dataset, digits = load(), loading.load(Data(source="digits"))
    assert list(dataset.train) == list(dataset.spec.fields) == ["sample"]
    np.testing.assert_array_equal(dataset.train["sample"], _of(digits.train, (3, 8), odd=False))
    held_out = dataset.held_out
    np.testing.assert_array_equal(held_out["sample"], _of(digits.held_out, (3, 8), odd=False))
    np.testing.assert_array_equal(held_out["odd_sample"], _of(digits.held_out, (3, 8), odd=True))
    assert dataset.spec.count == len(dataset.train) < digits.spec.count
    assert len(held_out["odd_sample"]) > 10


def test_other_classes_are_other_data():
    prints = {load(classes).spec.fingerprint for classes in (("3",), ("8",), ("3", "8"))}
    assert len(prints) == 3 and load(("8", "3")).spec.fingerprint in prints


@pytest.mark.parametrize(
    ("classes", "fields", "words"),
    [
        (("ten",), {}, "has no class 'ten'; it has 0, 1, 2"),
        (tuple("0123456789"), {}, "leaves no usual example"),
        (("1",), {"holdout_share": 0.0}, "leaves no usual held-out example.*holdout_share"),
    ],
)
def test_what_leaves_nothing_is_refused(classes, fields, words):
    with pytest.raises(ConfigError, match=words):
        load(classes, **fields)


def test_data_without_labels_has_no_odd_classes(tmp_path):
    np.savez(tmp_path / "plain.npz", images=np.zeros((20, 4, 4, 1), np.uint8))
    with pytest.raises(ConfigError, match="it has no labels"):
        load(("0",), of=f"npz:{tmp_path / 'plain.npz'}")
