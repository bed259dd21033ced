"""The modes of a column of numbers: a mixture of Gaussians, as many as the data asks for."""

import warnings

import numpy as np

from trainer.data.columns import Mode

# Values from which a mixture is fitted at most: the same ones for ever.
_MOST = 10_000
_SEED = 0
# How few modes the mixture prefers; as in the paper's code.
_CONCENTRATION = 0.001
# Half the width of a mode that the players see, in its deviations (Xu et al. 2019, section 4.2).
_DEVIATIONS = 4.0
# Digits that are kept, so that another processor's last bits do not make other modes.
_DIGITS = 6


def fitted(values: np.ndarray, most: int) -> tuple[Mode, ...]:
    """The modes of a column's training values, by their means.

    A variational Bayesian mixture says how many there are; each value belongs to the likeliest, and
    mean and deviation are those of the values that belong to a mode. It is as wide as four
    deviations, or more where one of its values lies further off. A mode of one value alone has
    neither width nor deviation, and gives it back exactly. (The paper's code takes means and
    deviations of the mixture, and leaves out modes of shares below .005, which values need here.)

    Args:
        values: float32 [n], finite, one at least.
        most: modes at most.

    Reference: Xu et al. 2019, "Modeling tabular data using conditional GAN", section 4.2.
    """
    values = values.astype(np.float64)
    belongs = _belongs(values, most)
    return tuple(
        _mode(own, len(values))
        for own in sorted((values[belongs == k] for k in np.unique(belongs)), key=np.mean)
    )


def _belongs(values: np.ndarray, most: int) -> np.ndarray:
    """The mode of every value, int64 [n]."""
    from sklearn.mixture import BayesianGaussianMixture
    from threadpoolctl import threadpool_limits

    distinct = len(np.unique(values))
    if distinct == 1:
        return np.zeros(len(values), np.int64)
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    some = np.random.RandomState(_SEED).permutation(len(values))[:_MOST]
    scaled = ((values - values.mean()) / values.std())[:, np.newaxis]
    mixture = BayesianGaussianMixture(
        n_components=min(most, distinct, len(some)),
        weight_concentration_prior_type="dirichlet_process",
        weight_concentration_prior=_CONCENTRATION,
        random_state=_SEED,
    )
    with warnings.catch_warnings(), threadpool_limits(1):
        # That it has not settled within its steps makes the modes no worse than they are.
        warnings.simplefilter("ignore")
        mixture.fit(scaled[some])
    belongs: np.ndarray = mixture.predict(scaled)
    return belongs


def _mode(own: np.ndarray, count: int) -> Mode:
    if (own == own[0]).all():
        return Mode(float(own[0]), 0.0, 0.0, _rounded(len(own) / count))
    mean, deviation = own.mean(), own.std()
    reach = max(_DEVIATIONS * deviation, np.abs(own - mean).max())
    return Mode(*(_rounded(x) for x in (mean, reach, deviation, len(own) / count)))


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
