"""Which examples are set aside where a source has one split only: the same ones for ever."""

import numpy as np

# Of the choice, not of a run: runs with other seeds must be measured on the same examples.
_SEED = 20140610


def held_out_mask(count: int, share: float) -> np.ndarray:
    """Marks the examples that are held out of training.

    Args:
        count: number of examples.
        share: of them to be held out, on [0, 1).

    Returns:
        bool [count] with floor(count · share) marks, a function of the arguments alone.
    """
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    order = np.random.RandomState(_SEED).permutation(count)
    mask = np.zeros(count, bool)
    mask[order[: int(count * share)]] = True
    return mask
