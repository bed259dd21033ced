"""Sine waves of random amplitude, frequency and phase: the toy time series of Esteban et al."""

import numpy as np

from trainer.catalogue import Sines
from trainer.config.experiment import Data
from trainer.data.reading import Source, Table, rows_of
from trainer.fields import Field

# Of the choice, not of a run: the waves are the same ones for ever.
_SEED = 20170608


def open_source(data: Data) -> Source:
    """Draws the waves: field `sample`, a vector float32 [length, 1] on [-1, 1].

    Reference: Esteban et al. 2017, "Real-valued (medical) time series generation with recurrent
    conditional GANs", section 4.1.
    """
    options = data.source
    assert isinstance(options, Sines)
    return Source(
        tables=(Table(rows_of(draw(options), None, "sines", data)),),
        fields={"sample": Field(range=(-1.0, 1.0))},
        identity={"source": "sines", "options": options.model_dump(mode="json")},
    )


def draw(options: Sines) -> np.ndarray:
    """Waves a sin(2π f t + φ) at t = 0, 1/T, …, float32 [n, T, 1].

    a is uniform on [.1, .9], f on [1, 5] periods, and φ on all angles.
    """
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    random = np.random.RandomState(_SEED)
    lows, highs = (0.1, 1.0, -np.pi), (0.9, 5.0, np.pi)
    amplitude, frequency, phase = random.uniform(lows, highs, size=(options.series, 3)).T[..., None]
    t = np.arange(options.length) / options.length
    waves = amplitude * np.sin(2.0 * np.pi * frequency * t + phase)
    return waves[..., np.newaxis].astype(np.float32)
