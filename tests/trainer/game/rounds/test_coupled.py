"""Two translators and two judges: losses by hand, the pool, resuming, what is offered."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.specs import spec_of
from trainer.config.recipe import load_experiment
from trainer.data import loading, pipeline
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError, MetricError
from trainer.evaluation.adversaries import duality_gap
from trainer.fields import Field
from trainer.game.assembly import assemble
from trainer.run.checkpoints import Checkpoints
from trainer.run.previews import drawer

IMAGE = Field((2, 2, 1), "float32", "image", (-1.0, 1.0))
SPEC = DataSpec({"a": IMAGE, "b": IMAGE}, "", 10)
FROZEN = tuple(
    f"optimizers.{side}={{name: sgd, learning_rate: 1e-30}}"
    for side in ("discriminator", "generator")
)


def _all_of(family):
    """Overrides that build every network of a game by one family."""
    fields = ("network", "networks.discriminator_a", "networks.discriminator_b")
    return [f"{field}={family}" for field in fields]


# Dense layers are the quickest to trace.
SMALL = (
    *_all_of("{name: mlp, units: [4]}"),
    *("train.batch_size=4", "round.pool=8", "round.identity=0.5"),
)


class Scaled:
    """Translators that multiply by a weight of their own; judges that take the mean."""

    def generator(self, ports):
        (name,) = ports.outputs
        inputs = ports.keras_inputs()
        scale = keras.layers.DepthwiseConv2D(1, use_bias=False, depthwise_initializer="ones")
        return keras.Model(inputs, {name: keras.layers.Identity(name=name)(scale(inputs["image"]))})

    def discriminator(self, ports):
        inputs = ports.keras_inputs()
        x = keras.layers.Flatten()(inputs["sample"])
        x = keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(0.25))(x)
        return keras.Model(inputs, {"logits": keras.layers.Reshape((), name="logits")(x)})


def _game(*overrides, spec=SPEC, examples=None):
    return assemble(
        load_experiment("cyclegan-digits", [*SMALL, *overrides]), spec, examples=examples
    )


def _batch(a, b):
    stored = {"a": a, "b": b}
    shown = {n: tf.fill([1, 1, 2, 2, 1], value) for n, value in stored.items()}
    return {**shown, "position": tf.zeros([1], tf.int64)}


def _scaled(to_a, to_b, *overrides):
    """A game of batches of one whose translators multiply by these numbers."""
    family = f"{{name: '{__name__}:Scaled'}}"
    game = _game(*_all_of(family), "train.batch_size=1", *overrides)
    for name, factor in (("to_a", to_a), ("to_b", to_b)):
        (weight,) = game.gan.networks[name].trainable_variables
        weight.assign(tf.fill(weight.shape, factor))
    return game


def test_translators_that_change_nothing_lose_nothing_there_and_back():
    logs = _scaled(1.0, 1.0).gan.train_step(_batch(0.5, -0.5))
    for name in ("a/cycle", "b/cycle", "a/identity", "b/identity"):
        assert float(logs[name]) == 0.0


def test_a_map_and_its_inverse_lose_nothing_there_and_back():
    logs = _scaled(0.5, 2.0).gan.train_step(_batch(0.5, -0.25))
    assert float(logs["a/cycle"]) == float(logs["b/cycle"]) == 0.0
    assert float(logs["a/identity"]) > 0.0 and float(logs["b/identity"]) > 0.0


def test_losses_are_those_of_the_paper():
    """to_a halves and to_b trebles its pictures; a = .4, b = .2, judges take the mean."""
    weights = "round={name: coupled, cycle: 10.0, identity: 0.5, pool: 0}"
    game = _scaled(0.5, 3.0, weights, *FROZEN)
    logs = {name: float(x) for name, x in game.gan.train_step(_batch(0.4, 0.2)).items()}
    expected = {
        # to_a(to_b(.4)) = .6 and to_b(to_a(.2)) = .3; to_a(.4) = .2 and to_b(.2) = .6.
        "a/cycle": 10.0 * 0.2,
        "b/cycle": 10.0 * 0.1,
        "a/identity": 5.0 * 0.2,
        "b/identity": 5.0 * 0.4,
        # D_a sees .4 and to_a(.2) = .1; D_b sees .2 and to_b(.4) = 1.2.
        "a/discriminator_loss": 0.5 * ((0.4 - 1.0) ** 2 + 0.1**2),
        "b/discriminator_loss": 0.5 * ((0.2 - 1.0) ** 2 + 1.2**2),
        "a/generator_loss": 0.5 * (0.1 - 1.0) ** 2,
        "b/generator_loss": 0.5 * (1.2 - 1.0) ** 2,
    }
    assert {name: logs[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_judges_are_shown_the_pool_and_translators_the_present():
    """With one slot: the first fake is kept, and a coin shows it instead of a later one."""
    game = _scaled(1.0, 1.0, "round.pool=1", *FROZEN)
    steps = [game.gan.train_step(_batch(0.01 * i, 0.02 * i)) for i in range(1, 13)]
    shown = [round(float(logs["a/fake_logits"]) / 0.02) for logs in steps]
    kept, exchanged = 1, 0
    for step, number in enumerate(shown[1:], start=2):
        assert number in (step, kept)
        if number != step:
            exchanged, kept = exchanged + 1, step
    assert shown[0] == 1 and 0 < exchanged < 11
    losses = [float(logs["a/generator_loss"]) for logs in steps]
    expected = [0.5 * (0.02 * i - 1.0) ** 2 for i in range(1, 13)]
    assert losses == pytest.approx(expected, abs=1e-6)


def _digit_batches(dataset, start=0):
    return iter(pipeline.batches(dataset.train, batch_size=4, seed=0, start_step=start))


@pytest.fixture(scope="module")
def domains():
    return loading.load(load_experiment("cyclegan-digits").data)


@pytest.mark.integration
def test_a_game_goes_on_from_its_checkpoint_with_its_pool(domains, tmp_path):
    def fresh():
        game = _game("round.pool=8", spec=domains.spec, examples=domains.train)
        return game, Checkpoints(game, str(tmp_path))

    def play(game, start, steps):
        batches = _digit_batches(domains, start)
        for _ in range(steps):
            game.gan.train_step(next(batches))

    straight, _ = fresh()
    play(straight, 0, 2)
    first, checkpoints = fresh()
    play(first, 0, 1)
    assert set(first.gan.round.state) == {"history_a", "history_b"}
    checkpoints.save()
    second, checkpoints = fresh()
    assert checkpoints.restore() == 1
    for name, kept in first.gan.round.state.items():
        assert np.abs(kept.numpy()).max() > 0.0
        np.testing.assert_array_equal(second.gan.round.state[name].numpy(), kept.numpy())
    play(second, 1, 1)
    for name, kept in straight.gan.round.state.items():
        np.testing.assert_array_equal(second.gan.round.state[name].numpy(), kept.numpy())
    for name, network in straight.gan.networks.items():
        pairs = zip(network.variables, second.gan.networks[name].variables, strict=True)
        assert all(np.array_equal(a.numpy(), b.numpy()) for a, b in pairs)


def test_it_offers_a_translation_each_way_and_shows_one(domains):
    live = _game(spec=domains.spec, examples=domains.train).live
    live.refresh()
    assert list(live.signatures) == ["translate_to_a", "translate_to_b", "score_a", "score_b"]
    pictures = live.bank["b"][:3]
    made = live.run("translate_to_a", {"image": pictures})["image"]
    assert made.shape == (3, 8, 8, 1) and made.dtype == np.uint8
    np.testing.assert_array_equal(live.example_input("translate_to_a", "image")[:3], pictures)
    np.testing.assert_array_equal(live.example_input("translate_to_b", "image"), live.bank["a"])
    for domain in "ab":
        rows = live.example_input(f"score_{domain}", "image")
        np.testing.assert_array_equal(rows, live.bank[domain])
        judge = live.networks[f"discriminator_{domain}"]
        patches = judge({"sample": rows[:3].astype(np.float32) / 127.5 - 1.0})["logits"].numpy()
        means = patches.reshape(3, -1).mean(1)
        realism = live.run(f"score_{domain}", {"image": rows[:3]})["realism"]
        np.testing.assert_allclose(realism, means, rtol=1e-5, atol=1e-5)
    assert drawer(live, (2, 5))().ndim == 3
    assert live.description.document["sample"]["shape"] == [8, 8, 1]


def test_it_has_no_single_value_whose_gap_could_be_measured(domains):
    game = _game(spec=domains.spec)
    experiment = load_experiment("cyclegan-digits", SMALL)
    with pytest.raises(MetricError, match=r"round 'coupled' has no single discriminator"):
        duality_gap(experiment, game, domains, steps=1, seed=0)


def test_data_without_domains_is_refused():
    with pytest.raises(ConfigError, match=r"data.source: its fields are sample.*called a"):
        _game(spec=spec_of((8, 8, 1)))


def test_domains_are_refused_by_games_of_samples(domains):
    with pytest.raises(ConfigError, match=r"data.source: its fields are a, b.*called sample"):
        assemble(load_experiment("dcgan-digits"), domains.spec)


def test_no_identity_is_asked_of_pictures_of_two_forms():
    other = Field((4, 4, 3), "float32", "image", (-1.0, 1.0))
    spec = DataSpec({"a": IMAGE, "b": other}, "", 10)
    with pytest.raises(
        ConfigError, match=r"round.identity: received 0.5.*\(2, 2, 1\).*set it to 0"
    ):
        _game(spec=spec)
    game = _game("round.identity=0", spec=spec)
    assert game.gan.round.roles()["to_b"].outputs["sample"].shape == (4, 4, 3)
