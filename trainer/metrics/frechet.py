"""The Fréchet distance between two sets of features, each taken for a Gaussian.

d² = ‖μr − μf‖² + tr Σr + tr Σf − 2 tr (Σr Σf)^½ (Dowson & Landau 1982; Heusel et al. 2017). It is
called FID only with Inception's features; covariances here are unbiased, divided by n − 1. The
estimate itself is biased upwards by a term of order d²/n, which no standard error tells: compare
values of equal sample counts only.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import linalg

from trainer.errors import MetricError
from trainer.metrics import blocks, checks
from trainer.metrics.estimate import Estimate

_EPSILON = float(np.finfo(np.float64).eps)
# Square roots of eigenvalues lose half of the digits: those below this share of the largest are
# computed again from a matrix in which they are the largest.
_TAIL = 1e-6
_BLOCK = 4096


@dataclass(frozen=True)
class Moments:
    """What the distance takes from features; those of the real data can be kept.

    Attributes:
        mean: float64 [d].
        covariance: float64 [d, d], unbiased.
        count: samples that they are from.
    """

    mean: np.ndarray
    covariance: np.ndarray
    count: int


def moments(features: np.ndarray) -> Moments:
    """Mean and unbiased covariance, in float64 and in blocks of rows.

    Sums are taken around the mean of the first block: far from the origin the plain formula
    E xxᵀ − μμᵀ would cancel all digits.

    Args:
        features: [n, d] with n > d, else the covariance is singular whatever the distribution.

    Raises:
        MetricError: for too few samples, or values that are not finite.
    """
    checks.features(features, "given")
    count, width = features.shape
    if count <= width:
        raise MetricError(
            f"{count} samples of {width} features make a singular covariance; give more than "
            f"{width} samples."
        )
    return _moments(features, _BLOCK)


def _moments(features: np.ndarray, block: int) -> Moments:
    count, width = features.shape
    parts = blocks.rows(count, block)
    around = features[parts[0]].mean(axis=0, dtype=np.float64)
    total, products = np.zeros(width), np.zeros((width, width))
    for part in parts:
        centred = features[part] - around
        total += centred.sum(axis=0)
        products += centred.T @ centred
    shift = total / count
    products -= count * np.outer(shift, shift)
    products /= count - 1
    return Moments(around + shift, products, count)


def frechet_from_moments(real: Moments, fake: Moments) -> float:
    """The squared distance between N(μr, Σr) and N(μf, Σf); symmetric, and never negative.

    Raises:
        MetricError: for moments of different widths.
    """
    return _distance(real, fake, _coupling(real, fake))


def frechet_distance(
    real: np.ndarray, fake: np.ndarray, real_moments: Moments | None = None
) -> Estimate:
    """The distance between features, with its standard error over both sets of samples.

    The error is that of the first-order expansion (delta method). Moving the fake mean and
    covariance by dμ and dΣ moves d² by 2(μf − μr)·dμ + tr((I − A) dΣ), where x ↦ A(x − μf) + μr is
    the optimal map from the fake Gaussian to the real one; a sample x moves them by (x − μf)/n and
    ((x − μf)(x − μf)ᵀ − Σf)/n. The same holds for the real side with A's inverse. Where both
    distributions are the same the first order vanishes, and the error tells too little.

    Args:
        real: [n, d].
        fake: [m, d].
        real_moments: `moments(real)`, where they are known already.

    Raises:
        MetricError: for features that are not finite, of two widths, or no more samples than
            features.
    """
    checks.same_width(real, fake)
    fake_moments = moments(fake)
    real_moments = moments(real) if real_moments is None else real_moments
    coupling = _coupling(real_moments, fake_moments)
    value = _distance(real_moments, fake_moments, coupling)
    to_real, to_fake = _maps(coupling)
    variance = _influence_variance(fake, fake_moments, real_moments, to_real)
    variance += _influence_variance(real, real_moments, fake_moments, to_fake)
    return Estimate(value, float(np.sqrt(variance)))


# ---- Tr (Σr Σf)^½ --------------------------------------------------------------------------------


class _Factor(NamedTuple):
    """Σ = L Lᵀ with L [d, r]; the rows `pivots` [r] of L are a lower triangle."""

    matrix: np.ndarray
    pivots: np.ndarray


class _Coupling(NamedTuple):
    """How two Gaussians are moved to each other.

    Attributes:
        real: factor Lr of the real covariance.
        fake: factor Lf of the fake one.
        product: C = Lrᵀ Lf.
        values: the singular values of C, descending.
        vectors: its right singular vectors, a column each.
    """

    real: _Factor
    fake: _Factor
    product: np.ndarray
    values: np.ndarray
    vectors: np.ndarray


def _coupling(real: Moments, fake: Moments) -> _Coupling:
    """Factors both covariances.

    tr (Σr Σf)^½ is the sum of the singular values of C = Lrᵀ Lf for any factors L Lᵀ = Σ: the
    eigenvalues of Σr Σf = Lr C Lfᵀ other than 0 are those of C Lfᵀ Lr = C Cᵀ, which is symmetric
    and not negative, so no root of a negative number and no imaginary part can arise. With L = √Σ
    it is the form √Σr Σf √Σr of TF-GAN. Cholesky's factors take a fraction of the time of roots;
    with pivots they exist for singular covariances too.
    """
    if real.mean.shape != fake.mean.shape:
        raise MetricError(
            f"the moments are of {len(real.mean)} and {len(fake.mean)} features; take both from "
            "one extractor."
        )
    real_factor, fake_factor = _factor(real.covariance), _factor(fake.covariance)
    product = real_factor.matrix.T @ fake_factor.matrix
    return _Coupling(real_factor, fake_factor, product, *_singular(product))


def _factor(covariance: np.ndarray) -> _Factor:
    tolerance = 16.0 * _EPSILON * float(covariance.diagonal().max())
    packed, pivots, rank, _ = linalg.lapack.dpstrf(covariance, tol=tolerance, lower=1)
    order = pivots - 1
    matrix = np.zeros((len(covariance), rank))
    matrix[order] = np.tril(packed[:, :rank])
    return _Factor(matrix, order[:rank])


def _singular(product: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Singular values and right vectors of C by eigenvalues of CᵀC, several times faster.

    Rounding of CᵀC leaves eigenvalues uncertain by 1e-16 of the largest, and their roots by 1e-8:
    too much for the small ones. In C restricted to their vectors they are the largest, and so on
    with those that are small among them.
    """
    if not product.size:
        return np.zeros(0), np.zeros((product.shape[1], 0))
    squares, vectors = linalg.eigh(product.T @ product, driver="evd", overwrite_a=True)
    small = _small(squares)
    while small > 0:
        tail = product @ vectors[:, :small]
        squares[:small], turn = linalg.eigh(tail.T @ tail, driver="evd")
        vectors[:, :small] = vectors[:, :small] @ turn
        small = _small(squares[:small])
    return np.sqrt(np.maximum(squares[::-1], 0.0)), vectors[:, ::-1]


def _small(squares: np.ndarray) -> int:
    """How many of the ascending eigenvalues are small beside the last; none beside zero.

    It is fewer than there are.
    """
    return int(np.searchsorted(squares, _TAIL * squares[-1])) if squares[-1] > 0.0 else 0


def _distance(real: Moments, fake: Moments, coupling: _Coupling) -> float:
    difference = real.mean - fake.mean
    spread = np.trace(real.covariance) + np.trace(fake.covariance) - 2.0 * coupling.values.sum()
    return float(difference @ difference + max(spread, 0.0))


# ---- The error -----------------------------------------------------------------------------------


def _maps(coupling: _Coupling) -> tuple[np.ndarray, np.ndarray]:
    """Roots of both optimal maps: K Kᵀ = A with K [d, r], from fake to real and back.

    With C = U S Wᵀ they are A = Lf⁻ᵀ W S Wᵀ Lf⁻¹, because A Σf A = Lf⁻ᵀ CᵀC Lf⁻¹ = Σr, and the
    other way round Lr⁻ᵀ U S Uᵀ Lr⁻¹ with U = C W S⁻¹. Directions that one of the two lacks have no
    map and count as null.
    """
    values = coupling.values
    kept = values > 1e-7 * values.max(initial=0.0)
    roots, vectors = np.sqrt(values[kept]), coupling.vectors[:, kept]
    to_real = _solve_transposed(coupling.fake, vectors * roots)
    to_fake = _solve_transposed(coupling.real, coupling.product @ vectors / roots)
    return to_real, to_fake


def _solve_transposed(factor: _Factor, columns: np.ndarray) -> np.ndarray:
    """K [d, …] with xᵀK = ξᵀ columns for x = L ξ, using the rows of L that are a triangle."""
    solved = np.zeros((len(factor.matrix), columns.shape[1]))
    triangle = factor.matrix[factor.pivots]
    solved[factor.pivots] = linalg.solve_triangular(triangle, columns, lower=True, trans="T")
    return solved


def _influence_variance(
    features: np.ndarray, own: Moments, other: Moments, root_of_map: np.ndarray
) -> float:
    """Variance that these samples give to d²: that of their influence over n.

    Products are in float32: an error needs no more than a few digits.
    """
    slope = 2.0 * (own.mean - other.mean)
    root = root_of_map.astype(np.float32)

    def influence(part: slice) -> np.ndarray:
        centred = features[part] - own.mean
        moved = centred.astype(np.float32) @ root
        spread = np.einsum("ij,ij->i", centred, centred) - np.einsum("ij,ij->i", moved, moved)
        return centred @ slope + spread

    parts = list(blocks.in_parallel(influence, blocks.rows(len(features))))
    return float(np.concatenate(parts).var(ddof=1)) / len(features)
