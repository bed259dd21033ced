"""The predictor: what its encoder minimises, and that the generator stands still meanwhile."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import DENSE, tiny
from trainer.data import pipeline
from trainer.errors import ConfigError
from trainer.game.assembly import assemble

SHORT = ("round.game_steps=2", "devices.steps_per_execution=1")


@pytest.fixture(scope="module")
def game(digits):
    experiment = tiny("predictor-digits", DENSE, *SHORT, "export.searches=[]")
    return assemble(experiment, digits.spec, examples=digits.train)


@pytest.fixture(scope="module")
def batches(digits):
    found = iter(pipeline.batches(digits.train, batch_size=16, seed=0))
    return [next(found) for _ in range(4)]


def _weights(model):
    return [variable.numpy() for variable in model.variables]


def test_the_game_leaves_the_encoder_alone_and_then_the_encoder_leaves_the_game_alone(
    game, batches
):
    gan = game.gan
    start = _weights(gan.networks["encoder"])
    for batch in batches[:2]:
        assert "generator_loss" in gan.train_step(batch, gan.stage_at(int(gan.step)))
    for before, now in zip(start, _weights(gan.networks["encoder"]), strict=True):
        np.testing.assert_array_equal(before, now)
    game.live.refresh()
    gan.enter(gan.stage_at(2))
    average = _weights(gan.averages["generator"])
    judge = _weights(gan.networks["discriminator"])
    for batch in batches[2:]:
        x = tf.cast(batch["sample"][:, 0], tf.float32) / 127.5 - 1.0
        z = gan.players["encoder"]({"sample": x}, freeze_statistics=True)
        made = gan.players["generator"].average(z)["sample"]
        expected = tf.reduce_sum(tf.square(made - x), axis=[1, 2, 3])
        values = gan.train_step(batch, gan.stage_at(int(gan.step)))
        assert set(values) == {"projection_loss"}
        np.testing.assert_allclose(values["projection_loss"], tf.reduce_mean(expected), rtol=1e-5)
    for model, before in [
        (gan.averages["generator"], average),
        (gan.networks["generator"], average),
        (gan.networks["discriminator"], judge),
    ]:
        for one, other in zip(before, _weights(model), strict=True):
            np.testing.assert_array_equal(one, other)
    assert any(
        (one != now).any()
        for one, now in zip(start, _weights(gan.networks["encoder"]), strict=True)
    )


def test_it_offers_both_ways_and_the_score(game):
    offered = {"encode", "reconstruct", "anomaly_score", "score", "generate", "decode"}
    assert offered <= set(game.live.signatures)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["train.steps=2"], "leaves the encoder no step"),
        (["prior=none"], "prior.name: received 'none'"),
        (
            ["optimizers.generator={name: adam, weight_decay: 0.1}"],
            "weight_decay: received 0.1 with the round 'predictor'",
        ),
    ],
)
def test_what_it_cannot_use_is_refused(overrides, words):
    with pytest.raises(ConfigError, match=words):
        tiny("predictor-digits", *SHORT, "export.searches=[]", *overrides)
