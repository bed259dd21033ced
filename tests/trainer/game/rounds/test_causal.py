"""Causal InfoGAN: what a step of the codes is, what is lost, and what a run is measured by."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tests.playing import played
from trainer.config.recipe import load_experiment
from trainer.data import loading, pipeline
from trainer.errors import ConfigError
from trainer.evaluation.workflow import evaluate_path
from trainer.game.assembly import assemble
from trainer.game.rounds.causal import turned_round
from trainer.randomness import Noise
from trainer.training import train

TINY = (
    "round={name: causal, information: 0.3, locality: 0.1}",
    "devices.steps_per_execution=1",
    "data.source={name: rooms, side: 3, pairs: 100}",
    "network={name: mlp, units: [8]}",
    "train.batch_size=8",
    "export.searches=[{name: plan, frames: 4, path_steps: 2}]",
)


def causal(*overrides):
    return load_experiment("causal-infogan-rooms", [*TINY, *overrides])


@pytest.fixture(scope="module")
def dataset():
    return loading.load(causal().data)


@pytest.fixture(scope="module")
def game(dataset):
    return assemble(causal(), dataset.spec)


@pytest.fixture(scope="module")
def turn(game, dataset):
    """A batch, its noise and what the fakes are made from."""
    batch = next(iter(pipeline.batches(dataset.train, batch_size=8, turns=1, seed=0)))
    noise = Noise(0, tf.constant(1, tf.int64), batch["position"])
    round_ = game.gan.round
    seen = {name: batch[name][:, 0] for name in ("sample", "next")}
    return round_.conditioned(round_.given(seen, noise), game.gan.players)


def test_codes_turn_round_at_the_ends_of_their_range():
    numbers = tf.constant([-1.0, 0.0, 0.3, 1.0, 1.2, -1.2, 3.0, -2.5])
    expected = [-1.0, 0.0, 0.3, 1.0, 0.8, -0.8, -1.0, 0.5]
    np.testing.assert_allclose(turned_round(numbers), expected, atol=1e-6)


def test_a_step_moves_the_code_by_the_learned_deviation_and_keeps_the_noise(game, turn):
    latent, after = turn["latent"].numpy(), turn["next_latent"].numpy()
    np.testing.assert_array_equal(after[:, :2], latent[:, :2])
    network = game.gan.networks["transition"]
    log_deviation = network({"code": latent[:, 2:]})["log_deviation"].numpy()
    moved = latent[:, 2:] + 0.2 * 4.0 ** np.tanh(log_deviation) * turn["step"].numpy()
    np.testing.assert_allclose(after[:, 2:], turned_round(moved), atol=1e-6)


def test_what_is_lost_beside_the_game_by_hand(game, turn):
    gan = game.gan
    fake = gan.round.fake(gan.players, turn)
    np.testing.assert_allclose(
        fake["next"], gan.players["generator"]({"latent": turn["next_latent"]})["sample"]
    )
    lost = gan.round.further(gan.players, fake, turn)
    codes = [turn[name].numpy()[:, 2:] for name in ("latent", "next_latent")]
    unknown = 0.0
    for code, name in zip(codes, ("sample", "next"), strict=True):
        read = gan.networks["encoder"]({"sample": fake[name]})["code"].numpy()
        squares = np.square(code - read)
        unknown = unknown + 0.5 * (squares + math.log(2.0 * math.pi)).sum(axis=1)
    np.testing.assert_allclose(lost.losses["information_loss"], 0.3 * unknown, rtol=1e-4)
    squares = np.square(codes[1] - codes[0]).sum(axis=1)
    np.testing.assert_allclose(lost.losses["locality_loss"], 0.1 * squares, rtol=1e-4)


def test_how_unlikely_a_step_is(game):
    live = game.live
    latent, after = np.zeros((1, 4), np.float32), np.array([[9.0, 9.0, 0.1, -0.2]], np.float32)
    found = live.run("transition", {"latent": latent, "next_latent": after})["surprise"]
    network = game.live.networks["transition"]
    sigma = 0.2 * 4.0 ** np.tanh(network({"code": latent[:, 2:]})["log_deviation"].numpy())
    density = 0.5 * np.square(after[:, 2:] / sigma) + np.log(sigma) + 0.5 * math.log(2 * math.pi)
    np.testing.assert_allclose(found, density.sum(axis=1), rtol=1e-5)
    assert "score" not in live.signatures and not live.signatures["transition"].exported


@pytest.mark.integration
def test_one_and_two_replicas_play_alike(dataset):
    experiment = causal(
        "optimizers.generator={name: sgd, learning_rate: 0.01}",
        "optimizers.discriminator={name: sgd, learning_rate: 0.01}",
    )
    one, two = (played(experiment, dataset, replicas, steps=3)[0].gan for replicas in (1, 2))
    for name, network in one.networks.items():
        for a, b in zip(network.variables, two.networks[name].variables, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6)


@pytest.mark.integration
def test_plans_of_a_run_are_measured(tmp_path):
    train(causal("train.steps=2", "evaluate.every=null"), tmp_path / "run", progress=False)
    metrics = ("evaluate.metrics=[{name: feasibility, plans: 4}]", "evaluate.extractor=raw")
    (evaluation,) = evaluate_path(str(tmp_path / "run"), metrics).evaluations
    found = {number.key: number.value for number in evaluation.numbers}
    assert found.keys() >= {"feasible_transitions", "feasible_plans"}
    assert all(0.0 <= value <= 1.0 for value in found.values())


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("prior.continuous=0", "prior: received .* with the round 'causal'"),
        ("prior.categorical=[3]", "prior: received .* with the round 'causal'"),
        ("condition=label", "condition.name: received 'label' with the round 'causal'"),
        ("wrappers=[pack]", "wrappers: received 'pack' with the round 'causal'"),
        ("export.searches=[{name: plan, judge: 0.1}]", "received 'plan' with judge=0.1"),
    ],
)
def test_what_it_cannot_go_with_is_refused(override, sentence):
    with pytest.raises(ConfigError, match=sentence):
        causal(override)


def test_data_without_a_next_observation_is_refused(digits):
    with pytest.raises(ConfigError, match="this game needs one called next"):
        assemble(causal(), digits.spec)
