"""Classes of one domain and features of both, by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.game.turns import turn_of
from trainer import catalogue
from trainer.config.recipe import load_experiment
from trainer.errors import ConfigError
from trainer.game.terms.adaptation import Adaptation

PARTS = SimpleNamespace(spec=SimpleNamespace(label_names=("x", "y")))


def _turn(logits, features):
    """The judge's answers do not depend on what it is shown."""
    answers = {"class_logits": tf.constant(logits), "features": tf.constant(features)}
    pictures = tf.zeros([2, 1, 1, 1])
    return turn_of(
        lambda sample: tf.zeros([2, 2]),
        {"a": pictures, "b": pictures},
        {"a": pictures, "b": pictures},
        outputs=lambda sample: answers,
        batch={"label": tf.constant([0, 1], tf.int64)},
    )


def test_only_classes_of_the_first_domain_and_distances_within_a_pair_count():
    logits = [[[np.log(3.0), 0.0], [-9.0, 9.0]], [[0.0, 0.0], [9.0, -9.0]]]
    features = [[[1.0, 2.0], [1.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]]
    turn = _turn(np.float32(logits), np.float32(features))
    term = Adaptation(catalogue.Adaptation(weight=10.0, alike=0.5), PARTS)
    expected = [10 * np.log(4 / 3) + 0.5 * 4 / 2, 10 * np.log(2.0)]
    np.testing.assert_allclose(term.discriminator(turn), expected, rtol=1e-5)
    assert term.generator(turn) is None and set(term.needs) == {"class_logits", "features"}
    alone = Adaptation(catalogue.Adaptation(weight=1.0, alike=0.0), PARTS)
    np.testing.assert_allclose(alone.discriminator(turn), np.log([4 / 3, 2.0]), rtol=1e-5)
    assert set(alone.needs) == {"class_logits"}


@pytest.mark.parametrize(
    ("recipe", "overrides", "sentence"),
    [
        ("dcgan-digits", ["terms=[adaptation]"], "with the round 'ordinary', in which no two"),
        ("cogan-digits", ["terms=[adaptation]"], r"digit_domains.*set data\.source\.labelled=true"),
        ("cogan-adaptation", ["terms=[feature_matching]"], "leave out all but the term"),
    ],
)
def test_what_it_cannot_go_with(recipe, overrides, sentence):
    with pytest.raises(ConfigError, match=sentence):
        load_experiment(recipe, overrides)
