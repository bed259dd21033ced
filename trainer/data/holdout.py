"""Which examples are set aside where a source has one split only: the same ones for ever."""

import numpy as np

# Of the choice, not of a run: runs with other seeds must be measured on the same examples.
_SEED = 20140610


def held_out_mask(count: int, share: float, labels: np.ndarray | None = None) -> np.ndarray:
    """Marks the examples that are held out of training.

    Args:
        count: number of examples.
        share: of them to be held out, on [0, 1).
        labels: int64 [count], the class of each example where it is known beforehand: no class then
            gives more than its share, or half of its examples where that is more. So a class of one
            example stays in training.

    Returns:
        bool [count] with floor(count · share) marks (or fewer, where classes cannot give so many),
        a function of the arguments alone.
    """
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    order = np.random.RandomState(_SEED).permutation(count)
    if labels is not None:
        order = order[_may_be_held_out(labels[order], share)]
    mask = np.zeros(count, bool)
    mask[order[: int(count * share)]] = True
    return mask


def _may_be_held_out(labels: np.ndarray, share: float) -> np.ndarray:
    """Which examples, in the order they are asked, their classes can give: bool [n]."""
    if not len(labels):
        return np.zeros(0, bool)
    limits = np.floor(np.bincount(labels) * max(share, 0.5))
    by_class = np.argsort(labels, kind="stable")
    first = np.searchsorted(labels[by_class], labels[by_class])
    earlier = np.empty(len(labels), np.int64)
    earlier[by_class] = np.arange(len(labels)) - first
    return earlier < limits[labels]
