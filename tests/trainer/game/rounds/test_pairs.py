"""BiGAN's round: who moves, what is judged, and what it offers."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from trainer.data import pipeline
from trainer.game.assembly import assemble
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


def test_a_step_moves_all_three_and_both_averages(game, digits):
    gan = game.gan
    networks = {**gan.networks, **{f"average {n}": m for n, m in gan.averages.items()}}
    assert set(networks) == {
        "generator",
        "encoder",
        "discriminator",
        "average generator",
        "average encoder",
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


def test_the_encoders_statistics_come_from_training_examples(game):
    encoder = game.live.networks["encoder"].model
    moving = [v for v in encoder.non_trainable_variables if "moving" in v.path]
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
