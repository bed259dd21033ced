"""The autoencoder alone, the margin that it leads to, and the game."""

import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from tests.trainer.game.wrappers.games import built, weights
from trainer.data import loading
from trainer.evaluation import adversaries
from trainer.game.assembly import assemble
from trainer.run.checkpoints import Checkpoints
from trainer.training import train

GAME = (
    "ebgan-digits",
    "network.discriminator_units=[6]",
    "round.pretrain=20",
    "round.margin=1.5",
    "devices.steps_per_execution=1",
)


def _played(made, batches, steps):
    step = int(made.gan.step.numpy())
    return [made.gan.train_step(next(batches), made.gan.stage_at(step + i)) for i in range(steps)]


def test_the_autoencoder_learns_alone_and_sets_the_margin_by_its_last_steps():
    """A tenth of 20 steps are two."""
    made, batches = built(*GAME)
    generator, judge = weights(made.gan, "generator"), weights(made.gan, "discriminator")
    rows = _played(made, batches, 20)
    assert set(rows[0]) == {"discriminator_loss", "real_logits"}
    for before, after in zip(generator, weights(made.gan, "generator"), strict=True):
        np.testing.assert_array_equal(before, after)
    assert not np.array_equal(judge[0], weights(made.gan, "discriminator")[0])
    energies = [float(row["discriminator_loss"]) for row in rows]
    assert energies[-1] < energies[0] == -float(rows[0]["real_logits"])
    expected = 1.5 * np.mean(energies[-2:])
    assert float(made.gan.round.margin()) == pytest.approx(expected, rel=1e-6)
    later = _played(made, batches, 2)
    # In the game it stays as it is.
    assert [float(row["margin"]) for row in later] == pytest.approx([expected] * 2, rel=1e-6)
    assert not np.array_equal(generator[0], weights(made.gan, "generator")[0])


def test_fakes_are_raised_up_to_the_margin_and_no_further():
    made, batches = built(*GAME, "terms=[]")
    made.gan.round.state["real_energy"].assign(1e-9)
    outcomes = {}

    class Updates:
        def minimise(self, side, turn):
            outcomes[side] = turn()
            return outcomes[side]

    made.gan.play(next(batches), tf.constant(20, tf.int64), Updates(), stage=1)
    judged, made_ = outcomes["discriminator"], outcomes["generator"]
    real, fake = -judged.watched["real_logits"], -judged.watched["fake_logits"]
    assert real.numpy().min() > 0.0 and fake.numpy().min() > 1.5e-9
    np.testing.assert_allclose(judged.losses["discriminator_loss"], real, rtol=1e-6)
    made.gan.round.state["real_energy"].assign(1000.0)
    made.gan.play(next(batches), tf.constant(20, tf.int64), Updates(), stage=1)
    judged = outcomes["discriminator"]
    real, fake = -judged.watched["real_logits"], -judged.watched["fake_logits"]
    expected = real + 1500.0 - fake
    np.testing.assert_allclose(judged.losses["discriminator_loss"], expected, rtol=1e-6)
    assert made_.losses["generator_loss"].numpy().min() > 0.0


def test_score_is_minus_the_error_of_what_the_autoencoder_makes():
    made, _ = built(*GAME)
    made.live.refresh()
    images = np.random.default_rng(0).integers(0, 17, (3, 8, 8, 1)).astype(np.uint8)
    scores = made.live.run("score", {"image": images})["realism"]
    model = made.gan.networks["discriminator"]
    low, high = made.gan.spec.sample.limits
    x = (2.0 * (images - low) / (high - low) - 1.0).astype(np.float32)
    decoding = keras.Model(model.input, model.get_layer("energy").input[1])
    decoded = decoding({"sample": x}).numpy()
    np.testing.assert_allclose(scores, -np.sum((decoded - x) ** 2, axis=(1, 2, 3)), rtol=1e-5)


def test_a_run_that_is_resumed_keeps_its_margin_and_says_it(tmp_path, caplog):
    overrides = ("round.pretrain=2", "train.steps=4", "run.checkpoint_every=1")
    experiment = tiny("ebgan-digits", "devices.steps_per_execution=1", *overrides)
    with caplog.at_level(logging.INFO, logger="saddlepoint"):
        train(experiment, tmp_path / "run", progress=False)
    (said,) = [r.getMessage() for r in caplog.records if "the margin is" in r.getMessage()]
    made, _ = built(*GAME, *overrides, "network.discriminator_units=[128,32]")
    assert Checkpoints(made, str(tmp_path / "run" / "checkpoints")).restore() == 4
    assert int(made.gan.round.state["pretrained_steps"]) == 2
    margin = float(made.gan.round.margin())
    assert margin > 0.0
    assert f"2 times that, {2.0 * float(made.gan.round.state['real_energy']):.4g}." in said


def test_adversaries_play_for_the_margin_that_was_found():
    experiment = tiny(*GAME)
    dataset = loading.load(experiment.data)
    game = assemble(experiment, dataset.spec)
    game.gan.round.state["real_energy"].assign(2.0)
    adversary = adversaries._copy(experiment, game, dataset)
    assert float(adversary.round.margin()) == 3.0
