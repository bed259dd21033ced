"""The game's own rules: turns, statistics, the scale of losses, and what a step returns."""

from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from tests.specs import spec_of
from trainer.data import pipeline
from trainer.errors import ConfigError
from trainer.game.assembly import assemble
from trainer.game.averaging import copy_weights
from trainer.game.updater import clip_global, global_mean
from trainer.randomness import Noise


def _game(digits, *overrides):
    experiment = tiny("cgan-digits", *overrides)
    game = assemble(experiment, digits.spec)
    batches = pipeline.batches(
        digits.train, batch_size=16, turns=game.gan.round.turns, seed=experiment.seed
    )
    return game, iter(batches)


def _networks(gan):
    return (*gan.networks.values(), *gan.averages.values())


def _statistics(network):
    moving = [v for v in network.non_trainable_variables if "moving" in v.path]
    return [v.numpy().copy() for v in moving]


def _copies(network):
    return [v.numpy().copy() for v in network.trainable_variables]


def test_a_step_moves_both_players_the_average_and_the_count(digits):
    game, batches = _game(digits)
    gan = game.gan
    before = [_copies(n) for n in _networks(gan)]
    logs = gan.train_step(next(batches))
    after = [_copies(n) for n in _networks(gan)]
    for old, new in zip(before, after, strict=True):
        assert any(not np.array_equal(a, b) for a, b in zip(old, new, strict=True))
    assert int(gan.step) == 1
    expected = {"discriminator_loss", "generator_loss", "real_logits", "fake_logits"}
    assert set(logs) == expected | {"D(x)", "D(G(z))"}
    assert all(np.isfinite(float(v)) and v.shape == () for v in logs.values())


def test_the_average_starts_as_the_generator_and_follows_the_formula(digits):
    game, batches = _game(digits)
    gan = game.gan
    start = _copies(gan.averages["generator"])
    for a, b in zip(start, _copies(gan.networks["generator"]), strict=True):
        np.testing.assert_array_equal(a, b)
    gan.train_step(next(batches))
    for old, new, average in zip(
        start, _copies(gan.networks["generator"]), _copies(gan.averages["generator"]), strict=True
    ):
        np.testing.assert_allclose(average, 0.1 * old + 0.9 * new, atol=1e-6)


@pytest.mark.parametrize("turns", [1, 3])
def test_the_generators_statistics_move_once_in_its_own_turn(digits, turns):
    game, batches = _game(digits, f"round.discriminator_turns={turns}")
    gan, batch = game.gan, next(batches)
    condition = tf.one_hot(batch["label"][:, turns - 1], 10)
    latent = gan.round.parts.prior.sample(_noise(batch).within("generator").keys("latent"))
    once = assemble(tiny(), digits.spec).gan.networks["generator"]
    copy_weights(gan.networks["generator"], once)
    once({"latent": latent, "condition": condition}, training=True)
    gan.train_step(batch)
    for got, expected in zip(
        _statistics(gan.networks["generator"]), _statistics(once), strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    assert int(gan.optimizers["discriminator"].iterations) == turns
    assert int(gan.optimizers["generator"].iterations) == 1


def test_the_discriminators_turn_leaves_the_generator_alone(digits):
    game, batches = _game(digits, "optimizers.generator={name: sgd, learning_rate: 1e-30}")
    before = _copies(game.gan.networks["generator"])
    game.gan.train_step(next(batches))
    for a, b in zip(before, _copies(game.gan.networks["generator"]), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-25)


def test_shared_fakes_are_the_ones_the_discriminator_saw(digits):
    """The hinge generator's loss is -D(G(z)): with a still discriminator, that of its own turn."""
    still = "optimizers.discriminator={name: sgd, learning_rate: 1e-30}"
    for fresh in ("true", "false"):
        game, batches = _game(digits, still, "objective=hinge", f"round.fresh_latents={fresh}")
        logs = game.gan.train_step(next(batches))
        gap = abs(float(logs["generator_loss"]) + float(logs["fake_logits"]))
        assert (gap < 1e-6) is (fresh == "false")


def test_shared_fakes_give_the_generators_true_gradient(digits):
    """One SGD step of the generator equals the gradient of its loss on those fakes."""
    still = "optimizers.discriminator={name: sgd, learning_rate: 1e-30}"
    unit = "optimizers.generator={name: sgd, learning_rate: 1.0}"
    game, batches = _game(digits, still, unit, "round.fresh_latents=false")
    gan, batch = game.gan, next(batches)
    before = _copies(gan.networks["generator"])
    with tf.GradientTape() as tape:
        keys = _noise(batch).within("discriminator 0").keys("latent")
        condition = tf.one_hot(batch["label"][:, 0], 10)
        latent = gan.round.parts.prior.sample(keys)
        inputs = {"latent": latent, "condition": condition}
        fake = gan.networks["generator"](inputs, training=True)["sample"]
        judged = {"sample": fake, "condition": condition}
        logits = gan.networks["discriminator"](judged, training=True)
        loss = tf.reduce_mean(tf.nn.softplus(-logits["logits"]))
    weights = [v.value for v in gan.networks["generator"].trainable_variables]
    expected = tape.gradient(loss, weights)
    gan.train_step(batch)
    for old, new, gradient in zip(
        before, _copies(gan.networks["generator"]), expected, strict=True
    ):
        np.testing.assert_allclose(old - new, gradient, atol=1e-6)


def _noise(batch):
    return Noise(0, tf.constant(0, tf.int64), batch["position"])


def test_losses_are_means_over_the_global_batch():
    assert float(global_mean(tf.constant([1.0, 2.0, 6.0]))) == pytest.approx(3.0)


def test_clipping_scales_the_whole_gradient_to_the_norm():
    gradients = [tf.constant([3.0]), tf.constant([[4.0]])]
    clipped = clip_global(gradients, 1.0)
    np.testing.assert_allclose([float(tf.norm(g)) for g in clipped], [0.6, 0.8], rtol=1e-6)
    kept = clip_global(gradients, 10.0)
    np.testing.assert_allclose([float(tf.norm(g)) for g in kept], [3.0, 4.0], rtol=1e-6)


@pytest.mark.integration
@pytest.mark.parametrize(
    "overrides",
    [
        # Choices that have nothing to do with one another share a game: each takes seconds.
        ("objective=minimax", "prior={name: uniform, size: 5}"),
        (
            "objective=least_squares",
            "optimizers.generator={name: rmsprop, schedule: {name: cosine, steps: 3}}",
        ),
        ("objective=hinge", "optimizers.discriminator={name: adam, weight_decay: 1e-3}"),
        (
            "objective=wasserstein",
            "penalties=[{name: gradient_penalty}]",
            "network.discriminator_normalization=layer",
            "round.discriminator_turns=2",
        ),
        ("network={name: mlp, units: [8]}",),
        ("train.precision=mixed_bfloat16",),
        ("condition=none", "optimizers.generator.clip_norm=0.1"),
    ],
    ids=" ".join,
)
def test_every_choice_plays(digits, overrides):
    game, batches = _game(digits, *overrides)
    step = tf.function(game.gan.train_step)
    weights = [_copies(game.gan.networks["generator"])]
    for _ in range(2):
        logs = step(next(batches))
        assert all(np.isfinite(float(v)) for v in logs.values())
        weights.append(_copies(game.gan.networks["generator"]))
    for old, new in pairwise(weights):
        assert any(not np.array_equal(a, b) for a, b in zip(old, new, strict=True))
    assert all(v.dtype == "float32" for v in game.gan.trainable_variables)


def test_keras_fit_plays_it_too(digits):
    game, _ = _game(digits)
    batches = pipeline.batches(digits.train, batch_size=16, seed=0)
    history = game.gan.fit(batches, steps_per_epoch=3, epochs=1, verbose=0)
    assert int(game.gan.step) == 3
    assert "generator_loss" in history.history


class Tiny:
    """A user's own family."""

    def __init__(self, units: int) -> None:
        self.units = units

    def generator(self, ports):
        return _dense(ports, self.units)

    def discriminator(self, ports):
        import keras

        sample = keras.Input(ports.inputs["sample"].shape, name="sample")
        flat = keras.layers.Flatten()(sample)
        logits = keras.layers.Reshape(())(keras.layers.Dense(1)(flat))
        return keras.Model({"sample": sample}, {"logits": logits})


def _dense(ports, units):
    import keras

    shape = ports.outputs["sample"].shape
    x = latent = keras.Input(ports.inputs["latent"].shape, name="latent")
    x = keras.layers.Dense(units, activation="relu")(x)
    x = keras.layers.Dense(int(np.prod(shape)), activation="tanh")(x)
    return keras.Model({"latent": latent}, keras.layers.Reshape(shape)(x))


def test_a_users_own_network_is_named_by_module_and_class(digits):
    network = "network={name: 'tests.trainer.game.test_gan:Tiny', options: {units: 4}}"
    game, batches = _game(digits, network, "condition=none")
    assert np.isfinite(float(game.gan.train_step(next(batches))["generator_loss"]))
    for bad, word in (
        ("network={name: 'tests.trainer.game.test_gan:Absent'}", "cannot be imported"),
        (
            "network={name: 'tests.trainer.game.test_gan:Tiny', options: {width: 4}}",
            "does not take",
        ),
    ):
        with pytest.raises(ConfigError, match=word):
            _game(digits, bad)


class Normalised(Tiny):
    """A user's own family that looks at the batch."""

    def discriminator(self, ports):
        import keras

        sample = keras.Input(ports.inputs["sample"].shape, name="sample")
        inner = keras.Sequential([keras.layers.Flatten(), keras.layers.BatchNormalization()])
        logits = keras.layers.Reshape(())(keras.layers.Dense(1)(inner(sample)))
        return keras.Model({"sample": sample}, {"logits": logits})


def test_a_users_own_network_that_looks_at_the_batch_goes_with_no_gradient_penalty(digits):
    network = "network={name: 'tests.trainer.game.test_gan:Normalised', options: {units: 4}}"
    with pytest.raises(ConfigError, match=r"networks\.discriminator: .* the penalty 'r1' .* none"):
        _game(digits, network, "condition=none", "penalties=[r1]")
    _game(digits, network, "condition=none")


def test_a_users_own_network_without_the_features_that_a_term_reads_gets_a_sentence(digits):
    network = "network={name: 'tests.trainer.game.test_gan:Normalised', options: {units: 4}}"
    with pytest.raises(ConfigError, match=r"networks\.discriminator: .*logits and no 'features'"):
        _game(digits, network, "condition=none", "terms=[feature_matching]")


def test_what_does_not_fit_the_data_is_refused():
    unlabelled = spec_of((8, 8, 1))
    with pytest.raises(ConfigError, match=r"condition.name: received 'label'.*no labels"):
        assemble(tiny(), unlabelled)
    points = spec_of((2,), "float32", (-1.0, 1.0), label_names=("a", "b"), marginal=(0.5, 0.5))
    with pytest.raises(ConfigError, match=r"network.name: received 'dcgan'.*network.name=mlp"):
        assemble(tiny(), points)


def test_the_discriminators_statistics_move_on_real_and_on_fake_examples_of_its_own_turn(digits):
    """Neither the generator's turn nor a term's further questions move them."""
    still = "optimizers.generator={name: sgd, learning_rate: 1e-30}"
    game, batches = _game(digits, still)
    gan, batch = game.gan, next(batches)
    once = assemble(tiny(), digits.spec).gan.networks["discriminator"]
    copy_weights(gan.networks["discriminator"], once)
    condition = tf.one_hot(batch["label"][:, 0], 10)
    latent = gan.round.parts.prior.sample(_noise(batch).within("discriminator 0").keys("latent"))
    fake = gan.networks["generator"]({"latent": latent, "condition": condition}, training=True)
    real = tf.cast(batch["sample"][:, 0], tf.float32) / 127.5 - 1.0
    for sample in (real, fake["sample"]):
        once({"sample": sample, "condition": condition}, training=True)
    gan.train_step(batch)
    for got, expected in zip(
        _statistics(gan.networks["discriminator"]), _statistics(once), strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_assembling_leaves_the_callers_random_state_alone(digits):
    import random

    keras_weights = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)
        expected = (random.Random(seed).random(), np.random.RandomState(seed).rand())
        gan = assemble(tiny(), digits.spec).gan
        assert (random.random(), np.random.rand()) == expected
        keras_weights.append([w for network in _networks(gan) for w in _copies(network)])
    for one, other in zip(*keras_weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_network_whose_answer_does_not_fit_gets_a_sentence(digits):
    network = "network={name: 'tests.trainer.game.test_gan:Narrow'}"
    with pytest.raises(ConfigError, match=r"networks.generator: .*Narrow.*\(3,\).*\(8, 8, 1\)"):
        _game(digits, network, "condition=none")


class Narrow(Tiny):
    """A family whose generator makes something else."""

    def __init__(self):
        super().__init__(units=4)

    def generator(self, ports):
        import keras

        latent = keras.Input(ports.inputs["latent"].shape, name="latent")
        return keras.Model({"latent": latent}, keras.layers.Dense(3)(latent))
