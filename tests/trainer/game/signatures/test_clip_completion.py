"""`complete_clip`, on a linear generator of pictures."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from tests.trainer.game.searches import linear
from trainer import catalogue
from trainer.config.recipe import load_experiment
from trainer.errors import ConfigError
from trainer.game.searches import terms
from trainer.game.signatures.clip_completion import clip_completion

ADAM = catalogue.Adam(learning_rate=0.1, beta_1=0.9)
SEEDS = np.array([5, 6])
_RANDOM = np.random.default_rng(1)
# Latents that move slowly along two clips of five frames.
LATENTS = 0.5 * _RANDOM.normal(size=(2, 1, 4)) + 0.05 * np.arange(5)[:, None]
TOP = np.zeros((2, 5, 4, 4, 1), np.uint8)
TOP[:, :, :2] = 1


def _options(**options):
    plain = {"weights": "alike", "judge": 0.0, "optimizer": ADAM, "start": "random"}
    return catalogue.CompleteClip(**plain | {"frames": 5, "group": 2} | options)


def _asked(options, clip, mask=TOP, **given):
    (signature,) = clip_completion(options, linear.subject(**given)).values()
    outputs = signature.function(
        clip=tf.constant(clip), mask=tf.constant(mask), seed=tf.constant(SEEDS)
    )
    assert set(outputs) == set(signature.outputs) == {"clip", "loss"}
    return {name: tensor.numpy() for name, tensor in outputs.items()}


def _stored(latents):
    pictures = linear.pictures(latents).reshape(*latents.shape[:-1], 4, 4, 1)
    return np.clip(np.rint(127.5 * pictures + 127.5), 0, 255).astype(np.uint8)


CLIPS = _stored(LATENTS)


def test_consistency_counts_every_pair_once():
    group = tf.constant([[[1.0, 0.0], [3.0, 1.0], [1.0, -1.0]]])
    # |1 - 2| pairs: (2 + 1) + (0 + 1) + (2 + 2).
    np.testing.assert_allclose(terms.consistency(group), [8.0])
    np.testing.assert_array_equal(terms.consistency(tf.ones([3, 4, 2])), [0.0, 0.0, 0.0])


def test_fillings_are_compared_where_both_frames_miss_them():
    # Two pixels of three frames; the second one is known in the first frame.
    made = tf.reshape(tf.constant([1.0, 5.0, 3.0, 0.0, 0.0, -1.0]), [1, 3, 1, 2, 1])
    known = tf.reshape(tf.constant([0.0, 1.0, 0.0, 0.0, 0.0, 0.0]), [1, 3, 1, 2, 1])
    # |1 - 3| + |1 - 0| + |3 - 0| of the first pixel, |0 + 1| of the second.
    np.testing.assert_allclose(terms.filling_consistency(made, known), [7.0])
    alike = tf.ones_like(made)
    np.testing.assert_array_equal(terms.filling_consistency(alike, known), [0.0])
    np.testing.assert_array_equal(terms.filling_consistency(made, alike), [0.0])


@pytest.mark.integration
def test_what_is_missing_of_known_frames_is_found():
    options = _options(steps=150, group_steps=100, consistency=0.0)
    holed = np.where(TOP, CLIPS, 0).astype(np.uint8)
    found = _asked(options, holed)
    np.testing.assert_array_equal(found["clip"][:, :, :2], CLIPS[:, :, :2])
    assert np.abs(found["clip"].astype(int) - CLIPS).max() <= 16


def test_every_group_begins_where_the_one_before_it_ended():
    """Without steps of groups all frames are filled from the latent of the first frame."""
    found = _asked(_options(steps=150, group_steps=0), CLIPS, 0 * TOP)
    assert (found["clip"] == found["clip"][:, :1]).all()
    first = _asked(_options(steps=0, group_steps=0), CLIPS, 0 * TOP)
    drawn = np.asarray(linear.subject().drawn(tf.constant(SEEDS)))
    np.testing.assert_array_equal(first["clip"][:, 4], _stored(drawn))


@pytest.mark.integration
@pytest.mark.parametrize("consistent", ["latents", "fillings"])
def test_consistency_draws_a_group_together(consistent):
    """Far above the data's weight a group of all frames has one latent, or one filling."""
    options = {"steps": 50, "group": 5, "group_steps": 150, "consistent": consistent}
    tight, loose = (
        _asked(_options(consistency=weight, **options), CLIPS)["clip"][:, :, 2:].astype(int)
        for weight in (50.0, 0.0)
    )
    assert np.abs(np.diff(tight, axis=1)).max() < np.abs(np.diff(loose, axis=1)).max()
    assert np.abs(np.diff(tight, axis=1)).max() <= 8


def test_what_lies_in_the_hole_is_not_looked_at_and_nothing_missing_stays():
    options = _options(steps=5, group_steps=3, structure=0.5, weights="missing", start="nearest")
    one, other = (
        _asked(options, np.where(TOP, CLIPS, fill).astype(np.uint8))["clip"] for fill in (0, 255)
    )
    np.testing.assert_array_equal(one, other)
    whole = _asked(options, CLIPS, 0 * TOP + 1)
    np.testing.assert_array_equal(whole["clip"], CLIPS)


def test_a_clip_depends_on_itself_alone():
    options = _options(steps=5, group_steps=3)
    both = _asked(options, CLIPS)
    (signature,) = clip_completion(options, linear.subject()).values()
    alone = signature.function(
        clip=tf.constant(CLIPS[1:]), mask=tf.constant(TOP[1:]), seed=tf.constant(SEEDS[1:])
    )
    assert np.abs(alone["clip"][0].numpy().astype(int) - both["clip"][1]).max() <= 1
    np.testing.assert_allclose(alone["loss"], both["loss"][1:], rtol=1e-2)


def test_it_is_a_contract_and_refuses_single_frames_and_points():
    (signature,) = clip_completion(_options(), linear.subject()).values()
    kinds = {name: (field.kind, field.shape) for name, field in signature.inputs.items()}
    assert kinds == {
        "clip": ("clip", (5, 4, 4, 1)),
        "mask": ("mask", (5, 4, 4, 1)),
        "seed": ("seed", ()),
    }
    with pytest.raises(ConfigError, match="frames"):
        load_experiment("dcgan-digits", ["export.searches=[{name: complete_clip, frames: 1}]"])
    with pytest.raises(ConfigError, match="condition=image"):
        tiny("pix2pix-digits", "export.searches=[complete_clip]")
