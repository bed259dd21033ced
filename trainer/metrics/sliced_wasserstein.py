"""The sliced Wasserstein distance: one-dimensional distances along random directions.

Reference: Rabin et al. 2011, "Wasserstein barycenter and its application to texture mixing".
"""

from collections.abc import Iterable, Iterator

import numpy as np

from trainer.errors import MetricError
from trainer.metrics import checks
from trainer.metrics.blocks import in_parallel
from trainer.metrics.estimate import Estimate, mean

_BLOCK_NUMBERS = 2**22
_DIRECTIONS_AT_A_TIME = 64


def sliced_wasserstein_distance(
    real: np.ndarray, fake: np.ndarray, count: int = 512, seed: int = 0
) -> Estimate:
    """Mean over random directions of the Wasserstein-1 distance between the projections.

    It is never negative, so two sets of the same distribution are some way apart as well: about
    n^(-1/2) times the spread. Compare equal counts, and a real set against another one.

    Args:
        real: [n, d] of any real dtype, for instance features or pixels.
        fake: [m, d]; m may differ from n.
        count: number of directions.
        seed: of the directions.

    Returns:
        The distance in the features' own units; its error is that of `of_projections`.

    Raises:
        MetricError: for features that cannot be used.
    """
    checks.same_width(checks.features(real, "real", 1), checks.features(fake, "fake", 1))
    return mean(distances(real, fake, directions(real.shape[1], count, seed)))


def directions(d: int, count: int, seed: int) -> np.ndarray:
    """Unit vectors uniform on the sphere, float64 [d, count].

    Raises:
        MetricError: for a count under 1.
    """
    if count < 1:
        raise MetricError(f"the count of directions is {count}; give at least 1.")
    vectors = np.random.RandomState(seed).standard_normal((d, count))
    return vectors / np.linalg.norm(vectors, axis=0)


def project(block: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Where the samples lie along each direction.

    Args:
        block: [n, ...] of any real dtype, d numbers a sample.
        directions: float64 [d, count].

    Returns:
        float64 [n, count].
    """
    return block.reshape(len(block), -1).astype(np.float64) @ directions


def project_blocks(blocks: Iterable[np.ndarray], directions: np.ndarray) -> np.ndarray:
    """`project` over a stream of blocks, whose samples are then never in memory together."""
    return np.concatenate([project(block, directions) for block in blocks])


def of_projections(real: np.ndarray, fake: np.ndarray) -> Estimate:
    """The sliced distance of samples that have been projected already.

    Args:
        real: [n, count] from `project`.
        fake: [m, count], along the same directions.

    Returns:
        The mean over directions. Its error is the one of having drawn these directions and not
        others; that of the samples is not in it (for that, repeat with other samples). None for a
        single direction.
    """
    checks.same_width(checks.features(real, "real", 1), checks.features(fake, "fake", 1))
    return mean(_column_distances(real, fake))


def mean_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """The value of `of_projections` alone, as a statistic of two sets of projections."""
    return of_projections(real, fake).value


def distances(real: np.ndarray, fake: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Wasserstein-1 along each direction, float64 [count], in bounded memory.

    Args:
        real: [n, d].
        fake: [m, d].
        directions: float64 [d, count].
    """
    parts = []
    for start in range(0, directions.shape[1], _DIRECTIONS_AT_A_TIME):
        few = directions[:, start : start + _DIRECTIONS_AT_A_TIME]
        sides = (project_blocks(_rows(side), few) for side in (real, fake))
        parts.append(_column_distances(*sides))
    return np.concatenate(parts)


def _column_distances(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Wasserstein-1 between columns: the area between their quantile functions, exactly."""
    real_rank, fake_rank, widths = _common_steps(len(real), len(fake))

    def distance(columns: tuple[np.ndarray, np.ndarray]) -> float:
        real_column, fake_column = columns
        return np.abs(np.sort(real_column)[real_rank] - np.sort(fake_column)[fake_rank]) @ widths

    pairs = list(zip(real.T, fake.T, strict=True))
    return np.array(list(in_parallel(distance, pairs)))


def _common_steps(n: int, m: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pieces on which the quantile functions of n and of m values are both constant.

    Their ends are i/n and j/m; as integers over n·m they are exact.

    Returns:
        The rank of the value that each function has on a piece, and the widths of the pieces.
    """
    ends = np.union1d(np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)
    return (ends - 1) // m, (ends - 1) // n, np.diff(ends, prepend=0) / (n * m)


def _rows(array: np.ndarray) -> Iterator[np.ndarray]:
    step = max(1, _BLOCK_NUMBERS // array.shape[1])
    return (array[start : start + step] for start in range(0, len(array), step))
