"""Distance in a fixed network's features: by hand, by SavedModel, and of a classifier."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from tests.recipes import untrained_classifier
from tests.trainer.game.turns import turn_of
from trainer import catalogue
from trainer.errors import ConfigError
from trainer.evaluation.extractors import classifier_folder
from trainer.game.parts import Parts
from trainer.game.terms.content import Content


class Halves(tf.Module):
    """Features that are half of each pixel; weights that never train."""

    def __init__(self, dtype=tf.float32):
        super().__init__()
        self.half = tf.Variable(0.5, trainable=False)
        spec = tf.TensorSpec([None, 8, 8, 1], dtype, name="x")
        self.serve = tf.function(
            lambda x: {"features": self.half * tf.cast(x, tf.float32)}
        ).get_concrete_function(spec)


def _saved(folder, **options):
    module = Halves(**options)
    tf.saved_model.save(module, str(folder), signatures=module.serve)
    return {"name": "saved_model", "path": str(folder)}


def _parts(digits, *overrides):
    return Parts(tiny("cgan-digits", *overrides), digits.spec, None, None, None)


def _turn(fake, own):
    return turn_of(lambda sample: tf.zeros([2]), None, fake, batch={"sample": own})


@pytest.mark.parametrize(
    ("scale", "norm", "expected"),
    [
        # Half of the difference of 1.5 on [-1, 1], of .75 on [0, 1], of 191.25 grey levels.
        ("symmetric", "squared", 0.5625),
        ("unit", "absolute", 0.375),
        ("stored", "absolute", 95.625),
    ],
)
def test_it_is_the_weighted_difference_of_features(tmp_path, digits, scale, norm, expected):
    extractor = _saved(tmp_path / "halves") | {"scale": scale}
    options = catalogue.Content(extractor=extractor, weight=3.0, norm=norm)
    term = Content(options, _parts(digits))
    fake, own = tf.fill([2, 8, 8, 1], 0.5), tf.fill([2, 8, 8, 1], -1.0)
    with tf.GradientTape() as tape:
        tape.watch(fake)
        loss = term.generator(_turn(fake, own))
    np.testing.assert_allclose(loss, [3 * expected] * 2, rtol=1e-6)
    assert np.abs(tape.gradient(loss, fake)).min() > 0.0
    assert term.discriminator(_turn(fake, own)) is None


def test_models_of_whole_numbers_and_other_layers_are_refused(tmp_path, digits):
    extractor = _saved(tmp_path / "whole", dtype=tf.uint8)
    with pytest.raises(ConfigError, match=r"takes uint8 .* as floating point"):
        Content(catalogue.Content(extractor=extractor), _parts(digits))
    folder = str(untrained_classifier(digits.spec, tmp_path / "classifier"))
    options = catalogue.Content(extractor={"name": "classifier", "path": folder}, layer="nose")
    with pytest.raises(ConfigError, match=r"terms.content.layer: received 'nose', .*convolution_1"):
        Content(options, _parts(digits))


def test_a_classifier_looks_with_its_last_convolution(tmp_path, digits):
    folder = untrained_classifier(digits.spec, tmp_path / "classifier")
    options = catalogue.Content(extractor={"name": "classifier", "path": str(folder)})
    term = Content(options, _parts(digits))
    random = np.random.RandomState(0)
    fake, own = (tf.constant(random.uniform(-1, 1, (2, 8, 8, 1)), tf.float32) for _ in range(2))
    network = classifier_folder.read(folder).classifier.model
    last = [layer for layer in network.layers if layer.name.startswith("convolution")][-1]
    a, b = (_through(network, last, x) for x in (fake, own))
    expected = np.square(a - b).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(term.generator(_turn(fake, own)), expected, rtol=1e-5)


def test_without_the_classifier_of_the_data_the_game_can_be_asked_and_not_played(tmp_path, digits):
    options = catalogue.Content()
    term = Content(options, _parts(digits, f"evaluate.cache_dir={tmp_path}"))
    fake = tf.zeros([2, 8, 8, 1])
    with pytest.raises(ConfigError, match="is not kept any more"):
        term.generator(_turn(fake, fake))


def _through(network, last, x):
    for layer in network.layers[1:]:
        x = layer(x)
        if layer is last:
            return x.numpy()
    raise AssertionError(last)
