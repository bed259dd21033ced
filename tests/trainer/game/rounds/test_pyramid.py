"""Pyramids: exact reconstruction, levels judged apart, chained and teacher-forced samples."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from tests.trainer.game.wrappers.games import built, weights
from trainer.config.recipe import load_experiment
from trainer.data import loading
from trainer.errors import ConfigError
from trainer.game.assembly import assemble
from trainer.game.rounds import pyramid

SMALL = (
    "network={name: mlp, units: [4]}",
    "networks={generator_1: {name: laplacian, filters: 2}, "
    "generator_2: {name: laplacian, filters: 2}}",
    "prior.size=3",
    "penalties=[]",
)


@pytest.fixture(scope="module")
def game():
    return built("lapgan-digits", *SMALL)


def test_up_and_the_residual_are_the_picture_again():
    pictures = tf.random.stateless_uniform([3, 16, 24, 2], [0, 1], -1.0, 1.0)
    levels = pyramid.pyramid(pictures, 4)
    assert [tuple(level.shape[1:3]) for level in levels] == [(2, 3), (4, 6), (8, 12), (16, 24)]
    x = levels[0]
    for level in levels[1:]:
        x = pyramid.enlarged(x) + (level - pyramid.enlarged(x))
    np.testing.assert_allclose(x, pictures, atol=1e-6)
    # Means of squares: a flat picture stays what it is, up and down.
    flat = tf.fill([1, 8, 8, 1], 0.3)
    np.testing.assert_allclose(pyramid.halved(flat), 0.3, rtol=1e-6)
    np.testing.assert_allclose(pyramid.enlarged(pyramid.halved(flat)), 0.3, rtol=1e-5)


def test_each_level_is_judged_with_the_true_coarse_picture(game):
    """Generators of zeros add nothing: fakes are the enlarged real pictures, and so is the gap."""
    gan, batches = game[0].gan, game[1]
    for level in range(3):
        model = gan.networks[f"generator_{level}"]
        model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    seen = []
    judge = gan.round.losses[2].discriminator
    gan.round.losses[2].discriminator = lambda players, real, fake, *rest: (
        seen.append((real["sample"], fake["sample"])) or judge(players, real, fake, *rest)
    )
    batch = next(batches)
    gan.train_step(batch)
    del gan.round.losses[2].discriminator
    real, fake = seen[0]
    x = np.float32(batch["sample"][:, 0]) / 127.5 - 1.0
    np.testing.assert_allclose(real, x, atol=1e-6)
    expected = pyramid.enlarged(pyramid.halved(tf.constant(x)))
    np.testing.assert_allclose(fake, expected, atol=1e-5)


def test_every_level_learns_and_none_waits_for_another():
    (game, batches) = built("lapgan-digits", *SMALL)
    before = {name: weights(game.gan, name) for name in game.gan.networks}
    values = game.gan.train_step(next(batches))
    names = {
        f"{level}/{side}_loss" for level in range(3) for side in ("generator", "discriminator")
    }
    assert names <= values.keys()
    for name, old in before.items():
        assert not all(map(np.array_equal, old, weights(game.gan, name))), name


def test_samples_are_chained_and_the_last_level_enlarges_given_pictures():
    game, _ = built("lapgan-digits", *SMALL)
    live = game.live
    live.refresh()
    seeds = np.arange(5)
    made = live.run("generate", {"seed": seeds})["image"]
    assert made.shape == (5, 8, 8, 1)
    latents = live.run("latents", {"seed": seeds})["latent"]
    network = live.networks["generator_0"]
    smallest = network({"latent": tf.constant(latents)})["sample"]
    assert smallest.shape == (5, 2, 2, 1)
    alone = live.run("generate", {"seed": seeds[3:4]})["image"]
    assert np.abs(alone[0].astype(int) - made[3]).max() <= 1
    small = loading.load(load_experiment("lapgan-digits").data).held_out["sample"][:4]
    halves = live.gan.round.example_input("translate", "image", {"sample": small})
    assert halves.shape == (4, 4, 4, 1)
    means = small[..., 0].astype(float).reshape(4, 4, 2, 4, 2).mean(axis=(2, 4))
    assert np.abs(halves[..., 0] - means).max() <= 0.5 + 1e-3
    enlarged = live.run("translate", {"image": halves, "seed": np.arange(4)})["image"]
    assert enlarged.shape == (4, 8, 8, 1)
    assert live.run("score", {"image": enlarged})["realism"].shape == (4,)


def test_a_class_steers_every_level(digits):
    game = assemble(load_experiment("lapgan-digits", [*SMALL, "condition=label"]), digits.spec)
    made = game.live.run("generate_conditional", {"seed": np.zeros(3, int), "label": np.arange(3)})
    assert made["image"].shape == (3, 8, 8, 1)
    assert set(game.live.signatures["translate"].inputs) == {"image", "label", "seed"}


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["prior=none"], "prior.name: received 'none' with the round 'pyramid'"),
        (["condition={name: derived}"], "whose levels are given a smaller picture anyway"),
        (["wrappers=[pack]"], "has a discriminator a level"),
        (["networks={generator_4: mlp}"], "generator_4"),
    ],
)
def test_impossible_combinations_are_refused(overrides, sentence):
    with pytest.raises(ConfigError, match=sentence):
        load_experiment("lapgan-digits", overrides)


def test_pictures_that_cannot_be_halved_so_often_are_refused(digits):
    with pytest.raises(ConfigError, match=r"round.levels: received 5 .* set it lower"):
        assemble(tiny("dcgan-digits", "round={name: pyramid, levels: 5}"), digits.spec)
