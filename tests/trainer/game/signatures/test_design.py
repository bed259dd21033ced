"""Designs whose best can be worked out: a generator of free symbols, a linear predictor."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.data import modalities
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game import objectives, priors
from trainer.game.conditions.none import Unconditional
from trainer.game.searches.subject import Subject
from trainer.game.signatures.design import design
from trainer.game.signatures.generation import generation
from trainer.game.signatures.sampling import Sampler
from trainer.game.signatures.signature import Signature

FIELD = Field((3,), "int32", "tokens", names=("A", "C", "G"), about={"separator": ""})
# The best sequence is GCA at 2 + 3 + 1, the worst one CAG.
WORTH = np.array([[0.0, -1.0, 2.0], [-1.0, 3.0, 0.0], [1.0, 0.0, -1.0]], np.float32)
ALL = {"GCA": 6.0, "CAG": -3.0}


class _Softmax:
    """Symbols at the first two places, free; at the third one always A."""

    names = ("latent",)

    def __call__(self, inputs):
        free = tf.nn.softmax(tf.reshape(inputs["latent"], [-1, 2, 3]))
        fixed = tf.tile(tf.constant([[[1.0, 0.0, 0.0]]]), [tf.shape(free)[0], 1, 1])
        return {"sample": tf.concat([free, fixed], axis=1)}


def subject(*, predicts=True):
    prior = priors.gaussian(catalogue.GaussianPrior(size=6))
    sampler = Sampler(_Softmax(), prior, Unconditional(None, None), {"sample": FIELD})
    offered = dict(generation(sampler))
    if predicts:

        def predict(sample):
            worth = tf.reduce_sum(modalities.seen(sample, FIELD) * WORTH, axis=(1, 2))
            return {"attributes": tf.stack([tf.zeros_like(worth), worth], axis=1)}

        names = Field((2,), names=("other", "worth"))
        offered["predict"] = Signature({"sample": FIELD}, {"attributes": names}, predict)
    return Subject(offered, prior, objectives.non_saturating(catalogue.NonSaturating()))


def asked(subject, **options):
    options = {"steps": 60, "restarts": 2, "property": "worth", **options}
    (signature,) = design(catalogue.Design(**options), subject).values()
    answer = signature.function(seed=tf.constant([3, 4], tf.int64))
    return {name: values.numpy() for name, values in answer.items()}


@pytest.mark.parametrize(
    ("options", "text", "worth"),
    [
        ({}, b"GCA", 6.0),
        ({"highest": False}, b"CAA", -1.0),
        ({"through": "symbols"}, b"GCA", 6.0),
        ({"through": "symbols", "highest": False}, b"CAG", -3.0),
        ({"start": "nearest", "pool": 16}, b"GCA", 6.0),
    ],
)
def test_the_best_sequence_that_there_is_is_found(options, text, worth):
    answer = asked(subject(), **options)
    assert answer["text"].tolist() == [text, text]
    np.testing.assert_allclose(answer["predicted"], [worth, worth])
    assert (np.abs(answer["loss"]) <= abs(worth) + 1e-5).all()


def test_no_step_answers_what_generate_makes():
    made = subject()
    answer = asked(made, steps=0, restarts=1)
    seeds = tf.constant([3, 4], tf.int64)
    expected = made.offered["generate"].function(seed=seeds)["text"].numpy()
    assert answer["text"].tolist() == expected.tolist()


def test_a_predictor_comes_from_a_file(tmp_path):
    x = keras.Input((3, 3))
    dense = keras.layers.Dense(1, use_bias=False)
    model = keras.Model(x, dense(keras.layers.Flatten()(x)))
    dense.set_weights([WORTH.reshape(9, 1)])
    model.save(tmp_path / "predictor.keras")
    answer = asked(
        subject(predicts=False), property=None, predictor=str(tmp_path / "predictor.keras")
    )
    assert answer["text"].tolist() == [b"GCA", b"GCA"]
    np.testing.assert_allclose(answer["predicted"], [6.0, 6.0])
    keras.Sequential([keras.Input((4, 3)), keras.layers.Flatten()]).save(tmp_path / "other.keras")
    with pytest.raises(ConfigError, match=r"takes \(None, 4, 3\), and samples are seen as \(None"):
        asked(subject(), predictor=str(tmp_path / "other.keras"))


@pytest.mark.parametrize(
    ("predicts", "options", "sentence"),
    [
        (True, {"property": "size"}, "property 'size', but the properties .* other, worth"),
        (False, {}, "predictor 'game', which has none; set wrappers"),
        (True, {"predictor": "none.keras"}, "none.keras cannot be read as a model"),
    ],
)
def test_what_cannot_be_asked_gets_a_sentence(predicts, options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        asked(subject(predicts=predicts), **options)
