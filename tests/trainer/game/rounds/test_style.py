"""Styles that an encoder reads off the example, or that are drawn."""

import numpy as np
import pytest
import tensorflow as tf

from serving.description import Description
from tests.recipes import small
from trainer.config.recipe import load_experiment
from trainer.data import loading, modalities, pipeline
from trainer.errors import ConfigError
from trainer.game.assembly import assemble
from trainer.game.rounds.autoencoder import divergence
from trainer.game.rounds.round import of_turn
from trainer.randomness import Noise


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A game, a batch as players see it, and the step's random numbers."""
    experiment = small("spade-digits", tmp_path_factory.mktemp("style"))
    dataset = loading.load(experiment.data)
    game = assemble(experiment, dataset.spec, examples=dataset.train)
    drawn = next(iter(pipeline.batches(dataset.train, batch_size=16, seed=0)))
    fields = dataset.spec.fields
    seen = {name: modalities.seen(drawn[name], field) for name, field in fields.items()}
    batch = of_turn(seen, 0)
    noise = Noise(0, tf.constant(3, tf.int64), tf.range(16, dtype=tf.int64))
    return game, batch, noise


def test_a_style_is_the_mean_and_so_many_deviations(played):
    game, batch, noise = played
    round_, players = game.gan.round, game.gan.players
    drawn = round_.given(batch, noise)
    conditioning = round_.conditioned(drawn, players)
    moments = players["encoder"]({"sample": batch["sample"]}, freeze_statistics=True)
    deviation = np.exp(0.5 * moments["log_variance"].numpy())
    expected = moments["mean"] + deviation * drawn["latent"]
    np.testing.assert_allclose(conditioning["latent"], expected, atol=1e-5)


def test_the_generators_turn_pays_for_the_divergence(played):
    game, batch, noise = played
    round_, players = game.gan.round, game.gan.players
    conditioning = round_.conditioned(round_.given(batch, noise), players)
    losses = round_.further(players, {}, conditioning).losses
    assert set(losses) == {"kl_divergence"}
    moments = {
        "mean": conditioning["style_mean"],
        "log_variance": conditioning["style_log_variance"],
    }
    np.testing.assert_allclose(losses["kl_divergence"], 0.05 * divergence(moments), rtol=1e-6)


def test_the_encoder_moves_in_the_generators_turn_alone(played):
    game, batch, noise = played
    encoder = game.gan.networks["encoder"]
    before = [v.numpy().copy() for v in encoder.variables]
    judging = game.gan.round.judging(game.gan.players, batch, noise)
    with tf.GradientTape() as tape:
        outcome = judging()
        loss = tf.add_n([tf.reduce_mean(values) for values in outcome.losses.values()])
    weights = [v.value for v in encoder.trainable_variables]
    assert all(gradient is None for gradient in tape.gradient(loss, weights))
    for value, variable in zip(before, encoder.variables, strict=True):
        np.testing.assert_array_equal(value, variable.numpy())


def test_a_style_is_read_off_one_picture_and_given_to_another_map(played):
    game, *_ = played
    game.live.refresh()
    offered = Description(game.live.description.document).signatures
    assert set(offered["translate"].inputs) == {"label_map", "seed"}
    assert set(offered["encode"].inputs) == {"image"}
    assert set(offered["decode"].inputs) == {"latent", "label_map"}
    bank = game.live.bank
    style = game.live.run("encode", {"image": bank["sample"][:2]})["latent"]
    inputs = {"latent": style, "label_map": bank["label_map"][2:4]}
    made = game.live.run("decode", inputs)["image"]
    assert made.shape == (2, 8, 8, 1) and made.dtype == np.uint8
    pair = {"image": bank["sample"][:2], "label_map": bank["label_map"][:2]}
    again = game.live.run("decode", {"latent": style, "label_map": bank["label_map"][:2]})["image"]
    same = game.live.run("reconstruct", pair)["image"]
    assert np.abs(same.astype(int) - again).max() <= 1


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("prior=uniform", "prior.name: received .*uniform.* with the round 'style'"),
        ("condition=none", "condition.name: received 'none' with the round 'style'"),
        ("round.fresh_latents=false", "round.fresh_latents: received false with the round 'style'"),
        ("networks.encoder=spade", "networks.encoder: received 'spade', which has no encoder"),
    ],
)
def test_what_it_cannot_go_with(override, sentence):
    with pytest.raises(ConfigError, match=sentence):
        load_experiment("spade-digits", [override])
