"""The nearest of many points, exactly: scikit-learn's search, in blocks that fit in memory."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from sklearn.neighbors import NearestNeighbors

from trainer.errors import MetricError
from trainer.metrics import checks
from trainer.metrics.blocks import paired_squared_distances

_BLOCK_NUMBERS = 2**26


class Neighbours(NamedTuple):
    """The nearest point of each query.

    Attributes:
        distances: float64 [n], Euclidean.
        indices: int64 [n], which point it is; of equally near ones, any.
    """

    distances: np.ndarray
    indices: np.ndarray


def nearest(queries: np.ndarray, points: np.ndarray, exclude_self: bool = False) -> Neighbours:
    """The nearest point of each query.

    Args:
        queries: [n, d] of any real dtype.
        points: [m, d].
        exclude_self: the queries are the points, and none is its own neighbour (an equal one in
            another row is).

    Raises:
        MetricError: for arrays that cannot be used, or no point left to be a neighbour.
    """
    if exclude_self and queries.shape != points.shape:
        raise MetricError(
            f"queries of shape {queries.shape} are not the points of shape {points.shape}; "
            "exclude_self needs the same array twice."
        )
    own_rows = np.arange(len(queries)) if exclude_self else None
    return nearest_in_blocks(queries, _blocks(points), own_rows)


def nearest_in_blocks(
    queries: np.ndarray, blocks: Iterable[np.ndarray], own_rows: np.ndarray | None = None
) -> Neighbours:
    """`nearest` in a stream of points, such as a training set of pictures.

    Args:
        queries: [n, d].
        blocks: [m_i, d] each; indices count through them all.
        own_rows: int64 [n], for each query the one point that is not to be its neighbour.
    """
    checks.features(queries, "query", 1)
    best = np.full(len(queries), np.inf)
    indices = np.full(len(queries), -1, np.int64)
    start = 0
    for block in blocks:
        _check_points(block, queries)
        own = None if own_rows is None else own_rows - start
        found = _nearest_in_block(queries, block, own)
        nearer = found.distances < best
        best[nearer] = found.distances[nearer]
        indices[nearer] = found.indices[nearer] + start
        start += len(block)
    if not np.isfinite(best).all():
        raise MetricError(f"{start} points are too few to have a neighbour each; give more.")
    return Neighbours(best, indices)


def _nearest_in_block(
    queries: np.ndarray, points: np.ndarray, own: np.ndarray | None
) -> Neighbours:
    """The nearest point that is not row `own`; at infinity where there is none."""
    dtype = np.result_type(queries.dtype, points.dtype, np.float32)
    points = points.astype(dtype, copy=False)
    num_candidates = 1 if own is None else min(2, len(points))
    search = NearestNeighbors(n_neighbors=num_candidates, algorithm="brute").fit(points)
    parts = []
    step = max(1, _BLOCK_NUMBERS // queries.shape[1])
    for start in range(0, len(queries), step):
        some = queries[start : start + step].astype(dtype, copy=False)
        candidates = search.kneighbors(some, return_distance=False)
        distances = _distances(some, points, candidates)
        if own is not None:
            distances[candidates == own[start : start + step, None]] = np.inf
        first = distances.argmin(axis=1)[:, None]
        parts.append([np.take_along_axis(x, first, axis=1)[:, 0] for x in (distances, candidates)])
    distances, indices = (np.concatenate(x) for x in zip(*parts, strict=True))
    return Neighbours(distances, indices)


def _distances(queries: np.ndarray, points: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Distances to the candidates [n, k] by subtraction.

    The search expands the square, which makes 1e-8 of the norm of what is exactly 0.
    """
    rows = np.repeat(np.arange(len(queries)), candidates.shape[1])
    pairs = np.stack([rows, candidates.ravel()])
    return np.sqrt(paired_squared_distances(queries, points, pairs)).reshape(candidates.shape)


def _check_points(points: np.ndarray, queries: np.ndarray) -> None:
    checks.features(points, "point", 1)
    if points.shape[1] != queries.shape[1]:
        raise MetricError(
            f"queries have {queries.shape[1]} numbers and points {points.shape[1]}; give both of "
            "one kind."
        )


def _blocks(points: np.ndarray) -> Iterator[np.ndarray]:
    step = max(1, _BLOCK_NUMBERS // max(1, points.shape[-1]))
    return (points[start : start + step] for start in range(0, len(points), step))
