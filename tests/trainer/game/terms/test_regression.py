from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tests.specs import spec_of
from tests.trainer.game.turns import turn_of
from trainer import catalogue
from trainer.config.recipe import load_experiment
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.parts import Parts
from trainer.game.terms.regression import Regression

POSES = Field((2,), "float32", "attributes", names=("right", "down"))


def _term(**options):
    plain = spec_of((2,))
    spec = replace(plain, fields={**plain.fields, "attributes": POSES})
    return Regression(catalogue.Regression(**options), Parts(None, spec, None, None, None))


def test_each_side_pays_for_the_attributes_of_its_own_examples():
    """What is read are the samples themselves: squares of 1 and 2 off, and of nothing."""
    asked = tf.constant([[0.0, 0.0], [0.5, -1.0]])
    turn = turn_of(
        lambda x: x["sample"][:, 0],
        tf.constant([[1.0, 2.0], [0.5, -1.0]]),
        tf.constant([[0.0, 0.0], [0.5, 1.0]]),
        outputs=lambda x: {"attributes_read": x["sample"]},
        batch={"attributes": asked},
    )
    np.testing.assert_allclose(_term().discriminator(turn), [5.0, 0.0])
    np.testing.assert_allclose(_term().generator(turn), [0.0, 4.0])
    weighted = _term(weight=2.0, generator_weight=0.5)
    np.testing.assert_allclose(weighted.discriminator(turn), [10.0, 0.0])
    np.testing.assert_allclose(weighted.generator(turn), [0.0, 2.0])


def test_the_judge_is_not_told_what_it_is_to_read():
    term = _term()
    assert term.hides == {"attributes"} and term.needs["attributes_read"].shape == (2,)


def test_what_has_no_attributes_is_refused():
    with pytest.raises(ConfigError, match="'regression' of 'poses', but the data's fields are"):
        _term(field="poses")
    with pytest.raises(ConfigError, match="'regression' with condition=label; set condition=attr"):
        load_experiment("cgan-digits", ["terms=[regression]"])
