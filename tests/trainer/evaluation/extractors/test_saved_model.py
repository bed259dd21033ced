import shutil

import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.evaluation.extractors import make

RANDOM = np.random.RandomState(0)
KERNEL = RANDOM.randn(16, 5).astype(np.float32)


class Model(tf.Module):
    """Products of the samples with a matrix, in several signatures."""

    def __init__(self):
        super().__init__()
        self.kernel = tf.Variable(KERNEL)

    def outputs(self, x):
        features = tf.reshape(tf.cast(x, tf.float32), [-1, 16]) @ self.kernel
        return {"features": tf.reshape(features, [-1, 1, 5]), "logits": features[:, :3]}


def _save(folder):
    model = Model()

    def signature(dtype, *shape, function=model.outputs):
        return tf.function(lambda x: function(x)).get_concrete_function(
            tf.TensorSpec(shape, dtype, name="x")
        )

    two = {name: tf.TensorSpec([None, 16], name=name) for name in "ab"}
    signatures = {
        "serving_default": signature(tf.float32, None, 4, 4, 1),
        "bytes": signature(tf.uint8, None, 4, 4, 1),
        "four": signature(tf.float32, 4, 4, 4, 1),
        "any": signature(tf.float32, None, None, None, 1),
        "mean": signature(tf.float32, None, 4, 4, 1, function=lambda x: {"m": tf.reduce_mean(x)}),
        "text": signature(
            tf.float32, None, 4, 4, 1, function=lambda x: {"t": tf.as_string(x[:, 0, 0])}
        ),
        "two": tf.function(lambda a, b: {"sum": a + b}).get_concrete_function(**two),
    }
    tf.saved_model.save(model, str(folder), signatures=signatures)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "model"
    _save(folder)
    return str(folder)


def _make(saved, data, tmp_path, **options):
    chosen = catalogue.SavedModelExtractor(path=saved, **{"output": "features", **options})
    return make(chosen, data, "digits", tmp_path)


def test_features_are_the_models_output_flattened(saved, tmp_path, dataset):
    data = dataset((4, 4, 1), count=70)
    extractor = _make(saved, data, tmp_path)
    features, logits = extractor.extract(data.train["sample"])
    np.testing.assert_allclose(
        features,
        data.train["sample"].reshape(70, 16).astype(np.float32) @ KERNEL,
        rtol=1e-4,
        atol=1e-3,
    )
    assert (extractor.dimension, extractor.num_classes, extractor.kind) == (5, 0, "other")
    assert logits is None and extractor.origin == saved
    assert extractor.name == f"savedmodel-{extractor.hash[:4]}"


def test_with_logits_it_is_a_classifier(saved, tmp_path, dataset):
    data = dataset((4, 4, 1))
    extractor = _make(saved, data, tmp_path, output=None, logits="logits")
    features, logits = extractor.extract(data.train["sample"])
    assert (extractor.kind, extractor.num_classes) == ("classifier", 3)
    np.testing.assert_array_equal(logits, features[:, :3])


@pytest.mark.parametrize(
    ("scale", "expected"), [("stored", [0, 255]), ("unit", [0, 1]), ("symmetric", [-1, 1])]
)
def test_scales(scale, expected, saved, tmp_path, dataset):
    extractor = _make(saved, dataset((4, 4, 1)), tmp_path, scale=scale)
    extremes = np.stack([np.zeros((4, 4, 1), np.uint8), np.full((4, 4, 1), 255, np.uint8)])
    expected = np.outer(expected, KERNEL.sum(0))
    np.testing.assert_allclose(extractor.extract(extremes)[0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("signature", ["bytes", "four", "any"])
def test_every_form_of_input_gives_the_same(signature, saved, tmp_path, dataset):
    data = dataset((4, 4, 1), count=7)
    expected = _make(saved, data, tmp_path).extract(data.train["sample"])[0]
    extractor = _make(saved, data, tmp_path, signature=signature)
    np.testing.assert_allclose(extractor.extract(data.train["sample"])[0], expected, rtol=1e-5)
    unrounded = data.train["sample"].astype(np.float32) + (0.4 if signature == "bytes" else 0.0)
    np.testing.assert_allclose(extractor.extract(unrounded)[0], expected, rtol=1e-5)


def test_the_hash_covers_weights_and_use(saved, tmp_path, dataset):
    data = dataset((4, 4, 1))
    copied = shutil.copytree(saved, tmp_path / "copy")
    assert _make(str(copied), data, tmp_path).hash == _make(saved, data, tmp_path).hash
    (copied / "assets").mkdir(exist_ok=True)
    (copied / "assets" / "more").write_text("more")
    hashes = {
        _make(saved, data, tmp_path).hash,
        _make(str(copied), data, tmp_path).hash,
        _make(saved, data, tmp_path, scale="unit").hash,
        _make(saved, data, tmp_path, output="logits").hash,
        _make(saved, data, tmp_path, signature="bytes").hash,
    }
    assert len(hashes) == 5


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"path": "/nowhere"}, "path: /nowhere cannot be loaded"),
        ({"signature": "other"}, "signature: received 'other'; the model has any, bytes, four"),
        ({"output": "other"}, "output: received 'other'; signature .* has features, logits"),
        ({"logits": "other"}, "logits: received 'other'; signature .* has features, logits"),
        ({"output": None}, "several outputs; name one of features, logits"),
        ({"signature": "two", "output": None}, r"takes 2 inputs \(a, b\)"),
        ({"signature": "bytes", "scale": "unit"}, "takes uint8 .* samples are float32"),
        ({"signature": "mean", "output": None}, r"rows of numbers \(it gave float32 \(\)\)"),
        ({"signature": "text", "output": None}, r"rows of numbers \(it gave object"),
    ],
)
def test_what_is_missing_gets_a_sentence(options, sentence, saved, tmp_path, dataset):
    with pytest.raises(ConfigError, match=sentence):
        _make(options.pop("path", saved), dataset((4, 4, 1)), tmp_path, **options)


@pytest.mark.parametrize("shape", [(4, 4, 3), (16,), (5, 4, 1)])
def test_samples_of_another_shape_get_a_sentence(shape, saved, tmp_path, dataset):
    with pytest.raises(ConfigError, match=r"takes float32 of shape \(None, 4, 4, 1\), and the sam"):
        _make(saved, dataset(shape), tmp_path)
