"""A reward beside the game: what its network learns, and what the generator minimises."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tests.specs import spec_of
from tests.trainer.game.turns import noise_of
from trainer.config.recipe import load_experiment
from trainer.data import modalities
from trainer.data.examples import DataSpec
from trainer.data.molecules.arrays import field_of
from trainer.errors import ConfigError
from trainer.game.assembly import make_round

FIELD = replace(field_of(("C", "F")), shape=(2, 2), dtype="uint8")
# Methyl fluoride, which is valid, and fluorine with a double bond, which is not.
GRAPHS = np.array([[[1, 1], [1, 2]], [[1, 2], [2, 2]]], np.uint8)
LOGITS, EXPECTED = np.array([3.0, -1.0], np.float32), np.array([0.25, 0.75], np.float32)


def _round(*overrides):
    experiment = load_experiment("molgan-molecules", [f"round.{o}" for o in overrides])
    return make_round(experiment, DataSpec({"sample": FIELD}, "", 10))


def _players():
    """A discriminator with LOGITS, and a network that expects EXPECTED."""
    logits = np.log(EXPECTED / (1.0 - EXPECTED))
    return {
        "discriminator": lambda inputs, freeze_statistics: {"logits": tf.constant(LOGITS)},
        "reward": lambda inputs, freeze_statistics: {"reward": tf.constant(logits)},
    }


def test_the_network_learns_what_is_valid_of_real_and_fake():
    sample = {"sample": modalities.seen(tf.constant(GRAPHS), FIELD)}
    turned = {"sample": sample["sample"][::-1]}
    learned = _round()._learned(_players(), sample, turned)
    np.testing.assert_array_equal(learned.watched["real_reward"], [1.0, 0.0])
    np.testing.assert_array_equal(learned.watched["fake_reward"], [0.0, 1.0])
    expected = (EXPECTED - [1.0, 0.0]) ** 2 + (EXPECTED - [0.0, 1.0]) ** 2
    np.testing.assert_allclose(learned.losses["reward_loss"], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("step", "balanced", "share", "scale"),
    [(9, "false", 1.0, 1.0), (10, "false", 0.25, 1.0), (10, "true", 0.25, 2.0)],
)
def test_the_generator_minimises_a_mixture_from_a_step_on(step, balanced, share, scale):
    """Means are 1 for the logits and .5 for the reward, so balancing doubles the latter."""
    round_ = _round("begin=10", "adversarial_share=0.25", f"balanced={balanced}")
    fake = {"sample": modalities.seen(tf.constant(GRAPHS), FIELD)}
    answered = round_.answered(_players(), fake, {}, fake, noise_of(2, step))
    np.testing.assert_allclose(answered.losses["generator_loss"], -share * LOGITS, rtol=1e-6)
    np.testing.assert_allclose(
        answered.losses["generator_reward"], -(1.0 - share) * scale * EXPECTED, rtol=1e-5
    )


def test_what_is_not_tensorflow_s_own_is_not_compiled():
    assert _round().compiles
    assert not _round("reward=tests.trainer.game.test_rewards:own").compiles


def test_other_samples_are_refused():
    experiment = load_experiment("molgan-molecules")
    with pytest.raises(ConfigError, match="round: received 'rewarded' with samples of kind 'vec"):
        make_round(experiment, spec_of((2,), "float32", (-1.0, 1.0)))


def test_without_rdkit_its_reward_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setattr("trainer.catalogue.rounds.ordinary.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"round\.reward: .*pip install 'saddlepoint\[chem\]'"):
        _round("reward=drug_likeness")
