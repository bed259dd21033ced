"""Pairs of samples, a tile at a time: n² distances of 50 000 samples never lie in memory at once.

Every tile is the work of one thread with a one-threaded matrix product inside. All cores are then
busy in the element-wise work too, and a core that someone else needs holds up its own tile only.
"""

import functools
import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")

# Rows of a tile's sides: large enough for matrix products at full speed, small enough for caches.
TILE = 1024


def rows(count: int, size: int | None = None) -> list[slice]:
    """Consecutive slices that cover `range(count)`, none longer than `size`, or than a tile."""
    return parts(count, max(1, -(-count // (size or TILE))))


def parts(count: int, number: int) -> list[slice]:
    """So many consecutive slices that cover `range(count)`, of nearly one length."""
    edges = [count * part // number for part in range(number + 1)]
    return [slice(begin, end) for begin, end in itertools.pairwise(edges)]


def in_parallel(work: Callable[[_Task], _Result], tasks: Iterable[_Task]) -> Iterator[_Result]:
    """Results in the order of the tasks, which makes sums over them the same every time.

    Only a few results wait at a time, so that a slow consumer does not fill the memory.
    """
    tasks = list(tasks)
    if len(tasks) == 1:
        yield work(tasks[0])
        return
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    pending: deque[Future[_Result]] = deque()
    with _libraries().limit(limits=1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        for task in tasks:
            pending.append(pool.submit(work, task))
            if len(pending) > 2 * (threads or 1):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


@functools.cache
def _libraries() -> ThreadpoolController:
    """Finding the libraries that have threads takes longer than many a metric."""
    return ThreadpoolController()


def squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """‖x_i − y_j‖² by one matrix product.

    Both are centred first: distances do not change, and features that lie far from the origin lose
    no digits.

    Args:
        x: [n, d].
        y: [m, d].

    Returns:
        float64 [n, m], never negative.
    """
    centre = x.mean(axis=0, dtype=np.float64)
    x, y = x - centre, y - centre
    products = x @ y.T
    products *= -2.0
    products += np.einsum("ij,ij->i", x, x)[:, None]
    products += np.einsum("ij,ij->i", y, y)
    return np.maximum(products, 0.0, out=products)


def paired_squared_distances(x: np.ndarray, y: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """‖x_i − y_j‖² of chosen pairs, from differences: exactly 0 for equal rows, exactly symmetric.

    Args:
        x: [n, d].
        y: [m, d].
        pairs: integer [2, p], indices into x and into y.

    Returns:
        float64 [p].
    """

    def part(chosen: slice) -> np.ndarray:
        difference = x[pairs[0, chosen]].astype(np.float64) - y[pairs[1, chosen]]
        return np.einsum("ij,ij->i", difference, difference)

    size = max(1, TILE * TILE // max(1, x.shape[1]))
    return np.concatenate(list(in_parallel(part, rows(pairs.shape[1], size))))
