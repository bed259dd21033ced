"""How far clips are from what they should be, frame by frame.

Clips are [n, t, h, w, c] on the scale of [0, 1]; every function gives a number for each frame of
each clip, float64 [n, t], so that errors can be shown as they grow with time.
"""

import numpy as np

from trainer.errors import MetricError


def squared_error(made: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Σ (ŷ - y)² over the pixels of a frame, the unit in which Moving MNIST is published.

    Reference: Srivastava et al. 2015, "Unsupervised learning of video representations using LSTMs".
    """
    _check(made, truth)
    return np.square(made.astype(np.float64) - truth).sum(axis=(2, 3, 4))


def motion_error(made: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Σ ((ŷ_t - ŷ_{t-1}) - (y_t - y_{t-1}))² over a frame's pixels, float64 [n, t - 1].

    It is zero where both change alike, whatever the frames are: what flickers is far from it.
    """
    _check(made, truth)
    return squared_error(np.diff(made.astype(np.float64), axis=1), np.diff(truth, axis=1))


def gradients(clips: np.ndarray) -> np.ndarray:
    """Σ |∇_i y| + |∇_j y| of a frame, differences of pixels below and beside one another.

    Of a prediction over that of the truth it says how sharp the prediction is: one as sharp, less
    blurred. Mathieu et al. compare both gradients pixel by pixel; where things stand does not
    count here.

    Reference: Mathieu et al. 2016, "Deep multi-scale video prediction beyond mean square error",
    section 4.1.
    """
    y = clips.astype(np.float64)
    down, beside = (np.abs(np.diff(y, axis=axis)).sum(axis=(2, 3, 4)) for axis in (2, 3))
    return np.asarray(down + beside)


def last_frame(given: np.ndarray, frames: int) -> np.ndarray:
    """The last given frame, over and over: what nothing but standing still predicts."""
    return np.repeat(given[:, -1:], frames, axis=1)


def mean_frame(given: np.ndarray, frames: int) -> np.ndarray:
    """The mean of the given frames, over and over: the blur that all of them share."""
    return np.repeat(given.mean(axis=1, keepdims=True), frames, axis=1)


def black_frame(given: np.ndarray, frames: int) -> np.ndarray:
    """Frames without any light: what moves on a dark canvas is nearer to them than to itself moved.

    On Moving MNIST they are at 174.9, and the last given frame is at 287.8.
    """
    return np.zeros((len(given), frames, *given.shape[2:]), given.dtype)


def _check(made: np.ndarray, truth: np.ndarray) -> None:
    if made.shape != truth.shape or made.ndim != 5 or not made.size:
        raise MetricError(
            f"clips of shape {made.shape} cannot be compared with {truth.shape}; give both as "
            "[n, t, h, w, c]."
        )
