"""Objective and terms against a judge that says what the test tells it to."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.game.turns import noise_of
from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.adversarial_loss import AdversarialLoss, Term
from trainer.game.objectives import classes, non_saturating, wasserstein


def _softplus(x):
    return math.log1p(math.exp(x))


class Echo:
    """A judge whose logits are the samples themselves; it notes how it was called."""

    def __init__(self):
        self.frozen = []

    def __call__(self, inputs, *, freeze_statistics=False):
        self.frozen.append(freeze_statistics)
        return {"logits": inputs["sample"]}


REAL, FAKE = {"sample": tf.constant([2.0, -1.0])}, {"sample": tf.constant([-0.5, 3.0])}


def test_swapped_it_is_the_discriminators_loss_with_real_and_fake_exchanged():
    """-log D(G(z), z) - log(1 - D(x, E(x))), and no statistics move."""
    judge = Echo()
    loss = AdversarialLoss(non_saturating(catalogue.NonSaturating()), {})
    outcome = loss.swapped({"discriminator": judge}, REAL, FAKE, {})
    expected = [_softplus(0.5) + _softplus(2.0), _softplus(-3.0) + _softplus(-1.0)]
    np.testing.assert_allclose(outcome.losses["generator_loss"], expected, rtol=1e-6)
    assert judge.frozen == [True, True]


def test_statistics_move_in_the_judges_own_turn_only():
    judge, loss = Echo(), AdversarialLoss(wasserstein(catalogue.Wasserstein()), {})
    players, noise = {"discriminator": judge}, noise_of(2)
    loss.discriminator(players, REAL, FAKE, {}, {}, noise)
    loss.generator(players, FAKE, {}, {}, noise, real=REAL)
    assert judge.frozen == [False, False, True]


class _Needy(Term):
    def __init__(self, *shape):
        self.needs = {"class_logits": Field(shape)}


def test_two_terms_may_need_the_same_output_but_no_other_of_its_name():
    objective = wasserstein(catalogue.Wasserstein())
    loss = AdversarialLoss(objective, {"a": _Needy(3), "b": _Needy(3)})
    assert loss.needs == {"logits": Field(), "class_logits": Field((3,))}
    with pytest.raises(ConfigError, match=r"'b' needs the output 'class_logits' of shape \(4,\)"):
        AdversarialLoss(objective, {"a": _Needy(3), "b": _Needy(4)})


def test_a_head_whose_logits_are_judged_is_no_head():
    """Where class logits say what is real they are read of all that the judge is told."""
    named = Term()
    named.needs = {"class_logits": Field((3,), kind="head", names=("a", "b", "c"))}
    judged = AdversarialLoss(classes(catalogue.Classes()), {"one": named, "other": named})
    assert judged.needs == {"class_logits": Field((3,), names=("a", "b", "c"))}
    beside = AdversarialLoss(wasserstein(catalogue.Wasserstein()), {"one": named})
    assert beside.needs["class_logits"].kind == "head"
