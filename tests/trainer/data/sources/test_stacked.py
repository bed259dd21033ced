import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.errors import ConfigError


def load(of="digits", count=500, **fields):
    return loading.load(Data(source={"name": "stacked", "of": of, "count": count}, **fields))


def test_every_channel_is_a_picture_of_the_class_that_the_label_says():
    dataset, digits = load(), loading.load(Data(source="digits"))
    pairs = zip(digits.train["sample"][..., 0], digits.train.labels, strict=True)
    known = {(picture.tobytes(), int(label)) for picture, label in pairs}
    assert dataset.train["sample"].shape == (500, 8, 8, 3)
    for stack, label in zip(dataset.train["sample"], dataset.train.labels, strict=True):
        channels = [np.ascontiguousarray(stack[..., c]).tobytes() for c in range(3)]
        classes = [label // 100, label // 10 % 10, label % 10]
        assert set(zip(channels, map(int, classes), strict=True)) <= known


def test_the_specification_has_a_thousand_classes():
    spec = load().spec
    assert spec.sample.shape == (8, 8, 3)
    assert spec.count == 500
    assert spec.num_classes == 1000
    assert spec.label_names[123] == "1 2 3"
    assert sum(spec.marginal) == pytest.approx(1.0)


def test_held_out_stacks_are_of_held_out_pictures():
    dataset, digits = load(), loading.load(Data(source="digits"))
    held_out = {picture.tobytes() for picture in digits.held_out["sample"][..., 0]}
    channels = dataset.held_out["sample"][..., 1]
    assert {np.ascontiguousarray(channel).tobytes() for channel in channels} <= held_out
    assert len(dataset.held_out) == len(digits.held_out)


def test_the_same_stacks_for_ever_and_others_of_another_count():
    first, again = load(), load()
    np.testing.assert_array_equal(first.train["sample"], again.train["sample"])
    assert int(first.train["sample"].sum()) == GOLDEN
    assert first.spec.fingerprint == again.spec.fingerprint != load(count=501).spec.fingerprint


def test_pictures_without_labels_give_stacks_without_labels(tmp_path):
    np.savez(tmp_path / "grey.npz", images=np.zeros((20, 8, 8, 1), np.uint8))
    dataset = load(f"npz:{tmp_path / 'grey.npz'}", 10)
    assert list(dataset.train) == ["sample"]
    assert dataset.spec.num_classes == 0


@pytest.mark.parametrize("of", ["ring", {"name": "digits"}])
def test_what_is_no_grey_picture_is_refused(of):
    fields = {} if of == "ring" else {"channels": 3}
    with pytest.raises(ConfigError, match=r"data\.source\.of: .* give a source of those"):
        load(of, **fields)


GOLDEN = 7_453_119
