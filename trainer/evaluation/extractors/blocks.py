"""Samples through a network a block at a time, so that no row depends on the rows beside it."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.evaluation.extractors import Features

# A block of samples → its features, and logits where there are some; each has one row a sample.
Run = Callable[[np.ndarray], tuple[tf.Tensor, tf.Tensor | None]]


def in_blocks(run: Run, samples: np.ndarray, size: int) -> Features:
    """Runs blocks of exactly `size` rows; zeros fill the last one, and their rows are dropped.

    One size means one trace and one choice of kernels: a row's features depend on the rows beside
    it only as far as its place in the block moves the last bits. Memory-mapped samples are read a
    block at a time.

    Args:
        run: the function; its features may have any shape [size, ...].
        samples: [n, *shape]; n may be zero.
        size: rows of a block.

    Returns:
        float32 features [n, d], and logits [n, k] or None.
    """
    count = len(samples)
    starts = range(0, max(count, 1), size)
    blocks = [run(_filled(samples[start : start + size], size)) for start in starts]
    features, logits = zip(*blocks, strict=True)
    return Features(_joined(features, count), None if logits[0] is None else _joined(logits, count))


def check_samples(samples: np.ndarray, spec: DataSpec) -> None:
    """Refuses samples of another shape or type than an extractor was made for.

    Float32 in the stored units passes too: what a generator gives before it is rounded, which path
    lengths need.

    Raises:
        ConfigError: naming both.
    """
    real = spec.sample
    if samples.shape[1:] != real.shape or samples.dtype.name not in (real.dtype, "float32"):
        raise ConfigError(
            f"samples: received {samples.dtype.name} samples of shape {samples.shape[1:]}; the "
            f"feature extractor was made for {real.dtype} of shape {real.shape}; give samples like "
            "those of the reference data."
        )


def _filled(rows: np.ndarray, size: int) -> np.ndarray:
    missing = np.zeros((size - len(rows), *rows.shape[1:]), rows.dtype)
    return np.concatenate([rows, missing])


def _joined(blocks: tuple[tf.Tensor, ...], count: int) -> np.ndarray:
    rows = np.concatenate([np.asarray(block, np.float32) for block in blocks])[:count]
    return rows.reshape(count, int(np.prod(rows.shape[1:])))
