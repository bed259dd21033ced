"""Styles: path lengths where they are known, mixing, truncation, and their state."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.game.wrappers.games import built, weights
from trainer import randomness
from trainer.config.recipe import load_experiment
from trainer.errors import ConfigError
from trainer.game.rounds.style_based import path_lengths, repeated
from trainer.randomness import Noise

SMALL = (
    "network={name: stylegan2, base_filters: 2, max_filters: 4, smallest: 4, style: 3, "
    "mapping_layers: 1}",
    "prior.size=3",
    "penalties=[]",
    "train.batch_size=8",
)


@pytest.fixture(scope="module")
def playing():
    return built("stylegan2-digits", *SMALL, "round.path_length_every=2", "round.mixing=1.0")


def _noise(step, rows=8):
    return Noise(0, tf.constant(step, tf.int64), tf.range(rows, dtype=tf.int64))


def test_path_lengths_of_a_linear_generator_are_known():
    """G(w) = A w: the slope is Aᵀ y, whatever w is, and the mean over layers is of its squares."""
    matrix = tf.random.stateless_normal([2 * 3, 4 * 4], [0, 1])

    def make(styles):
        return tf.reshape(tf.reshape(styles, [-1, 6]) @ matrix, [-1, 4, 4, 1])

    keys = randomness.key_of(tf.constant([5, 6, 7], tf.int64), "direction")
    styles = tf.random.stateless_normal([3, 2, 3], [0, 2])
    y = randomness.normal(keys, 16).numpy() / 4.0
    slopes = (y @ matrix.numpy().T).reshape(3, 2, 3)
    expected = np.sqrt(np.square(slopes).sum(axis=2).mean(axis=1))
    np.testing.assert_allclose(path_lengths(make, styles, keys), expected, rtol=1e-5)
    with tf.GradientTape() as tape:
        tape.watch(matrix)
        total = tf.reduce_sum(path_lengths(make, styles, keys))
    assert np.abs(tape.gradient(total, matrix)).max() > 0.0


def test_lengths_are_played_in_every_other_step_and_their_mean_follows(playing):
    game, batches = playing
    gan = game.gan
    assert float(gan.round.state["path_length"]) == 0.0
    first = gan.train_step(next(batches))
    length = float(first["path_length"])
    assert length > 0.0
    # Twice the weight of 2, of the squared distance to a mean of nothing.
    assert float(first["generator_path_length"]) >= 4.0 * length**2 * (1.0 - 1e-5)
    assert float(gan.round.state["path_length"]) == pytest.approx(0.01 * length, rel=1e-5)
    second = gan.train_step(next(batches))
    assert float(second["generator_path_length"]) == 0.0
    assert float(gan.round.state["path_length"]) == pytest.approx(0.01 * length, rel=1e-5)
    assert {"mapping", "generator"} <= gan.averages.keys()


def test_layers_from_the_crossover_on_follow_the_other_latent(playing):
    game, _ = playing
    round_, players = game.gan.round, game.gan.players
    given = dict(round_.given({}, _noise(0)))
    assert set(np.unique(given["crossover"])) <= set(range(1, round_.layers))
    seen = []

    class Recorder:
        def __call__(self, inputs, **options):
            seen.append(inputs["styles"])
            return {"sample": inputs["styles"]}

    round_.fake({**players, "generator": Recorder()}, given)
    mapping = players["mapping"]
    own = repeated(mapping(given)["style"], round_.layers)
    other = repeated(mapping({**given, "latent": given["other"]})["style"], round_.layers)
    for row, crossover in enumerate(given["crossover"].numpy()):
        np.testing.assert_allclose(seen[0][row, :crossover], own[row, :crossover], rtol=1e-5)
        np.testing.assert_allclose(seen[0][row, crossover:], other[row, crossover:], rtol=1e-5)


def test_truncation_goes_from_the_sample_to_the_average_one(playing):
    live = playing[0].live
    live.refresh()
    seeds = np.arange(6)
    whole = live.run("generate", {"seed": seeds})["image"].astype(int)

    def drawn(share):
        shares = np.full(6, share, np.float32)
        return live.run("generate_truncated", {"seed": seeds, "truncation": shares})["image"]

    assert np.abs(drawn(1.0).astype(int) - whole).max() <= 1
    # Noise inputs have hardly any strength yet, so the average style is one picture.
    average = drawn(0.0).astype(int)
    assert np.abs(average - average[:1]).max() <= 5
    mean = live.networks["mapping"].model.get_layer("style").moving_mean.numpy()
    latents = live.run("latents", {"seed": np.arange(2000)})["latent"]
    styles = live.networks["mapping"](
        {"latent": tf.constant(latents), "truncation": tf.ones(2000)}
    )["style"]
    np.testing.assert_allclose(mean, np.mean(styles, axis=0), atol=0.1)
    assert live.signatures["generate_truncated"].inputs["truncation"].range == (0.0, 1.0)


def test_a_sample_of_two_latents_goes_from_the_one_to_the_other(playing):
    """Two layers at 4x4 and two at 8x8: from none of the other's to all of them."""
    live = playing[0].live
    live.refresh()
    latent, other = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    layers = np.arange(5)
    asked = {"latent": latent, "other": other, "layer": layers}
    made = live.run("decode_mixed", asked)["image"].astype(int)
    ends = [live.run("decode", {"latent": x})["image"].astype(int) for x in (other, latent)]
    assert np.abs(made[0] - ends[0][0]).max() <= 1 and np.abs(made[4] - ends[1][4]).max() <= 1
    both = [np.abs(made[1:4] - end[1:4]).max(axis=(1, 2, 3)) for end in ends]
    assert (np.array(both) > 0).all()
    assert live.signatures["decode_mixed"].inputs["layer"].range == (0.0, 4.0)


def test_every_weight_learns(playing):
    game, batches = playing
    before = {name: weights(game.gan, name) for name in ("mapping", "generator")}
    game.gan.train_step(next(batches))
    for name, old in before.items():
        moved = [
            not np.array_equal(a, b) for a, b in zip(old, weights(game.gan, name), strict=True)
        ]
        assert all(moved), name


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["network=dcgan"], "'dcgan' with the round 'style_based'"),
        (["prior=none"], "prior.name: received 'none' with the round 'style_based'"),
        (["condition={name: derived}"], "whose generator is conditioned through styles"),
        (["terms=[mode_seeking]"], "by latents, not by styles"),
    ],
)
def test_impossible_combinations_are_refused(overrides, sentence):
    with pytest.raises(ConfigError, match=sentence):
        load_experiment("stylegan2-digits", overrides)
