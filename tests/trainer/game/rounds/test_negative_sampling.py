"""A discriminator alone: where its searches end, what it learns, and what it is asked."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from tests.specs import spec_of
from trainer.config.recipe import load_experiment
from trainer.data import pipeline
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.assembly import assemble, make_round
from trainer.randomness import Key, Noise

KEYS = Key(tf.zeros([5], tf.uint32), tf.range(5, dtype=tf.int32))
KEYS = Key(KEYS.high, tf.cast(KEYS.low, tf.uint32))


def _round(**options):
    written = ", ".join(f"{name}: {value}" for name, value in options.items())
    experiment = load_experiment(
        "negative-digits", [f"round={{name: negative_sampling, {written}}}", "network=mlp"]
    )
    return make_round(experiment, spec_of((2,), "float32", (-1.0, 1.0)))


def test_a_search_ends_where_a_quadratic_score_is_highest():
    peak = tf.constant([0.3, -0.6])

    def score(sample):
        return -tf.reduce_sum(tf.square(sample["sample"] - peak), axis=1)

    adam = "{name: adam, learning_rate: 0.1}"
    found = _round(steps=200, optimizer=adam).searched(score, KEYS)["sample"]
    np.testing.assert_allclose(found, np.tile(peak, (5, 1)), atol=1e-2)


def test_a_step_is_the_gradient_and_samples_stay_in_their_range():
    plain = "{name: sgd, learning_rate: 0.25}"
    slope = tf.constant([1.0, -8.0])

    def score(sample):
        return tf.linalg.matvec(sample["sample"], slope)

    start = _round(steps=1, optimizer="{name: sgd, learning_rate: 1e-9}").searched(score, KEYS)
    found = _round(steps=1, optimizer=plain).searched(score, KEYS)["sample"]
    expected = np.clip(start["sample"] + 0.25 * slope, -1.0, 1.0)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (np.asarray(found)[:, 1] == -1.0).all()


@pytest.fixture(scope="module")
def game(digits):
    return assemble(tiny("negative-digits", "round.steps=3"), digits.spec, examples=digits.train)


def test_its_loss_is_that_of_examples_against_what_it_finds(game, digits):
    gan = game.gan
    assert set(gan.networks) == {"discriminator"} and set(gan.optimizers) == {"discriminator"}
    batch = next(iter(pipeline.batches(digits.train, batch_size=16, seed=0)))
    x = tf.cast(batch["sample"][:, 0], tf.float32) / 127.5 - 1.0
    judge = gan.networks["discriminator"]

    def score(sample):
        return judge(sample, training=True)["logits"]

    noise = Noise(gan.seed, tf.constant(0, tf.int64), batch["position"])
    found = gan.round.searched(score, noise.keys("start"))
    loss = tf.nn.softplus(-score({"sample": x})) + tf.nn.softplus(score(found))
    played = gan.train_step(batch)
    assert float(played["discriminator_loss"]) == pytest.approx(float(np.mean(loss)), rel=1e-4)
    assert np.isfinite(float(played["r1"]))


def test_samples_follow_from_their_seeds_and_score_higher_than_noise(game, digits):
    live = game.live
    live.refresh()
    assert "latents" not in live.signatures and "generate_png" in live.signatures
    made = live.run("generate", {"seed": np.arange(70)})["image"]
    np.testing.assert_array_equal(made[5:6], live.run("generate", {"seed": np.array([5])})["image"])
    noise = np.random.default_rng(0).integers(0, 256, made.shape).astype(np.uint8)
    scores = [live.run("score", {"image": x})["realism"].mean() for x in (made, noise)]
    assert scores[0] > scores[1]


def test_symbols_have_no_gradient_to_follow():
    experiment = load_experiment("negative-digits", ["network=mlp"])
    tokens = Field((8, 5), "int32", "tokens")
    with pytest.raises(ConfigError, match="along which no gradient leads"):
        make_round(experiment, DataSpec({"sample": tokens}, "", 10))


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["prior=gaussian"], "set prior=none"),
        (["condition=label"], "set condition=none"),
        (["network.discriminator_normalization=batch"], "to layer or none"),
        (["objective=relativistic"], "set objective=non_saturating"),
        (["round.optimizer={name: adam, clip_norm: 1.0}"], "clip_weights to null"),
        (["terms=[feature_matching]"], "has no generator"),
    ],
)
def test_what_it_cannot_use_is_refused(overrides, words):
    with pytest.raises(ConfigError, match=words):
        load_experiment("negative-digits", overrides)
