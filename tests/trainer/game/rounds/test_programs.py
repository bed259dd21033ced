"""SPIRAL: the policy gradient by enumeration, what strokes paint, and a reward that rises."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tests.playing import played
from tests.trainer.game.test_sequences import chain
from trainer import randomness
from trainer.config.recipe import load_experiment
from trainer.data import loading
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game import sequences
from trainer.game.assembly import assemble
from trainer.game.rounds.programs import actor_critic_losses
from trainer.game.signatures.painting import Canvas
from trainer.layers.strokes import painted

TINY = (
    "network={name: recurrent, embedding: 4, hidden: 4}",
    "networks={discriminator: {name: mlp, units: [4]}}",
    "round={name: programs, strokes: 2, lattice: 2}",
    "data.source={name: stroke_digits, digits: [1, 7], side: 8, pictures: 60}",
    "train.batch_size=8",
    "devices.steps_per_execution=1",
)


def spiral(*overrides):
    return load_experiment("spiral-digits", [*TINY, *overrides])


@pytest.fixture(scope="module")
def dataset():
    return loading.load(spiral().data)


@pytest.fixture(scope="module")
def game(dataset):
    return assemble(spiral(), dataset.spec)


@pytest.mark.parametrize("baseline", [0.0, 0.7])
def test_the_gradient_is_that_of_the_expected_reward(baseline):
    """Two steps of two symbols, every sequence weighed by its probability; V changes nothing."""
    cell = chain(np.log([0.3, 0.7]), np.log([[0.6, 0.4], [0.1, 0.9]]))
    weights = [v.value for v in cell.model.trainable_variables]
    ids = tf.constant(list(itertools.product((0, 1), repeat=2)))
    reward = tf.constant([0.2, 0.9, -0.5, 0.1])
    with tf.GradientTape(persistent=True) as tape:
        p = tf.exp(tf.reduce_sum(sequences.log_probabilities(cell, ids), axis=1))
        expected = tf.reduce_sum(p * reward)
        answers = sequences.answers(cell, ids) | {"value": tf.fill([4, 2], baseline)}
        losses = actor_critic_losses(answers, ids, reward, 0.0)
        loss = tf.reduce_sum(tf.stop_gradient(p) * losses["generator_loss"])
    for exact, found in zip(
        tape.gradient(expected, weights), tape.gradient(loss, weights), strict=True
    ):
        np.testing.assert_allclose(found, -exact, atol=1e-6)
        assert np.abs(exact).max() > 1e-3


def test_the_baseline_learns_the_reward_and_the_entropy_is_that_of_the_choices():
    logits = tf.constant(np.log([[[0.5, 0.5], [0.25, 0.75]]]), tf.float32)
    value = tf.constant([[0.5, -1.0]])
    with tf.GradientTape() as tape:
        tape.watch(value)
        answers = {"logits": logits, "value": value}
        losses = actor_critic_losses(answers, tf.constant([[0, 1]]), tf.constant([1.0]), 0.1)
        both = losses["value_loss"] + losses["generator_loss"]
    np.testing.assert_allclose(losses["value_loss"], [0.5 * (0.25 + 4.0)])
    # The policy's loss does not move the baseline.
    np.testing.assert_allclose(tape.gradient(both, value), [[-0.5, -2.0]])
    np.testing.assert_allclose(
        losses["generator_loss"], [-(np.log(0.5) * 0.5 + np.log(0.75) * 2.0)], rtol=1e-6
    )
    spread = np.log(2.0) - 0.25 * np.log(0.25) - 0.75 * np.log(0.75)
    np.testing.assert_allclose(losses["entropy_loss"], [-0.1 * spread], rtol=1e-6)


def test_symbols_are_places_of_the_lattice_row_by_row():
    canvas = Canvas(Field((16, 16, 1), "uint8", "image", range=(0.0, 255.0)), 1, 4, 2.0)
    # The upper left place, the one right of it, and the last.
    points = canvas.points(tf.constant([[0, 1, 15]]))
    np.testing.assert_array_equal(points, [[[2, 2, 6, 2, 14, 14]]])
    shown = painted(points, 16, 2.0).numpy()
    np.testing.assert_array_equal(canvas.stored(tf.constant([[0, 1, 15]])), np.rint(255 * shown))
    seen = canvas.seen(tf.constant([[0, 1, 15]])).numpy()
    np.testing.assert_allclose(seen, 2.0 * np.rint(255 * shown) / 255 - 1.0, atol=1e-6)


def test_a_program_is_the_strokes_of_its_picture(game):
    live, seeds = game.live, {"seed": np.arange(70)}
    made = live.run("program", seeds)
    assert made["strokes"].shape == (70, 2, 6)
    np.testing.assert_array_equal(made["image"], live.run("generate", seeds)["image"])
    shown = painted(tf.constant(made["strokes"]), 8, 1.5)
    np.testing.assert_array_equal(made["image"], np.rint(255.0 * shown.numpy()))
    warm = live.run("generate_tempered", seeds | {"temperature": np.ones(70, np.float32)})
    np.testing.assert_array_equal(warm["image"], made["image"])
    cold = live.run("generate_tempered", seeds | {"temperature": np.zeros(70, np.float32)})
    assert len(np.unique(cold["image"], axis=0)) == 1 < len(np.unique(made["image"], axis=0))
    alone = live.signatures["program"].function(seed=tf.constant([33], tf.int64))
    np.testing.assert_array_equal(alone["strokes"][0], made["strokes"][33])


def test_reward_rises_where_the_judge_stands_still(dataset):
    experiment = spiral(
        "optimizers.discriminator={name: sgd, learning_rate: 1e-9}",
        "optimizers.generator={name: adam, learning_rate: 0.02}",
        "train.batch_size=32",
    )
    game, logs = played(experiment, dataset, 1, steps=60)
    # A judge that has learned nothing, of all 4 096 programs: as the painter began, and the best.
    ids = tf.constant(list(itertools.product(range(4), repeat=6)))
    judge = game.gan.networks["discriminator"]
    worth = judge({"sample": game.gan.round.canvas.seen(ids)})["logits"].numpy()
    reached = np.mean(logs["reward"]) - worth.mean()
    assert reached > 0.3 * (worth.max() - worth.mean()) > 0.0


@pytest.mark.integration
def test_one_and_two_replicas_play_alike_on_the_same_symbols(dataset, monkeypatch):
    """What is drawn amplifies the last bit; so symbols follow from the keys alone here."""

    def forced(cell, keys, length, *, temperature=None):
        return tf.cast(4.0 * randomness.uniform(keys, length), tf.int32)

    monkeypatch.setattr(sequences, "write", forced)
    experiment = spiral(
        "optimizers.generator={name: sgd, learning_rate: 0.01}",
        "optimizers.discriminator={name: sgd, learning_rate: 0.01}",
    )
    one, two = (played(experiment, dataset, replicas, steps=3)[0].gan for replicas in (1, 2))
    for name, network in one.networks.items():
        for a, b in zip(network.variables, two.networks[name].variables, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("prior=gaussian", "prior.name: received 'gaussian' with the round 'programs'"),
        ("condition=label", "condition.name: received 'label' with the round 'programs'"),
        ("wrappers=[pack]", "wrappers: received some with the round 'programs'"),
        ("network=mlp", "networks.generator: received 'mlp', which has no cell"),
        ("round.width=2.0", "round.width: received 2 with data.source.width=1.5"),
    ],
)
def test_what_it_cannot_go_with_is_refused(override, sentence):
    with pytest.raises(ConfigError, match=sentence):
        spiral(override)


def test_pictures_that_strokes_cannot_paint_are_refused():
    experiment = spiral("data.source={name: photographs, side: 8}")
    with pytest.raises(ConfigError, match="but it paints grey squares"):
        assemble(experiment, loading.load(experiment.data).spec)
