"""Log-likelihood under a window around every generated sample, as the first GAN papers gave it.

It is here to stand next to their tables and for nothing else. Theis et al. 2016 ("A note on the
evaluation of generative models") show that it says little about the likelihood or the samples:
with any number of samples that can be had it is far from the true value, its ranking of models is
not the true one's, and k-means centres beat the true distribution.

Reference: Goodfellow et al. 2014, section 5; Breuleux et al. 2011.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp
from sklearn.metrics.pairwise import euclidean_distances

from trainer.errors import MetricError
from trainer.metrics import checks
from trainer.metrics.estimate import Estimate, mean

# For pixels from 0 to 1. The papers' ten values from .1 to 1 are among those the grid surrounds.
SIGMAS = np.geomspace(0.01, 10.0, 31)
_BLOCK_NUMBERS = 2**21


class Parzen(NamedTuple):
    """The number and the width it was had with.

    Attributes:
        log_likelihood: mean over the test points in nats, its error over these.
        sigma: standard deviation of the windows.
    """

    log_likelihood: Estimate
    sigma: float


def parzen_log_likelihood(
    test: np.ndarray, fake: np.ndarray, validation: np.ndarray, sigmas: np.ndarray = SIGMAS
) -> Parzen:
    """Mean log-likelihood of test points under windows around the fakes.

    Args:
        test: [n, d]; the papers have pixels from 0 to 1.
        fake: [m, d], the centres; 10 000 in the papers.
        validation: [v, d], points that choose the width.
        sigmas: the widths to choose from.

    Raises:
        MetricError: for points that cannot be used, and see `choose_sigma`.
    """
    sigma = choose_sigma(validation, fake, sigmas)
    values = log_likelihood(test, fake, sigma)
    if len(values) < 2:
        raise MetricError("there is 1 test point and at least 2 are needed; give more.")
    return Parzen(mean(values), sigma)


def log_likelihood(points: np.ndarray, centres: np.ndarray, sigma: float) -> np.ndarray:
    """Logarithm of the mean over centres of N(point; centre, σ²I), in nats.

    Args:
        points: [n, d].
        centres: [m, d].
        sigma: standard deviation of every window.

    Returns:
        float64 [n].
    """
    return _log_likelihoods(points, centres, np.array([sigma]))[0]


def choose_sigma(validation: np.ndarray, centres: np.ndarray, sigmas: np.ndarray = SIGMAS) -> float:
    """The width under which the validation points are the most likely.

    Raises:
        MetricError: when it is the narrowest or the widest on offer, so that the best one lies
            beyond; the narrowest also means that the validation points are among the centres.
    """
    sigmas = np.sort(np.asarray(sigmas, np.float64))
    best = int(_log_likelihoods(validation, centres, sigmas).mean(axis=1).argmax())
    if len(sigmas) > 1 and best in (0, len(sigmas) - 1):
        raise MetricError(
            f"the best of the widths {sigmas[0]:g} … {sigmas[-1]:g} is the last, {sigmas[best]:g}; "
            "offer wider and narrower ones."
        )
    return float(sigmas[best])


def _log_likelihoods(points: np.ndarray, centres: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
    """As `log_likelihood`, for several widths: [num_sigmas, n]; distances are computed once."""
    checks.same_width(checks.features(centres, "fake", 1), checks.features(points, "real", 1))
    if not (sigmas > 0).all():
        raise MetricError(f"the widths {sigmas} are not all positive; give positive ones.")
    step = max(1, _BLOCK_NUMBERS // max(len(centres), points.shape[1]))
    centres = centres.astype(np.float64)
    parts = []
    for start in range(0, len(points), step):
        block = points[start : start + step].astype(np.float64)
        squares = euclidean_distances(block, centres, squared=True)
        parts.append([logsumexp(squares / (-2.0 * sigma**2), axis=1) for sigma in sigmas])
    log_volume = 0.5 * points.shape[1] * np.log(2.0 * np.pi * sigmas**2) + np.log(len(centres))
    return np.concatenate(parts, axis=1) - log_volume[:, None]
