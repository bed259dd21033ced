import math

import numpy as np
import pytest
import tensorflow as tf

from tests.specs import spec_of
from tests.trainer.game.turns import turn_of
from trainer import catalogue
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.adversarial_loss import AdversarialLoss
from trainer.game.objectives import classes
from trainer.game.parts import Parts
from trainer.game.terms.feature_matching import FeatureMatching
from trainer.game.terms.supervised import Supervised

FIELDS = {
    "sample": Field((3,)),
    "labelled_sample": Field((3,)),
    "labelled_label": Field((), "int64", "label", names=("a", "b", "c")),
}


def _term(**options):
    spec = DataSpec(FIELDS, "", 10)
    return Supervised(catalogue.Supervised(**options), Parts(None, spec, None, None, None))


def test_it_is_the_cross_entropy_of_the_labelled_rows_and_of_no_other():
    labelled = tf.constant([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    turn = turn_of(
        lambda x: x["sample"][:, 0],
        tf.fill([4, 3], 100.0),
        tf.fill([4, 3], -100.0),
        outputs=lambda x: {"class_logits": x["sample"]},
        batch={"labelled_sample": labelled, "labelled_label": tf.constant([2, 0], tf.int64)},
    )
    expected = np.array([math.log(3.0), math.log(math.e**2 + 2.0) - 2.0])
    np.testing.assert_allclose(_term().discriminator(turn), expected, rtol=1e-6)
    np.testing.assert_allclose(_term(weight=0.5).discriminator(turn), 0.5 * expected, rtol=1e-6)
    assert _term().generator(turn) is None


def test_the_term_says_how_many_classes_the_objective_reads():
    """Log Z and the log losses at D = Z / (Z + 1), whichever of the two speaks first."""
    objective = classes(catalogue.Classes())
    loss = AdversarialLoss(objective, {"supervised": _term()})
    assert loss.needs == {"class_logits": Field((3,), names=("a", "b", "c"))}
    logits = tf.constant([[math.log(2.0), math.log(3.0), math.log(4.0)], [-90.0, -90.0, -90.0]])
    read = objective.reads({}, {"class_logits": logits})
    np.testing.assert_allclose(tf.sigmoid(read), [9 / 10, 0.0], atol=1e-6)
    assert float(objective.discriminator(read, read)[0]) == pytest.approx(
        -math.log(0.9) - math.log(0.1), rel=1e-5
    )
    assert not objective.generator(read, read).numpy().any()
    own = classes(catalogue.Classes(generator_weight=2.0))
    assert float(own.generator(read, read)[0]) == pytest.approx(-2 * math.log(0.9), rel=1e-5)


def test_data_without_the_table_are_refused():
    with pytest.raises(ConfigError, match=r"'supervised'.*labelled_label and no labelled_sample"):
        Supervised(catalogue.Supervised(), Parts(None, spec_of((3,)), None, None, None))


def test_feature_matching_is_the_squared_distance_of_the_mean_features():
    """Means (2, 0) and (0, 1): 4 + 1; a permutation of the fakes changes nothing."""
    real = tf.constant([[1.0, 3.0], [3.0, -3.0]])
    fake = tf.constant([[0.0, 5.0], [0.0, -3.0]])
    term = FeatureMatching(catalogue.FeatureMatching(weight=2.0), None)
    assert term.sees_real and term.needs["features"].kind == "features"
    for order in ([0, 1], [1, 0]):
        turn = turn_of(
            lambda x: x["sample"][:, 0],
            real,
            tf.gather(fake, order),
            outputs=lambda x: {"features": x["sample"]},
        )
        np.testing.assert_allclose(term.generator(turn), [10.0, 10.0], rtol=1e-6)
        assert term.discriminator(turn) is None
