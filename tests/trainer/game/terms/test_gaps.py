"""Constraint and soft histogram of gaps, by hand and beside numpy."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.game.turns import turn_of
from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.terms.gaps import GapHistogram, Penetration, soft_histogram

CHANNELS = ("prepared", "opposing", "region")


def _parts(names=CHANNELS):
    image = Field((1, 4, len(names)), "uint8", "image", (0.0, 255.0), names=names)
    return SimpleNamespace(spec=SimpleNamespace(fields={"image": image}))


def _turn(made, opposing, region, truth=None):
    """Heights on [0, 1] of four pixels, as the players see them."""
    fake = tf.reshape(2.0 * tf.constant([made]) - 1.0, [1, 1, 4, 1])
    own = fake if truth is None else tf.reshape(2.0 * tf.constant([truth]) - 1.0, [1, 1, 4, 1])
    rows = tf.constant([[0.0] * 4, opposing, region])
    image = tf.reshape(2.0 * tf.transpose(rows) - 1.0, [1, 1, 4, 3])
    batch = {"sample": own, "image": image}
    return turn_of(lambda sample: tf.zeros([1]), None, fake, batch=batch)


MADE, OPPOSING, REGION = [0.5, 0.75, 0.5, 0.9], [0.6, 0.5, 0.5, 0.1], [1.0, 1.0, 1.0, 0.0]


def test_only_what_passes_through_within_the_region_counts():
    """Gaps .1, -.25 and 0 of three pixels; the fourth lies outside the region."""
    turn = _turn(MADE, OPPOSING, REGION)
    term = Penetration(catalogue.Penetration(weight=12.0), _parts())
    assert term.generator(turn).numpy() == pytest.approx([12 * 0.25 / 3], rel=1e-5)
    wide = Penetration(catalogue.Penetration(weight=12.0, margin=0.05), _parts())
    assert wide.generator(turn).numpy() == pytest.approx([12 * (0.3 + 0.05) / 3], rel=1e-5)


def test_without_a_region_all_pixels_count():
    turn = _turn(MADE, OPPOSING, REGION)
    turn.batch["image"] = turn.batch["image"][..., :2]
    term = Penetration(catalogue.Penetration(weight=4.0), _parts(CHANNELS[:2]))
    assert term.generator(turn).numpy() == pytest.approx([4 * (0.25 + 0.8) / 4], rel=1e-5)


def test_the_soft_histogram_is_numpys_as_its_steps_become_sharp():
    random = np.random.RandomState(0)
    values = random.uniform(-0.2, 0.6, (3, 200)).astype(np.float32)
    counted = (random.uniform(size=values.shape) < 0.7).astype(np.float32)
    edges = np.linspace(0.0, 0.4, 9)
    off = []
    for width in (1e-2, 1e-3, 1e-7):
        soft = soft_histogram(tf.constant(values), tf.constant(counted), edges, width).numpy()
        np.testing.assert_allclose(soft.sum(axis=1), 1.0, rtol=1e-5)
        sharp = [
            np.histogram(row[own > 0], [-np.inf, *edges, np.inf])[0] / own.sum()
            for row, own in zip(values, counted, strict=True)
        ]
        off.append(np.abs(soft - sharp).max())
    assert off[0] > off[1] > off[2] and off[2] < 1e-6


def test_the_soft_histogram_has_a_derivative_where_numpys_has_none():
    values = tf.constant([[0.02]])
    with tf.GradientTape() as tape:
        tape.watch(values)
        (shares,) = soft_histogram(values, tf.ones([1, 1]), np.array([0.0]), 0.01)
        below = shares[0]
    # 1 - σ(2), and its derivative -σ(2)(1 - σ(2)) / w.
    assert float(below) == pytest.approx(1.0 - 0.8807971, rel=1e-5)
    assert tape.gradient(below, values).numpy() == pytest.approx(-10.49936, rel=1e-4)


def test_histograms_are_compared_bin_by_bin_with_the_first_ones_first():
    """Bins below 0, up to .1, up to .2 and beyond, of weights 4, 3, 2 and 1.

    Gaps .05, -.25 and .3 are made of .05, .15 and .3: a third of them lies in the first bin instead
    of the third one.
    """
    options = catalogue.GapHistogram(weight=5.0, bins=4, furthest=0.2, near=4.0, softness=1e-6)
    term = GapHistogram(options, _parts())
    opposing = [0.5, 0.5, 0.5, 0.5]
    turn = _turn([0.45, 0.75, 0.2, 0.0], opposing, REGION, truth=[0.45, 0.35, 0.2, 0.9])
    assert term.generator(turn).numpy() == pytest.approx([5 * (4 + 2) / 3], rel=1e-5)
    same = _turn([0.35, 0.45, 0.2, 0.0], opposing, REGION, truth=[0.45, 0.35, 0.2, 0.9])
    assert term.generator(same).numpy() == pytest.approx([0.0], abs=1e-5)


def test_data_without_an_opposing_surface_is_refused():
    with pytest.raises(ConfigError, match=r"'penetration', but no picture .* data.source.channels"):
        Penetration(catalogue.Penetration(), _parts(("red", "green", "blue")))
