"""Jitter: pictures of one row are moved alike, maps keep their classes, positions say how."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.config.experiment import Data
from trainer.config.recipe import load_experiment
from trainer.data import loading
from trainer.data.examples import DataSpec
from trainer.data.jitter import Jitter
from trainer.data.pipeline import batches
from trainer.errors import ConfigError
from trainer.fields import Field

PICTURES = np.random.RandomState(0).randint(0, 256, (6, 5, 4, 3)).astype(np.uint8)


@pytest.mark.parametrize("is_map", [False, True])
def test_a_part_of_the_enlarged_picture_begins_at_its_own_place(is_map):
    u = tf.constant([[0.0, 0.0], [0.99, 0.99], [0.0, 0.99], [0.5, 0.0], [0.3, 0.7], [0.8, 0.2]])
    moved = Jitter(2, {"x": is_map})({"x": tf.constant(PICTURES)}, u)["x"]
    assert moved.dtype == tf.uint8 and moved.shape == PICTURES.shape
    method = "nearest" if is_map else "bilinear"
    large = np.round(tf.image.resize(PICTURES, (7, 6), method)).astype(np.uint8)
    for row, (down, across) in enumerate(np.floor(u.numpy() * 3).astype(int)):
        expected = large[row, down : down + 5, across : across + 4]
        np.testing.assert_array_equal(moved[row], expected)


def test_a_clip_is_moved_as_a_whole():
    clip = tf.constant(np.repeat(PICTURES[:, np.newaxis], 3, axis=1))
    u = tf.random.stateless_uniform([6, 2], [1, 2])
    jitter = Jitter(3, {"x": False})
    moved, alone = jitter({"x": clip}, u)["x"], jitter({"x": tf.constant(PICTURES)}, u)["x"]
    np.testing.assert_array_equal(moved, np.repeat(alone[:, np.newaxis], 3, axis=1))


def test_pairs_stay_pairs_and_draws_are_functions_of_their_positions():
    source = {"name": "digit_pairs", "input": "negative"}
    dataset = loading.load(Data(source=source, jitter=2))
    jitter = Jitter.of(dataset.spec, Data(source=source, jitter=2))
    options = {"batch_size": 32, "seed": 5, "flip": dataset.spec.images}
    first, second = list(batches(dataset.train, jitter=jitter, **options).take(2))
    (again,) = batches(dataset.train, jitter=jitter, start_step=1, **options).take(1)
    np.testing.assert_array_equal(second["sample"], again["sample"])
    # A half is rounded to the even number, of a picture and of its negative.
    gap = first["image"].numpy().astype(int) - (255 - first["sample"].numpy().astype(int))
    assert np.abs(gap).max() <= 1
    (plain,) = batches(dataset.train, **options).take(1)
    np.testing.assert_array_equal(plain["label"], first["label"])
    changed = (plain["sample"].numpy() != first["sample"].numpy()).any(axis=(1, 2, 3, 4))
    assert changed.all()


def test_what_cannot_be_jittered():
    fields = {"image": Field((4, 4, 1), kind="image"), "sample": Field((8, 8, 1), kind="image")}
    with pytest.raises(ConfigError, match=r"data.jitter: received 1 .*image 4x4 and sample 8x8"):
        Jitter.of(DataSpec(fields, "", 2), Data(jitter=1))
    assert Jitter.of(DataSpec(fields, "", 2), Data()).fields == {}
    with pytest.raises(ConfigError, match=r"data.jitter: received 2 with data.source=ring"):
        loading.load(Data(source="ring", jitter=2))
    with pytest.raises(ConfigError, match=r"data.jitter: received 2 with the round 'latent"):
        load_experiment("glo-digits", ["data.jitter=2"])
