"""Mixtures of Gaussians in the plane, on which it shows what a generator leaves out.

Ring and grid have modes apart (Metz et al. 2017, unrolled GANs; Srivastava et al. 2017, VEEGAN,
whose settings these are). The overlap has three classes that share their places, as the line of
Gong et al. 2019 has (twin auxiliary classifiers).
"""

import numpy as np

from trainer.config.experiment import Data
from trainer.data.reading import Source, Table, labelled, rows_of
from trainer.fields import Field

NUM_POINTS = 100_000
RING_STD = 0.01
GRID_STD = 0.05
OVERLAP_STD = 0.75


def ring_centres() -> np.ndarray:
    """Eight points on the unit circle, float64 [8, 2]."""
    angle = np.linspace(0.0, 2.0 * np.pi, 8, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def overlap_centres() -> np.ndarray:
    """Three points on the unit circle, float64 [3, 2]."""
    angle = np.linspace(0.0, 2.0 * np.pi, 3, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def grid_centres() -> np.ndarray:
    """{-4, -2, 0, 2, 4}², float64 [25, 2]."""
    line = np.linspace(-4.0, 4.0, 5)
    return np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(25, 2)


def open_source(data: Data) -> Source:
    """Draws the points of a mixture; a label is the number of the mode."""
    centres, std, value_range = {
        "ring": (ring_centres(), RING_STD, (-1.0, 1.0)),
        "grid": (grid_centres(), GRID_STD, (-4.0, 4.0)),
        "overlap": (overlap_centres(), OVERLAP_STD, (-2.0, 2.0)),
    }[data.source.name]
    points, modes = draw(centres, std)
    return Source(
        tables=(Table(rows_of(points, modes, data.source.name, data)),),
        fields={
            "sample": Field(range=value_range),
            **labelled(tuple(str(mode) for mode in range(len(centres)))),
        },
        identity={"source": data.source.name},
    )


def draw(centres: np.ndarray, std: float) -> tuple[np.ndarray, np.ndarray]:
    """Points of an equal mixture of round Gaussians: always the same ones.

    Args:
        centres: [m, 2] means of the modes.
        std: standard deviation of each mode along each axis.

    Returns:
        float32 [n, 2] points and int64 [n] modes, n = `NUM_POINTS`.
    """
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    random = np.random.RandomState(0)
    modes = random.randint(len(centres), size=NUM_POINTS).astype(np.int64)
    noise = std * random.standard_normal((NUM_POINTS, 2))
    return (centres[modes] + noise).astype(np.float32), modes
