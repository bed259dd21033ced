"""SeqGAN: the policy gradient by enumeration, rewards, stages, replicas and texts."""

import copy
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.playing import played
from tests.trainer.game.test_sequences import chain
from trainer import randomness
from trainer.config.recipe import load_experiment
from trainer.data import loading, pipeline
from trainer.data.modalities import tokens
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game import sequences
from trainer.game.assembly import assemble
from trainer.game.players import Network, Player
from trainer.game.roles import DISCRIMINATOR, GENERATOR, Role
from trainer.game.rounds.policy import above_others, policy_losses

TINY = (
    "network={name: recurrent, embedding: 4, hidden: 4, widths: [1, 3, 20], filters: 3}",
    "round={name: policy, pretrain_generator: 2, pretrain_discriminator: 2, rollouts: 2}",
    "data.source={name: grammar, sentences: 200}",
    "train.batch_size=8",
    "devices.steps_per_execution=1",
)


def seqgan(*overrides):
    return load_experiment("seqgan-grammar", [*TINY, *overrides])


@pytest.fixture(scope="module")
def dataset():
    return loading.load(seqgan().data)


@pytest.fixture(scope="module")
def game(dataset):
    return assemble(seqgan(), dataset.spec)


def test_the_gradient_is_that_of_the_expected_reward():
    """Two steps of two symbols, every sequence weighed by its probability: no Monte Carlo."""
    cell = chain(np.log([0.3, 0.7]), np.log([[0.6, 0.4], [0.1, 0.9]]))
    weights = [v.value for v in cell.model.trainable_variables]
    ids = tf.constant(list(itertools.product((0, 1), repeat=2)))
    reward = tf.constant([0.2, 0.9, 0.5, 0.1])
    with tf.GradientTape(persistent=True) as tape:
        log_p = sequences.log_probabilities(cell, ids)
        p = tf.exp(tf.reduce_sum(log_p, axis=1))
        expected = tf.reduce_sum(p * reward)
        # Q of the first symbol: the mean over what may follow it.
        behind = tf.reshape(tf.exp(log_p[:, 1]) * reward, [2, 2])
        first = tf.repeat(tf.reduce_sum(behind, axis=1), 2)
        losses = policy_losses(log_p, tf.stack([first, reward], axis=1))
        loss = tf.reduce_sum(tf.stop_gradient(p) * losses)
    for exact, found in zip(
        tape.gradient(expected, weights), tape.gradient(loss, weights), strict=True
    ):
        np.testing.assert_allclose(found, -exact, atol=1e-6)
        assert np.abs(exact).max() > 1e-3


def test_a_baseline_of_the_others_leaves_the_expected_gradient():
    """Two sequences a batch, all sixteen pairs of four, each weighed by its probability."""
    assert above_others(tf.constant([[1.0, 2.0], [3.0, 2.0], [5.0, 8.0]])).numpy().tolist() == [
        [-3.0, -3.0],
        [0.0, -3.0],
        [3.0, 6.0],
    ]
    cell = chain(np.log([0.3, 0.7]), np.log([[0.6, 0.4], [0.1, 0.9]]))
    weights = [v.value for v in cell.model.trainable_variables]
    ids = tf.constant(list(itertools.product((0, 1), repeat=2)))
    rewards = tf.constant([[0.5, 0.2], [0.5, 0.9], [0.3, 0.5], [0.3, 0.1]])
    pairs = list(itertools.product(range(4), repeat=2))
    with tf.GradientTape(persistent=True) as tape:
        log_p = sequences.log_probabilities(cell, ids)
        p = tf.stop_gradient(tf.exp(tf.reduce_sum(log_p, axis=1)))
        plain = tf.reduce_sum(p * policy_losses(log_p, rewards))
        calmed = tf.add_n(
            [
                p[i]
                * p[j]
                * tf.reduce_mean(
                    policy_losses(
                        tf.gather(log_p, [i, j]), above_others(tf.gather(rewards, [i, j]))
                    )
                )
                for i, j in pairs
            ]
        )
    for a, b in zip(tape.gradient(plain, weights), tape.gradient(calmed, weights), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
        assert np.abs(a).max() > 1e-3


def test_rewards_of_a_hand_made_tree(game):
    """Behind 0 stands 1, behind 1 stands 2, behind 2 stands 0; the judge adds up what it sees."""
    sure = np.log(np.full((3, 3), 1e-20) + np.roll(np.eye(3), 1, axis=1))
    cell = chain(np.log([0.2, 0.3, 0.5]), sure)
    worth = np.array([[1.0, -1.0, 0.0], [0.5, 2.0, 0.0], [0.0, 1.0, -2.0]], np.float32)
    sequence = keras.Input((3, 3), name="sample")
    logits = keras.layers.Lambda(lambda x: tf.reduce_sum(x * worth, axis=[1, 2]))(sequence)
    judge = Network(
        keras.Model({"sample": sequence}, {"logits": logits}),
        Role("discriminator", DISCRIMINATOR, {}, {}),
    )
    there = copy.copy(game.gan.round)
    there.length, there.field = 3, Field((3,), "int32", "tokens", names=("a", "b", "c"))
    players = {
        "generator": Player(cell.model, Role("cell", GENERATOR, {}, {})),
        "discriminator": judge,
    }
    noise = randomness.Noise(0, tf.constant(1, tf.int64), tf.range(2, dtype=tf.int64))
    rewards = there.rewards(players, tf.constant([[0, 0, 1], [2, 1, 1]]), {}, noise)
    # 0 → 0 1 2, 0 0 → 0 0 1, and 0 0 1 itself; 2 → 2 0 1, 2 1 → 2 1 2, and 2 1 1 itself.
    scores = [[1.0 + 2.0 - 2.0, 1.0 + 0.5 + 1.0, 2.5], [0.0 + 0.5 + 1.0, 2.0 - 2.0, 2.0 + 1.0]]
    np.testing.assert_allclose(rewards, 1 / (1 + np.exp(-np.array(scores))), rtol=1e-5)


def test_rewards_are_what_the_judge_says_of_completions(game, dataset):
    gan, batch = game.gan, _batch(dataset)
    round_, noise = gan.round, randomness.Noise(0, tf.constant(7, tf.int64), batch["position"])
    ids = tf.constant(batch["sample"][:, 0])
    rewards = round_.rewards(gan.players, ids, {}, noise).numpy()
    assert rewards.shape == (8, 12) and rewards.min() > 0.0 and rewards.max() < 1.0
    judge = game.live.networks["discriminator"]

    def probability(rows):
        return tf.sigmoid(judge({"sample": tf.one_hot(rows, 22)})["logits"]).numpy()

    np.testing.assert_allclose(rewards[:, -1], probability(ids), rtol=1e-5)
    writer = gan.players["generator"].average
    completed = sequences.completions(writer, ids, noise.keys("complete"), 2)
    for t in (0, 10):
        means = np.mean([probability(completed[:, n, t]) for n in range(2)], axis=0)
        np.testing.assert_allclose(rewards[:, t], means, rtol=1e-5)


def test_every_stage_moves_its_side_alone(dataset):
    game = assemble(seqgan("round.discriminator_turns=2"), dataset.spec)
    gan, batch = game.gan, _batch(dataset, turns=2)
    assert gan.round.stages() == (2, 4)
    for stage, moved, watched in (
        (0, {"generator"}, {"negative_log_likelihood"}),
        (1, {"discriminator"}, {"discriminator_loss", "D(x)"}),
        (2, {"generator", "discriminator"}, {"generator_loss", "reward", "discriminator_loss"}),
    ):
        before = {n: [v.numpy() for v in m.trainable_variables] for n, m in gan.networks.items()}
        logs = gan.train_step(batch, stage=stage)
        assert watched <= logs.keys() and all(np.isfinite(float(v)) for v in logs.values())
        for name, network in gan.networks.items():
            pairs = zip(before[name], network.trainable_variables, strict=True)
            changed = any(not np.array_equal(a, v.numpy()) for a, v in pairs)
            assert changed is (name in moved), (stage, name)


def test_pretraining_learns_the_data(dataset):
    game = assemble(seqgan("optimizers.generator.learning_rate=0.03"), dataset.spec)
    step = tf.function(game.gan.train_step, autograph=False)
    batches = iter(pipeline.batches(dataset.train, batch_size=8, turns=1, seed=0))
    losses = [float(step(next(batches))["negative_log_likelihood"]) for _ in range(40)]
    # Twelve symbols of 22 that are equally likely.
    assert losses[0] == pytest.approx(12 * np.log(22), rel=0.05)
    assert np.mean(losses[-5:]) < 0.7 * losses[0]


@pytest.mark.integration
def test_one_and_two_replicas_play_alike_on_the_same_symbols(dataset, monkeypatch):
    """What is drawn amplifies the last bit; so symbols follow from the keys alone here."""

    def forced(cell, keys, length, *, forced=None, known=None, temperature=None, conditioning=None):
        ids = tf.cast(22.0 * randomness.uniform(keys, length), tf.int32)
        if forced is None:
            return ids
        return tf.where(tf.range(length)[tf.newaxis] < known[:, tf.newaxis], forced, ids)

    monkeypatch.setattr(sequences, "write", forced)
    one, two = (_weights_after(dataset, replicas) for replicas in (1, 2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def _weights_after(dataset, replicas):
    experiment = seqgan(
        "optimizers.generator={name: sgd, learning_rate: 0.01}",
        "optimizers.discriminator={name: sgd, learning_rate: 0.01}",
    )
    game, _ = played(experiment, dataset, replicas, steps=3, stages=(0, 2))
    return [v.numpy() for n in game.gan.networks.values() for v in n.variables]


def test_a_text_depends_on_its_seed_alone(game):
    live = game.live
    texts = live.run("generate", {"seed": np.arange(70)})["text"]
    assert len(set(texts)) > 60
    for seed in (0, 33, 69):
        function = live.signatures["generate"].function
        assert function(seed=tf.constant([seed], tf.int64))["text"].numpy()[0] == texts[seed]
    seeds = {"seed": np.arange(70), "temperature": np.ones(70, np.float32)}
    np.testing.assert_array_equal(live.run("generate_tempered", seeds)["text"], texts)
    cold = live.run("generate_tempered", seeds | {"temperature": np.zeros(70, np.float32)})
    assert len(set(cold["text"])) == 1


def test_texts_end_before_the_first_end():
    words = Field((4,), "int32", "tokens", names=("<end>", "the", "cat"))
    ids = tf.constant([[1, 2, 0, 1], [0, 1, 1, 1], [2, 1, 2, 1]])
    assert tokens.text(ids, words).numpy().tolist() == [b"the cat", b"", b"cat the cat the"]
    letters = Field((4,), "int32", "tokens", names=("<end>", "a", " "), about={"separator": ""})
    assert tokens.text(ids, letters).numpy().tolist() == [b"a ", b"", b" a a"]


def _batch(dataset, turns=1):
    return next(iter(pipeline.batches(dataset.train, batch_size=8, turns=turns, seed=0)))


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("prior=gaussian", r"prior.name: received 'gaussian' with the round 'policy'"),
        ("condition=label", r"condition.name: received 'label' with the round 'policy'"),
        ("wrappers=[pack]", r"wrappers: received some with the round 'policy'"),
        ("network=mlp", r"networks.generator: received 'mlp', which has no cell"),
        ("devices.steps_per_execution=4", r"round.pretrain_generator: received 2.*multiple"),
    ],
)
def test_what_it_cannot_go_with_is_refused(override, sentence):
    with pytest.raises(ConfigError, match=sentence):
        seqgan(override)


def test_data_of_another_kind_is_refused(digits):
    with pytest.raises(ConfigError, match=r"round: received 'policy' with samples of kind 'image'"):
        assemble(seqgan(), digits.spec)
