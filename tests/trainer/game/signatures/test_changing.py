"""`translate` by search, on pictures 4x4 that are linear in four numbers and in an age."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.game.searches import linear
from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game import objectives, priors
from trainer.game.searches.subject import Subject
from trainer.game.signatures.changing import changing
from trainer.game.signatures.signature import Signature

SAMPLE = Field((4, 4, 1), "float32", "image", range=(-1.0, 1.0))
AGE = Field((1,), "float32", "attributes", names=("age",))
LATENT = Field((4,), "float32", "latent")
SEEDS = tf.constant([5, 6, 7], tf.int64)
WHO = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
YOUNG, OLD = np.array([[0.0], [1.0], [2.0]], np.float32), np.full((3, 1), 5.0, np.float32)
# What age adds, to no picture that a latent can make.
_AGEING = np.ones(16, np.float32) - np.ones(16, np.float32) @ linear.BASIS.T @ linear.BASIS


def _pictures(latent, attributes):
    flat = tf.reshape(latent @ linear.BASIS + attributes * _AGEING, [-1, 4, 4, 1])
    return {"sample": flat}


def _encoded(sample, attributes):
    """Off by a tenth of each age, so that there is something to search."""
    return {"latent": tf.reshape(sample, [-1, 16]) @ linear.BASIS.T + 0.1 * attributes}


def _subject():
    conditioning = {"attributes": AGE}
    decode = Signature({"latent": LATENT, **conditioning}, {"sample": SAMPLE}, _pictures)
    prior = priors.gaussian(catalogue.GaussianPrior(size=4))
    offered = {
        "decode": decode,
        "decode_unrounded": decode,
        "latents": Signature({}, {}, lambda seed: {"latent": tf.zeros([tf.shape(seed)[0], 4])}),
        "encode": Signature({"sample": SAMPLE, **conditioning}, {"latent": LATENT}, _encoded),
    }
    return Subject(offered, prior, objectives.non_saturating(catalogue.NonSaturating()))


def _translated(options):
    (signature,) = changing(options, _subject()).values()
    assert list(signature.inputs) == ["sample", "seed", "attributes", "own_attributes"]
    given = {"sample": _pictures(WHO, YOUNG)["sample"], "seed": SEEDS}
    made = signature.function(
        **given, attributes=tf.constant(OLD), own_attributes=tf.constant(YOUNG)
    )
    assert list(made) == ["sample"]
    return made["sample"].numpy()


def test_no_steps_give_what_the_encoder_says_at_the_age_that_is_asked_for():
    expected = _pictures(WHO + 0.1 * YOUNG, OLD)["sample"]
    found = _translated(catalogue.Translate(steps=0))
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.integration
@pytest.mark.parametrize("weights", [{"pixels": 1.0}, {"pixels": 0.0, "identity": 1.0}])
def test_a_search_finds_who_it_is_and_changes_the_age_alone(weights):
    options = catalogue.Translate(
        steps=150, optimizer=catalogue.Adam(learning_rate=0.1, beta_1=0.9), **weights
    )
    expected = _pictures(WHO, OLD)["sample"]
    np.testing.assert_allclose(_translated(options), expected, atol=1e-2)


def test_a_game_that_is_told_nothing_changes_nothing():
    with pytest.raises(ConfigError, match="has no condition"):
        changing(catalogue.Translate(), linear.subject(encoder=True))
