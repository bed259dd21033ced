"""Surfaces that have to work together: no passing through, and gaps as they usually are."""

import numpy as np
import tensorflow as tf

from trainer import catalogue
from trainer.data import height_maps
from trainer.data.height_maps import Surfaces
from trainer.errors import ConfigError
from trainer.game.adversarial_loss import GameTurn, Term
from trainer.game.parts import Parts


class Penetration(Term):
    """λ mean_R max(0, m - g), g = u - G(y) the gap below the opposing surface u, R what is made.

    Heights lie on [0, 1]. A surface that passes through the one above does not work, however near
    it is to the one that it should be.

    Reference: Hwang et al. 2018, "Learning beyond human expertise with generative models for dental
    restorations", whose networks are conditioned on the opposing surface and held to spatial
    constraints. The form of this one is the library's own.

    Raises:
        ConfigError: when no picture that is given names an opposing surface.
    """

    def __init__(self, options: catalogue.Penetration, parts: Parts) -> None:
        self.options = options
        self.surfaces = _surfaces(options.name, parts)

    def generator(self, turn: GameTurn) -> tf.Tensor:
        """The loss of each fake, float32 [b]."""
        gap, region = _gaps(turn.fake.sample["sample"], turn, self.surfaces)
        lacking = tf.reduce_sum(region * tf.nn.relu(self.options.margin - gap), axis=-1)
        return self.options.weight * lacking / _size(region)


class GapHistogram(Term):
    """λ Σ_k w_k |h_k(G(y)) - h_k(x)|, h the soft histogram of the gaps over the region.

    The first bin is what passes through the opposing surface (gaps below 0), the last one what is
    further from it than any distance that matters; w falls evenly from the first to the last.

    Reference: Hwang et al. 2018, section 3 (histograms of gap distances as statistics to be kept,
    unweighted and weighted towards contacts); their bins, weights and distance are not known here,
    these are the library's own.

    Raises:
        ConfigError: when no picture that is given names an opposing surface.
    """

    def __init__(self, options: catalogue.GapHistogram, parts: Parts) -> None:
        self.options = options
        self.surfaces = _surfaces(options.name, parts)
        self.edges = np.linspace(0.0, options.furthest, options.bins - 1)
        self.weights = np.linspace(options.near, 1.0, options.bins)

    def generator(self, turn: GameTurn) -> tf.Tensor:
        """The loss of each fake, float32 [b]."""
        fake, real = (
            soft_histogram(*_gaps(sample, turn, self.surfaces), self.edges, self.options.softness)
            for sample in (turn.fake.sample["sample"], turn.batch["sample"])
        )
        weights = tf.constant(self.weights, tf.float32)
        return self.options.weight * tf.reduce_sum(weights * tf.abs(fake - real), axis=-1)


def soft_histogram(
    values: tf.Tensor, counted: tf.Tensor, edges: np.ndarray, width: float
) -> tf.Tensor:
    """Shares of the values in each bin, with a derivative: float32 [b, n] → [b, k + 1].

        h_j = mean_i [σ((v_i - e_j) / w) - σ((v_i - e_{j+1}) / w)]

    for edges e_1 … e_k, with an open bin at either end. The shares of a value sum to one, and as
    w → 0 they are numpy's histogram.

    Args:
        values: float32.
        counted: how much each value counts, of the same shape.
        edges: [k], ascending.
        width: w, of the steps that take the place of sharp edges.
    """
    above = tf.sigmoid((values[..., tf.newaxis] - tf.constant(edges, tf.float32)) / width)
    above = tf.reduce_sum(counted[..., tf.newaxis] * above, axis=1) / _size(counted)[:, tf.newaxis]
    ends = tf.ones_like(above[:, :1])
    above = tf.concat([ends, above, 0.0 * ends], axis=-1)
    return above[:, :-1] - above[:, 1:]


def _surfaces(term: str, parts: Parts) -> Surfaces:
    found = height_maps.surfaces_of(parts.spec.fields)
    if found is None:
        raise ConfigError(
            f"terms: received {term!r}, but no picture of the data names a channel "
            f"{height_maps.OPPOSING!r}; set data.source=crowns, or name the channels of what is "
            "given by data.source.channels, such as [prepared, opposing, region]."
        )
    return found


def _gaps(sample: tf.Tensor, turn: GameTurn, surfaces: Surfaces) -> tuple[tf.Tensor, tf.Tensor]:
    """The gaps between two surfaces on [0, 1], and which of them count: float32 [b, n] each."""
    given = tf.cast(turn.batch[surfaces.field], tf.float32)
    made = tf.reduce_mean(tf.cast(sample, tf.float32), axis=-1)
    gap = (given[..., surfaces.opposing] - made) / 2.0
    if surfaces.region is None:
        region = tf.ones_like(gap)
    else:
        region = tf.cast(given[..., surfaces.region] > 0.0, tf.float32)
    flat = [tf.shape(gap)[0], -1]
    return tf.reshape(gap, flat), tf.reshape(region, flat)


def _size(region: tf.Tensor) -> tf.Tensor:
    """How much counts in each row, float32 [b]; a region of nothing counts as one pixel."""
    return tf.maximum(tf.reduce_sum(region, axis=-1), 1.0)
