"""Games of the lab: played by the library, watched, and differentiated."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.game.roles import DISCRIMINATOR
from trainer.lab import dirac
from trainer.lab.playing import LabGame, drawn_from, gaussian, nothing, uniform
from trainer.randomness import Noise


def noise(rows=2000, step=0):
    return Noise(0, tf.constant(step, tf.int64), tf.range(rows, dtype=tf.int64))


def sigmoid(a):
    return 1.0 / (1.0 + np.exp(-a))


def test_the_descent_is_the_field_of_the_losses():
    """Minimax with R1: θ' = σ(ψθ) ψ and ψ' = -σ(ψθ) θ - γψ, the real point at zero."""
    made = dirac.game({"penalties": [{"name": "r1", "gamma": 0.7}]})
    theta, psi = 0.8, -0.6
    share = sigmoid(psi * theta)
    expected = [share * psi, -share * theta - 0.7 * psi]
    found = made.descent(tf.constant([theta, psi]))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_asking_for_it_moves_nobody():
    made = dirac.game({})
    made.place([0.3], [0.4])
    made.descent(tf.constant([1.0, 1.0]))
    made.eigenvalues([0.0, 0.0])
    np.testing.assert_allclose([float(v.numpy().item()) for v in made.variables], [0.3, 0.4])


def test_steps_are_those_of_the_library_in_turns_and_go_on_from_call_to_call():
    """SGD at h = .2: ψ first, then θ against the new ψ."""
    made = dirac.game({})
    made.place([1.0], [1.0])
    path = np.concatenate([made.play(2), made.play(1)])
    theta, psi = 1.0, 1.0
    for row in path:
        psi -= 0.2 * sigmoid(psi * theta) * theta
        theta += 0.2 * sigmoid(psi * theta) * psi
        np.testing.assert_allclose(row, [theta, psi], atol=1e-5)


def test_a_side_may_stand_still():
    made = LabGame(dirac.BASE, gaussian([0.0], [0.0]), size=1, moving=[DISCRIMINATOR])
    made.place([1.0], [1.0])
    path = made.play(3)
    assert (path[:, 0] == 1.0).all() and (np.diff(path[:, 1]) < 0.0).all()
    assert int(made.gan.step) == 3


def test_real_examples_are_what_they_are_said_to_be():
    normal = gaussian([1.0, -2.0], [0.5, 2.0])(noise(), 3).numpy()
    assert normal.shape == (2000, 3, 2)
    np.testing.assert_allclose(normal.mean(axis=(0, 1)), [1.0, -2.0], atol=0.1)
    np.testing.assert_allclose(normal.std(axis=(0, 1)), [0.5, 2.0], rtol=0.05)
    flat = uniform(-0.5, 1.5)(noise(), 1).numpy()
    assert flat.shape == (2000, 1, 1) and flat.min() > -0.5 and flat.max() < 1.5
    assert flat.mean() == pytest.approx(0.5, abs=0.05)
    table = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], np.float32)
    rows = drawn_from(table)(noise(), 2).numpy().reshape(-1, 2)
    found, counts = np.unique(rows, axis=0, return_counts=True)
    np.testing.assert_array_equal(found, table)
    assert counts.min() > 1000


def test_real_examples_are_others_in_every_step():
    real = gaussian([0.0], [1.0])
    assert np.abs(real(noise(4), 1) - real(noise(4, step=1), 1)).min() > 1e-4


def test_samples_and_logits_are_those_of_the_players_now():
    made = LabGame(
        {**dirac.BASE, "train": {"batch_size": 1, "ema_decay": 0.0}},
        gaussian([0.0], [0.0]),
        size=1,
        watch=nothing,
    )
    made.place([0.7], [0.5])
    np.testing.assert_allclose(made.logits(np.array([[1.0], [-2.0]])), [0.5, -1.0])
    assert made.play(1).shape == (1, 0)
    theta = made.variables[0].numpy().item()
    np.testing.assert_allclose(made.samples(3), np.full((3, 1), theta), atol=1e-6)


def test_the_discriminator_may_take_turns_ahead_of_each_step():
    """With k - 1 of them a step is a round of k turns, where nothing is random."""
    several = {"round": {"name": "ordinary", "discriminator_turns": 3}}
    plain, rounds = dirac.game({}), dirac.game(several)
    for made in (plain, rounds):
        made.place([1.0], [1.0])
    np.testing.assert_allclose(plain.play(2, ahead=2), rounds.play(2), atol=1e-6)
    assert int(plain.gan.step) == 6 and int(rounds.gan.step) == 2


def test_a_game_begins_again_where_it_began():
    made = LabGame(
        {"network": {"name": "mlp", "units": [4]}, "train": {"batch_size": 4}},
        gaussian([0.0], [1.0]),
        size=1,
    )
    first = made.play(3)
    made.begin_again()
    np.testing.assert_array_equal(made.play(3), first)
