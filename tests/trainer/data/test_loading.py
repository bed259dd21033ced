import logging
import subprocess
import sys

import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading, store
from trainer.errors import ConfigError


def test_a_share_is_held_out_and_no_example_is_lost():
    all_of_it = loading.load(Data(source="digits", holdout_share=0.0))
    dataset = loading.load(Data(source="digits", holdout_share=0.1))
    assert (len(dataset.train), len(dataset.held_out)) == (1618, 179)
    both = np.concatenate([dataset.train["sample"], dataset.held_out["sample"]]).reshape(1797, -1)
    expected = all_of_it.train["sample"].reshape(1797, -1)
    np.testing.assert_array_equal(both[np.lexsort(both.T)], expected[np.lexsort(expected.T)])
    assert len(all_of_it.held_out) == 0
    assert all_of_it.held_out["sample"].shape == (0, 8, 8, 1)


def test_spec_counts_the_training_examples():
    dataset = loading.load(Data(source="digits"))
    assert dataset.spec.count == len(dataset.train)
    assert dataset.spec.num_classes == 10
    counts = np.bincount(dataset.train.labels)
    np.testing.assert_allclose(dataset.spec.marginal, counts / counts.sum())
    assert dataset.spec.fingerprint == loading.load(Data(source="digits")).spec.fingerprint


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"source": "ring", "size": (8, 8)}, r"data\.size: received \(8, 8\).*no pictures; leave"),
        ({"source": "ring", "channels": 3}, r"data\.channels: received 3 .*no pictures; leave"),
        ({"source": "grid", "flip": True}, r"data\.flip: received True .*no pictures; leave"),
        ({"value_range": (0.0, 1.0)}, r"data\.value_range: received .*1\.0\) with uint8.*null"),
        (
            {"source": "ring", "value_range": (1.0, -1.0)},
            r"data\.value_range: received \[1, -1\]; give .*the lower one first",
        ),
    ],
)
def test_what_does_not_fit_gets_a_sentence(fields, sentence):
    with pytest.raises(ConfigError, match=sentence):
        loading.load(Data(**fields))


def test_a_given_range_replaces_the_sources_own():
    dataset = loading.load(Data(source="ring", value_range=(-2.0, 2.0)))
    assert dataset.spec.sample.range == (-2.0, 2.0)


@pytest.mark.integration
def test_reading_without_tensorflow():
    program = (
        "import sys; from trainer.config.experiment import Data; from trainer.data import loading;"
        "import trainer.data.sources.folder, trainer.data.sources.npz, trainer.data.sources.tfds;"
        "loading.load(Data(source='ring')); loading.load(Data(source='digits'));"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_log_says_what_every_table_holds(caplog):
    source = {"name": "partly_labelled", "of": "digits", "labelled": 50}
    with caplog.at_level(logging.INFO, "saddlepoint"):
        loading.load(Data(source=source))
    assert (
        "1618 examples of sample 8x8x1 and 50 examples of labelled_sample 8x8x1, labelled_label "
        "(10 classes); 179 more held out."
    ) in caplog.text


def test_the_log_of_one_table_fits_a_terminal(caplog):
    with caplog.at_level(logging.INFO, "saddlepoint"):
        loading.load(Data(source="digits"))
    (line,) = caplog.messages
    assert line == "digits: 1618 examples of sample 8x8x1, label (10 classes); 179 more held out."
    assert len(line) < 80


def test_every_class_is_trained_on(tmp_path, save, noise):
    for name, count in (("common", 30), ("rare", 1)):
        for index in range(count):
            save(tmp_path / name / f"{index}.png", noise(4, 4, seed=index))
    for share in (0.1, 0.5, 0.8):
        dataset = loading.load(Data(source=f"folder:{tmp_path}", holdout_share=share))
        assert 1 in dataset.train.labels


def test_a_class_that_is_held_out_as_a_whole_is_named(tmp_path, noise, caplog, monkeypatch):
    """As it may be where labels are known only while examples are read."""
    np.savez(tmp_path / "a.npz", images=noise(30, 4, 4), labels=["b"] * 29 + ["lynx"])
    monkeypatch.setattr(store, "_mask", lambda *_: np.arange(30) >= 27)
    loading.load(Data(source=f"npz:{tmp_path / 'a.npz'}"))
    assert "no example of the classes lynx is left to train on" in caplog.text
