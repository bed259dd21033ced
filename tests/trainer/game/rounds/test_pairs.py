"""BiGAN's round: who moves, what is judged, and what it offers."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from tests.specs import spec_of
from trainer.config.recipe import load_experiment
from trainer.data import pipeline
from trainer.errors import ConfigError
from trainer.game.assembly import assemble, make_round
from trainer.randomness import Noise


@pytest.fixture(scope="module")
def game(digits):
    return assemble(
        tiny("bigan-digits", "objective=wasserstein", "optimizers.discriminator.clip_weights=1"),
        digits.spec,
        examples=digits.train,
    )


def _batch(digits, size=16):
    return next(iter(pipeline.batches(digits.train, batch_size=size, seed=0)))


def test_the_pairs_are_those_of_the_paper(game, digits):
    """Under the Wasserstein objective D's loss is E[D(G(z), z)] - E[D(x, E(x))]."""
    gan, batch = game.gan, _batch(digits)
    noise = Noise(gan.seed, tf.constant(0, tf.int64), batch["position"])
    z = gan.round.parts.prior.sample(noise.within("discriminator").keys("latent"))
    x = tf.cast(batch["sample"][:, 0], tf.float32) / 127.5 - 1.0
    made = gan.networks["generator"]({"latent": z}, training=True)["sample"]
    encoded = gan.networks["encoder"]({"sample": x}, training=True)["latent"]
    judge = gan.networks["discriminator"]
    fake = judge({"sample": made, "latent": z}, training=True)["logits"]
    real = judge({"sample": x, "latent": encoded}, training=True)["logits"]

    class Still:
        def minimise(self, side, turn):
            return turn()

    outcome = gan.play(batch, tf.constant(0, tf.int64), Still())
    np.testing.assert_allclose(
        outcome.losses["discriminator_loss"], fake - real, rtol=1e-4, atol=1e-5
    )
    # Generator and encoder play with real and fake exchanged, on latents of their own turn.
    assert outcome.losses["generator_loss"].shape == (16,)


def test_a_step_moves_all_three_and_their_averages(game, digits):
    gan = game.gan
    networks = {**gan.networks, **{f"average {n}": m for n, m in gan.averages.items()}}
    assert set(networks) == {
        "generator",
        "encoder",
        "discriminator",
        "average generator",
        "average encoder",
        "average discriminator",
    }
    before = {n: [v.numpy() for v in m.trainable_variables] for n, m in networks.items()}
    gan.train_step(_batch(digits))
    for name, model in networks.items():
        pairs = zip(before[name], model.trainable_variables, strict=True)
        assert any(not np.array_equal(a, b) for a, b in pairs), name


def test_encode_reconstruct_and_oddness_agree_with_one_another(game, digits):
    live = game.live
    live.refresh()
    images = digits.train["sample"][:5]
    latent = live.run("encode", {"image": images})["latent"]
    assert latent.shape == (5, 8) and latent.dtype == np.float32
    made = live.run("reconstruct", {"image": images})["image"]
    np.testing.assert_array_equal(made, live.run("decode", {"latent": latent})["image"])
    oddness = live.run("anomaly_score", {"image": images})["anomaly"]
    unrounded = live.run("decode_unrounded", {"latent": latent})["sample"]
    error = np.abs(images - unrounded).mean(axis=(1, 2, 3)) / 127.5
    judge, x = live.networks["discriminator"], images.astype(np.float32) / 127.5 - 1.0
    logits = judge({"sample": tf.constant(x), "latent": tf.constant(latent)})["logits"].numpy()
    np.testing.assert_allclose(
        oddness, 0.9 * error + 0.1 * np.log1p(np.exp(-logits)), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("role", ["encoder", "discriminator"])
def test_statistics_come_from_training_examples_and_their_latents(game, role):
    network = game.live.networks[role].model
    assert network is game.gan.averages[role]
    moving = [v for v in network.non_trainable_variables if "moving" in v.path]
    assert moving
    game.live.refresh()
    first = [v.numpy() for v in moving]
    assert any(np.abs(v).max() > 1e-3 for v in first)
    game.live.refresh()
    for a, b in zip(first, moving, strict=True):
        np.testing.assert_array_equal(a, b.numpy())


def test_oddness_by_features_is_the_papers(digits):
    live = assemble(
        tiny(
            "bigan-digits", "round={name: pairs, anomaly_distance: features, anomaly_weight: 0.3}"
        ),
        digits.spec,
        examples=digits.train,
    ).live
    live.refresh()
    images = digits.train["sample"][:5]
    x = tf.constant(images.astype(np.float32) / 127.5 - 1.0)
    z = live.networks["encoder"]({"sample": x})["latent"]
    made = live.networks["generator"]({"latent": z})["sample"]
    f, g = (
        live.networks["discriminator"]({"sample": s, "latent": z})["features"] for s in (x, made)
    )
    expected = 0.7 * np.abs(x - made).mean(axis=(1, 2, 3)) + 0.3 * np.abs(f - g).mean(axis=1)
    oddness = live.run("anomaly_score", {"image": images})["anomaly"]
    np.testing.assert_allclose(oddness, expected, rtol=1e-4, atol=1e-5)


# ---- Where the encoder inverts a linear generator, G(z) = A z ------------------------------------

A = tf.constant([[2.0, 1.0], [0.0, 0.5]])


class _Asked:
    """Updates that update nothing."""

    def minimise(self, side, turn):
        return turn()


def _linear_game(matrix, log_variance):
    """A round of points in the plane, and players that are linear: E(x) = matrix · x."""
    stochastic = log_variance is not None
    options = f"round={{name: pairs, stochastic: {str(stochastic).lower()}}}"
    experiment = tiny(
        "mlp-ring",
        options,
        "prior={name: gaussian, size: 2}",
        "objective=wasserstein",
        "optimizers.discriminator.clip_weights=1",
    )
    round_ = make_round(experiment, spec_of((2,), "float32", (-1.0, 1.0)))

    def encode(inputs, **_):
        mean = inputs["sample"] @ tf.transpose(matrix)
        if not stochastic:
            return {"latent": mean}
        return {"mean": mean, "log_variance": tf.fill(tf.shape(mean), log_variance)}

    def judge(inputs, **_):
        pair = tf.concat([inputs["sample"], inputs["latent"]], axis=-1)
        return {"logits": tf.reduce_sum(tf.sin(3.0 * pair), axis=-1) + pair[:, 0] * pair[:, 2]}

    made = {"generator": lambda inputs, **_: {"sample": inputs["latent"] @ tf.transpose(A)}}
    return round_, {**made, "encoder": encode, "discriminator": judge}


def _played(matrix, log_variance=None):
    round_, players = _linear_game(matrix, log_variance)
    noise = Noise(0, tf.constant(3, tf.int64), tf.range(32, dtype=tf.int64))
    z = round_.parts.prior.sample(noise.within("discriminator").keys("latent"))
    batch = {"sample": (z @ tf.transpose(A))[:, tf.newaxis]}
    return round_.play(players, batch, noise, _Asked()).losses["discriminator_loss"]


def test_at_the_optimum_no_judge_tells_the_pairs_apart():
    """E = A⁻¹ and examples that G makes: (x, E(x)) are the very pairs (G(z), z)."""
    inverse = tf.linalg.inv(A)
    np.testing.assert_allclose(_played(inverse), 0.0, atol=1e-5)
    np.testing.assert_allclose(_played(inverse, -60.0), 0.0, atol=1e-5)  # q narrows to a point
    for other in (_played(0.5 * inverse), _played(inverse, 0.0)):
        assert np.abs(other).max() > 0.1


def test_a_stochastic_encoder_trains_its_deviations_and_answers_with_its_means(digits):
    game = assemble(tiny("ali-digits"), digits.spec, examples=digits.train)
    encoder = game.gan.networks["encoder"]
    before = {v.path: v.numpy() for v in encoder.trainable_variables}
    game.gan.train_step(_batch(digits))
    moved = [path for path in before if not np.array_equal(before[path], _value(encoder, path))]
    assert len(moved) == len(before)
    game.live.refresh()
    images = digits.train["sample"][:3]
    x = tf.constant(images.astype(np.float32) / 127.5 - 1.0)
    answers = game.live.networks["encoder"]({"sample": x})
    assert set(answers) == {"mean", "log_variance"}
    found = game.live.run("encode", {"image": images})["latent"]
    np.testing.assert_allclose(found, answers["mean"], rtol=1e-4, atol=1e-5)
    assert np.isfinite(game.live.run("anomaly_score", {"image": images})["anomaly"]).all()


def _value(network, path):
    (found,) = [v for v in network.trainable_variables if v.path == path]
    return found.numpy()


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["prior=uniform"], "set prior=gaussian without codes"),
        (["prior.categorical=[3]"], "set prior=gaussian without codes"),
        (["prior=none"], "set gaussian or uniform"),
        (["wrappers=[pack]"], "asked about single samples"),
    ],
)
def test_what_it_cannot_use_is_refused(overrides, words):
    with pytest.raises(ConfigError, match=words):
        load_experiment("ali-digits", overrides)
