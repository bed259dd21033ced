import json
import logging
import random
import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from trainer import catalogue
from trainer.config.recipe import load_experiment
from trainer.data import loading
from trainer.data.examples import Examples
from trainer.errors import ConfigError
from trainer.evaluation.extractors import classifier, classifier_training, make
from trainer.evaluation.extractors.classifier import train_classifier

SHARED_TFDS = Path(__file__).parents[5] / "shared" / "data" / "tfds"


def _make(data, cache, source="digits", path=None):
    return make(catalogue.ClassifierExtractor(path=path), data, source, cache)


def _random_states():
    return random.random(), np.random.rand(), float(keras.random.uniform([]))


def _number_of_a_new_layer():
    """Keras counts layers that are given no name; a checkpoint may hold such names."""
    return int(keras.layers.Conv2D(1, 1).name.removeprefix("conv2d").removeprefix("_") or 0)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def trained(digits, cache):
    """The classifier of the digits, trained as a run in bfloat16 would train it."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        return _make(digits, cache)
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.fixture
def copy(trained, tmp_path):
    """A cache with the trained classifier, and its folder there."""
    folder = tmp_path / Path(trained.origin).name
    shutil.copytree(trained.origin, folder)
    return folder


# ---- What it is ----------------------------------------------------------------------------------


def test_it_reads_held_out_digits(trained):
    # Other small networks read 97 to 99 % of these 179 digits; 95 % is three deviations below.
    assert trained.accuracy >= 0.95
    assert trained.name == f"digitscnn-{trained.hash[:4]}"
    assert (trained.kind, trained.dimension, trained.num_classes) == ("classifier", 64, 10)
    assert trained.knows_labels


def test_features_are_float32_and_alive(trained, digits):
    features, logits = trained.extract(digits.train["sample"])
    assert features.shape == (len(digits.train), 64) and logits.shape == (len(digits.train), 10)
    assert features.dtype == logits.dtype == np.float32
    assert features.std(axis=0).min() > 0.01


@pytest.mark.parametrize("count", [0, 1, 100])
def test_features_do_not_depend_on_the_batch(count, trained, digits):
    whole = trained.extract(digits.train["sample"])
    part = trained.extract(digits.train["sample"][-count or len(digits.train) :])
    np.testing.assert_allclose(part.features, whole.features[len(whole.features) - count :], 1e-5)
    np.testing.assert_allclose(part.logits, whole.logits[len(whole.logits) - count :], 1e-4, 1e-4)


def test_unrounded_samples_are_the_same_samples(trained, digits):
    samples = digits.held_out["sample"]
    expected = trained.extract(samples).features
    np.testing.assert_array_equal(trained.extract(samples.astype(np.float32)).features, expected)


def test_samples_of_another_form_get_a_sentence(trained, digits):
    with pytest.raises(ConfigError, match=r"received uint8 samples of shape \(8, 7, 1\)"):
        trained.extract(digits.train["sample"][:, :, 1:])


@pytest.mark.integration
def test_training_again_gives_the_same_and_disturbs_nothing(trained, digits):
    keras.utils.set_random_seed(1)
    expected = _random_states()
    number = _number_of_a_new_layer()
    keras.utils.set_random_seed(1)
    again = train_classifier(digits.train, digits.spec)
    assert again.hash == trained.hash
    assert _random_states() == expected
    assert _number_of_a_new_layer() == number + 1
    read = again.predict(digits.held_out["sample"])
    assert read.dtype == np.int64
    assert np.mean(read == digits.held_out.labels) == again.accuracy(digits.held_out)
    assert again.accuracy(Examples.of(sample=digits.held_out["sample"])) is None


@pytest.mark.integration
def test_points_have_a_multilayer_perceptron(tmp_path):
    ring = loading.load(load_experiment("mlp-ring").data)
    extractor = _make(ring, tmp_path, source="ring")
    # Eight modes a hundred deviations wide apart leave nothing to guess.
    assert extractor.accuracy > 0.999
    assert extractor.name == f"ringmlp-{extractor.hash[:4]}"


def test_pictures_of_a_domain_bear_its_name(digits, monkeypatch):
    monkeypatch.setattr(classifier_training, "_num_steps", lambda *_: 2)
    fields = {"a": digits.spec.sample, "label": digits.spec.fields["label"]}
    examples = Examples.of(a=digits.train.samples, label=digits.train.labels)
    reader = train_classifier(examples, replace(digits.spec, fields=fields))
    assert 0 < reader.accuracy(examples) < 1


@pytest.mark.parametrize("shape", [(4, 4, 1), (5, 30, 3), (1, 2, 1), (64, 48, 2), (200, 200, 3)])
def test_networks_fit_every_size(shape, dataset):
    from trainer.evaluation.extractors.classifier_network import build

    model = build(dataset(shape, num_classes=3).spec, seed=0)
    outputs = model(np.zeros((2, *shape), np.float32))
    assert outputs["features"].shape == (2, 64) and outputs["logits"].shape == (2, 3)
    assert model.count_params() < 10**6


@pytest.mark.parametrize(
    ("source", "slug"),
    [
        ("digits", "digits"),
        ("tfds:mnist", "mnist"),
        ("tfds:fashion_mnist:3.*.*", "fashionmnist"),
        ("folder:/a/b/Photos", "photos"),
        ("npz:/a/cells.npz", "cells"),
        ("folder:/a/数字", "data"),
    ],
)
def test_names_begin_with_the_data(source, slug):
    assert classifier._slug(source) == slug


@pytest.mark.slow
def test_mnist_is_read_to_99_percent(tmp_path):
    if not (SHARED_TFDS / "mnist").is_dir():
        pytest.skip(f"no prepared MNIST in {SHARED_TFDS}")
    mnist = loading.load(load_experiment("cgan-mnist", [f'data.data_dir="{SHARED_TFDS}"']).data)
    extractor = _make(mnist, tmp_path, source="tfds:mnist")
    assert extractor.accuracy >= 0.99 and extractor.name.startswith("mnistcnn-")


# ---- What is kept --------------------------------------------------------------------------------


@pytest.fixture
def no_training(monkeypatch):
    def train(*_, **__):
        raise AssertionError("trained again")

    monkeypatch.setattr(classifier, "train_classifier", train)


def test_the_second_time_it_is_read(trained, digits, cache, no_training):
    again = _make(digits, cache)
    assert (again.hash, again.name, again.accuracy) == (
        trained.hash,
        trained.name,
        trained.accuracy,
    )
    samples = digits.held_out["sample"]
    np.testing.assert_array_equal(again.extract(samples)[0], trained.extract(samples)[0])


def test_the_folder_says_what_it_is(trained, digits):
    about = json.loads(Path(trained.origin, "about.json").read_text("utf-8"))
    assert about["name"] == trained.name and about["hash"] == trained.hash
    assert about["accuracy"] == trained.accuracy and about["source"] == "digits"
    assert about["data"]["fingerprint"] == digits.spec.fingerprint
    assert about["num_classes"] == 10 and about["seconds"] > 0
    assert set(about["versions"]) == {"saddlepoint", "tensorflow", "keras"}
    assert {path.name for path in Path(trained.origin).parent.iterdir()} == {
        Path(trained.origin).name
    }


def _truncate(folder):
    content = (folder / "weights.npz").read_bytes()
    (folder / "weights.npz").write_bytes(content[: len(content) // 2])


def _alter(folder):
    with np.load(folder / "weights.npz") as arrays:
        weights = [arrays[f"arr_{i}"] for i in range(len(arrays))]
    weights[0][0] += 1.0
    np.savez(folder / "weights.npz", *weights)


DAMAGES = {
    "truncated": _truncate,
    "altered": _alter,
    "without weights": lambda folder: (folder / "weights.npz").unlink(),
    "not JSON": lambda folder: (folder / "about.json").write_text("{"),
    "other JSON": lambda folder: (folder / "about.json").write_text("[]"),
    "unknown fields": lambda folder: (folder / "about.json").write_text('{"data": {"a": 1}}'),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_one_is_replaced_with_a_warning(
    damage, trained, digits, copy, monkeypatch, caplog
):
    kept = classifier._cached(Path(trained.origin)).classifier
    monkeypatch.setattr(classifier, "train_classifier", lambda *_: kept)
    DAMAGES[damage](copy)
    with caplog.at_level(logging.WARNING, "saddlepoint"):
        again = _make(digits, copy.parent)
    assert f"{copy} is damaged" in caplog.text and "trained again" in caplog.text
    assert again.hash == trained.hash
    assert classifier._cached(copy).classifier.hash == trained.hash


def test_a_cache_that_cannot_be_written_costs_a_warning(
    trained, digits, tmp_path, monkeypatch, caplog
):
    kept = classifier._cached(Path(trained.origin)).classifier
    monkeypatch.setattr(classifier, "train_classifier", lambda *_: kept)
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.WARNING, "saddlepoint"):
        extractor = _make(digits, tmp_path / "file")
    assert "cannot be written" in caplog.text
    assert extractor.hash == trained.hash and extractor.origin == ""


# ---- One from elsewhere --------------------------------------------------------------------------


def test_a_folder_from_elsewhere_is_the_same_classifier(trained, digits, copy, no_training):
    extractor = _make(digits, copy.parent / "cache", source="folder:/other", path=str(copy))
    assert (extractor.hash, extractor.name) == (trained.hash, trained.name)
    assert extractor.accuracy == trained.accuracy and extractor.origin == str(copy)


def test_classes_of_other_names_are_not_the_labels(digits, copy, relabelled, no_training):
    other = relabelled(digits, digits.train.labels, tuple("abcdefghij"))
    extractor = _make(other, copy.parent, path=str(copy))
    assert not extractor.knows_labels and extractor.accuracy is None
    without = relabelled(digits, None, ())
    extractor = _make(without, copy.parent, path=str(copy))
    assert not extractor.knows_labels and extractor.num_classes == 10


def test_a_folder_that_does_not_fit_gets_a_sentence(digits, copy, dataset, relabelled):
    for data, sentence in [
        (dataset((8, 9, 1), num_classes=10), r"is for uint8 samples of shape \(8, 8, 1\)"),
        (dataset((8, 8, 1), "float32", (0.0, 1.0), num_classes=10), r"the data has float32"),
        (dataset((8, 8, 1), num_classes=4), "knows 10 classes, and the data has 4"),
    ]:
        with pytest.raises(ConfigError, match=sentence):
            _make(data, copy.parent, path=str(copy))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_folder_that_is_none_gets_a_sentence(damage, digits, copy):
    DAMAGES[damage](copy)
    with pytest.raises(ConfigError, match=r"evaluate.extractor.path: .* holds no classifier \("):
        _make(digits, copy.parent, path=str(copy))


def test_a_path_to_nothing_gets_a_sentence(digits, tmp_path):
    with pytest.raises(ConfigError, match=r"/nowhere holds no classifier \(No such file"):
        _make(digits, tmp_path, path="/nowhere")


# ---- Labels --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "names", "sentence"),
    [
        (None, (), "needs labelled examples"),
        ([0] * 24, ("only",), "at least 2 classes, and the data has only 'only'"),
        ([0, 2] * 12, ("a", "b", "c"), "none of 'b'; give more data"),
        ([0] * 24, tuple("abcdef"), "none of 'b', 'c', 'd' and 2 more"),
    ],
)
def test_labels_that_teach_nothing_get_a_sentence(
    labels, names, sentence, tmp_path, dataset, relabelled
):
    labels = None if labels is None else np.array(labels)
    data = relabelled(dataset((4, 4, 1)), labels, names)
    with pytest.raises(ConfigError, match=sentence):
        _make(data, tmp_path)
    with pytest.raises(ConfigError, match=sentence):
        train_classifier(data.train, data.spec)
