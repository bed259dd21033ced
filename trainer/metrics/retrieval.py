"""Whether a text finds what it was written about, by words that it shares with true texts."""

from collections.abc import Sequence

import numpy as np

from trainer.errors import MetricError


def recall(
    written: np.ndarray, true: np.ndarray, *, among: int = 100, at: Sequence[int] = (1, 5, 10)
) -> dict[int, np.ndarray]:
    """How likely each text's own place is among its first k, by how like the true texts are.

    Two texts are as like as they share words, by the F measure of their counts. Rows are compared
    within blocks of `among` that follow one another; what is left over of a last block is not
    used. Where several are as like, any of them may come first.

    Args:
        written: counts of each word in each text, int [n, V].
        true: those of the text that belongs there, int [n, V].
        among: texts to choose from; fewer where n is smaller.
        at: the k.

    Returns:
        k → float64 [m] on [0, 1], m the rows of whole blocks; chance is k / `among`.

    Raises:
        MetricError: for less than two texts.

    Reference: Dai et al. 2017, "Towards diverse and natural image descriptions via a conditional
    GAN", section 5.3, whose likeness is a learned one.
    """
    if len(written) < 2:
        raise MetricError("there are less than two texts; give more.")
    size = min(among, len(written))
    ahead, alike = [], []
    for start in range(0, len(written) - size + 1, size):
        rows = slice(start, start + size)
        likeness = _likeness(written[rows], true[rows])
        own = np.diag(likeness)[:, np.newaxis]
        ahead.append((likeness > own).sum(axis=1))
        alike.append((likeness == own).sum(axis=1))
    before, level = np.concatenate(ahead), np.concatenate(alike)
    return {k: np.clip((k - before) / level, 0.0, 1.0) for k in at}


def _likeness(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Twice the words in common over the words of both, float64 [n, m]."""
    common = np.minimum(one[:, np.newaxis], other[np.newaxis]).sum(axis=-1)
    both = one.sum(axis=1)[:, np.newaxis] + other.sum(axis=1)[np.newaxis]
    return 2.0 * common / np.maximum(both, 1)
