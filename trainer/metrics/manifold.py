"""Precision, recall, density and coverage: do the samples lie where the data lie, and everywhere?

Around every sample lies a ball up to its k-th nearest neighbour; a set's manifold is the union of
its balls. Precision is the share of fakes in the real manifold and recall the share of reals in the
fake one (Kynkäänniemi et al. 2019); density is the mean number of real balls around a fake, over k,
and coverage the share of real balls with a fake inside (Naeem et al. 2020). As on their reference
page, a sample is no neighbour of its own and the edge of a ball is outside.

Answers are exact. Products in float32 give every distance up to a bound that is proved below, which
decides nearly all comparisons; what it leaves open is computed anew in float64.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from trainer.errors import MetricError
from trainer.metrics import blocks, checks
from trainer.metrics.estimate import Estimate

# Candidates for a neighbour that may wait until those are dropped that cannot be it.
_WAITING = 1 << 22
# Comparisons left open per sample, beyond which a screen in float64 is cheaper than distances.
_OPEN = 64


class Manifolds(NamedTuple):
    """Four views on two sets of samples.

    Errors are standard errors of the means of what they count, *given* the manifolds: that other
    samples would have made other balls is not in them. New draws spread more, of 10 000 normal
    samples with 1000 features two to four times as much.

    Attributes:
        precision: share of fakes that lie in a real ball.
        recall: share of reals that lie in a fake ball.
        density: mean number of real balls around a fake, over k; may exceed 1.
        coverage: share of real balls with a fake inside.
    """

    precision: Estimate
    recall: Estimate
    density: Estimate
    coverage: Estimate


def prdc(
    real: np.ndarray, fake: np.ndarray, k: int = 5, real_radii: np.ndarray | None = None
) -> Manifolds:
    """Precision, recall, density and coverage.

    Args:
        real: features [n, d].
        fake: features [m, d].
        k: which neighbour is on the edge of a ball.
        real_radii: `squared_radii(real, k)`, where they are known already.

    Raises:
        MetricError: for features that are not finite, of two widths, or no more than k samples.
    """
    _check(real, "real", k)
    _check(fake, "fake", k)
    checks.same_width(real, fake)
    real_radii = squared_radii(real, k) if real_radii is None else real_radii
    inside = _inside(real, fake, real_radii, squared_radii(fake, k))
    return Manifolds(
        precision=_mean(inside.balls > 0),
        recall=_mean(inside.recalled),
        density=_mean(inside.balls / k),
        coverage=_mean(inside.covered),
    )


def squared_radii(features: np.ndarray, k: int = 5) -> np.ndarray:
    """Squared distance of every sample to its k-th nearest neighbour, itself not counted.

    They stay squared because a root would round, and what is just on an edge is outside.

    Args:
        features: [n, d] with n > k.
        k: 1 for the nearest.

    Returns:
        float64 [n].

    Raises:
        MetricError: for features that are not finite, or no more than k samples.
    """
    _check(features, "given", k)
    groups, kept = _without_spare_copies(features, k)
    chosen = features[kept]
    radii = _radii(_Screen.around(chosen, chosen, np.float32), chosen, k)
    if radii is None:
        radii = _radii(_Screen.around(chosen, chosen, np.float64), chosen, k)
    assert radii is not None
    of_group = np.empty(groups.max() + 1)
    of_group[groups[kept]] = radii
    return of_group[groups]


def _check(features: np.ndarray, who: str, k: int) -> None:
    if k < 1:
        raise MetricError(f"k is {k}; give 1 or more.")
    checks.features(features, who, at_least=k + 1)


def _mean(values: np.ndarray) -> Estimate:
    return Estimate(float(values.mean()), float(values.std(ddof=1)) / len(values) ** 0.5)


# ---- Distances with bounds -----------------------------------------------------------------------


class _Screen(NamedTuple):
    """Samples prepared so that one product bounds all distances to another set.

    With u the rounding unit, a product of d + 2 terms is off by at most (d + 2)u/(1 − (d + 2)u)
    times the sum of their sizes (Higham 2002, section 3.1), whatever the order of summation, and
    x, y and their norms are rounded once. For −‖x − y‖²/2 = x·y − ‖x‖²/2 − ‖y‖²/2 sizes sum up to
    at most ‖x‖² + ‖y‖², so with s(x) = (d + 16)u‖x‖²

        −‖x − y‖²/2  ≤  computed + s(x) + s(y)  =: upper  ≤  −‖x − y‖²/2 + 2s(x) + 2s(y),

    where s also has room for the rounding of the distances in float64 that it is compared with.

    Attributes:
        rows: [n, d + 2], centred and scaled samples followed by 1 and s(x) − ‖x‖²/2.
        slack: float64 [n], s.
        scale: what the squared distances were multiplied with, a power of two.
    """

    rows: np.ndarray
    slack: np.ndarray
    scale: float

    @classmethod
    def around(cls, features: np.ndarray, reference: np.ndarray, dtype: type) -> "_Screen":
        """Prepares samples in units of a reference, the same for both sides of a comparison."""
        centre = reference.mean(axis=0, dtype=np.float64)
        extent = max(
            float(np.abs(reference[part] - centre).max()) for part in blocks.rows(len(reference))
        )
        # Multiplying by a power of two rounds nothing; it keeps float32 from over- and underflow.
        factor = 2.0 ** -np.frexp(extent)[1] if extent else 1.0
        count, width = features.shape
        rows, slack = np.ones((count, width + 2), dtype), np.empty(count)
        for part in blocks.rows(count):
            centred = (features[part] - centre) * factor
            norms = np.einsum("ij,ij->i", centred, centred)
            slack[part] = (width + 16) * (_unit(dtype) + 4 * _unit(np.float64)) * norms
            slack[part] += width * float(np.finfo(np.float32).tiny)
            rows[part, :width] = centred
            rows[part, -1] = slack[part] - norms / 2
        return cls(rows, slack, factor**2)

    def upper(self, own: slice, other: "_Screen", others: slice) -> np.ndarray:
        """Upper bounds on −‖x − y‖²/2 for a tile."""
        left = self.rows[own].copy()
        left[:, -2:] = self.rows[own, :-3:-1]
        return left @ other.rows[others].T


def _unit(dtype: type) -> float:
    return float(np.finfo(dtype).eps) / 2


# ---- Neighbours ----------------------------------------------------------------------------------


def _without_spare_copies(features: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Groups of equal samples, and the samples left with at most k + 1 of a group.

    No radius changes by dropping the rest, and a generator that has collapsed no longer makes
    millions of ties that no bound can decide.
    """
    numbers: dict[bytes, int] = {}
    groups = np.empty(len(features), np.int64)
    taken: list[int] = []
    kept = []
    for row, sample in enumerate(features):
        # Adding 0 makes the two zeros one.
        key = blake2b((sample + 0.0).tobytes(), digest_size=16).digest()
        group = groups[row] = numbers.setdefault(key, len(numbers))
        if group == len(taken):
            taken.append(0)
        taken[group] += 1
        if taken[group] <= k + 1:
            kept.append(row)
    return groups, np.array(kept)


class _Candidates(NamedTuple):
    """Pairs in which `neighbours` may be among the k nearest of `samples`; all [p]."""

    samples: np.ndarray
    neighbours: np.ndarray
    upper: np.ndarray

    @staticmethod
    def joined(parts: Iterable["_Candidates"]) -> "_Candidates":
        return _Candidates(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _radii(screen: _Screen, features: np.ndarray, k: int) -> np.ndarray | None:
    """Squared radii, or None where the screen leaves too much open."""
    floor = np.full(len(features), -np.inf)
    waiting: list[_Candidates] = []
    for found in _near(screen, floor, k):
        waiting.append(found)
        if sum(len(part.samples) for part in waiting) > _WAITING:
            waiting = [_pruned(_Candidates.joined(waiting), screen, floor, k)]
    candidates = _pruned(_Candidates.joined(waiting), screen, floor, k)
    ceiling = _kth_largest(candidates.samples, candidates.upper, len(features), k)
    sure = _lower(candidates, screen) > ceiling[candidates.samples]
    undecided = np.stack([candidates.samples[~sure], candidates.neighbours[~sure]])
    if screen.rows.dtype == np.float32 and undecided.shape[1] > _OPEN * len(features):
        return None
    distances = blocks.paired_squared_distances(features, features, undecided)
    left = k - np.bincount(candidates.samples[sure], minlength=len(features))
    return -_kth_largest(undecided[0], -distances, len(features), left)


def _near(screen: _Screen, floor: np.ndarray, k: int) -> Iterator[_Candidates]:
    """Pairs that may be neighbours, by tiles; `floor` is the least nearness of a k-th neighbour.

    Tiles on the diagonal come first: they give every sample a floor to start with. What lies below
    it is most of all pairs, and is gone after one comparison.
    """
    parts = blocks.rows(len(floor))

    def diagonal(part: slice) -> tuple[slice, np.ndarray]:
        upper = screen.upper(part, screen, part)
        np.fill_diagonal(upper, -np.inf)
        if len(upper) > k:
            slack = screen.slack[part]
            floor[part] = np.partition(upper, -k, axis=1)[:, -k] - 2.0 * (slack + slack.max())
        return part, upper

    def beside(pair: tuple[slice, slice]) -> list[_Candidates]:
        upper = screen.upper(pair[0], screen, pair[1])
        return [_above(upper, floor, *pair), _above(upper.T, floor, *pair[::-1])]

    for part, upper in blocks.in_parallel(diagonal, parts):
        yield _above(upper, floor, part, part)
    pairs = [(a, b) for position, a in enumerate(parts) for b in parts[position + 1 :]]
    for both in blocks.in_parallel(beside, pairs):
        yield from both


def _above(upper: np.ndarray, floor: np.ndarray, own: slice, others: slice) -> _Candidates:
    rows, columns = np.nonzero(upper >= _rounded_down(floor[own], upper.dtype)[:, None])
    values = upper[rows, columns].astype(np.float64)
    return _Candidates(rows + own.start, columns + others.start, values)


def _rounded_down(thresholds: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The same or a little less, so that comparing in `dtype` loses nothing."""
    return np.nextafter(thresholds.astype(dtype), dtype.type(-np.inf))


def _pruned(candidates: _Candidates, screen: _Screen, floor: np.ndarray, k: int) -> _Candidates:
    """Raises the floor to what k candidates reach for certain, and drops those below it."""
    reached = _kth_largest(candidates.samples, _lower(candidates, screen), len(floor), k)
    np.maximum(floor, reached, out=floor)
    stay = candidates.upper >= floor[candidates.samples]
    return _Candidates(*(column[stay] for column in candidates))


def _lower(candidates: _Candidates, screen: _Screen) -> np.ndarray:
    slack = screen.slack[candidates.samples] + screen.slack[candidates.neighbours]
    return candidates.upper - 2.0 * slack


def _kth_largest(
    samples: np.ndarray, values: np.ndarray, count: int, k: int | np.ndarray
) -> np.ndarray:
    """The k-th largest value of each of `count` samples, −inf for those with fewer."""
    order = np.lexsort((-values, samples))
    ends = np.cumsum(np.bincount(samples, minlength=count))
    places = np.concatenate([[0], ends[:-1]]) + k - 1
    found = np.full(count, -np.inf)
    enough = places < ends
    found[enough] = values[order[places[enough]]]
    return found


# ---- Balls ---------------------------------------------------------------------------------------


class _Tally(NamedTuple):
    """Balls of one side against points of the other, each pair being a real and a fake.

    Attributes:
        reals: int64 [n], for how many fakes the point of the pair lies in its ball.
        fakes: int64 [m], the same by fakes.
        undecided: int64 [2, q], pairs that the screen leaves open.
    """

    reals: np.ndarray
    fakes: np.ndarray
    undecided: np.ndarray


class _Inside(NamedTuple):
    """Who lies in whose ball.

    Attributes:
        balls: int64 [m], real balls around each fake.
        recalled: bool [n], reals in any fake ball.
        covered: bool [n], reals with a fake in their own ball.
    """

    balls: np.ndarray
    recalled: np.ndarray
    covered: np.ndarray


def _inside(
    real: np.ndarray, fake: np.ndarray, real_radii: np.ndarray, fake_radii: np.ndarray
) -> _Inside:
    tallies = None
    for dtype in (np.float32, np.float64):
        if tallies is None:
            real_screen = _Screen.around(real, real, dtype)
            fake_screen = _Screen.around(fake, real, dtype)
            tallies = _tallies(real_screen, fake_screen, real_radii, fake_radii)
    assert tallies is not None
    in_real, in_fake = (
        _with_decided(tally, real, fake, radii, own)
        for tally, radii, own in zip(tallies, (real_radii, fake_radii), (0, 1), strict=True)
    )
    return _Inside(balls=in_real.fakes, recalled=in_fake.reals > 0, covered=in_real.reals > 0)


def _tallies(
    real: _Screen, fake: _Screen, real_radii: np.ndarray, fake_radii: np.ndarray
) -> tuple[_Tally, _Tally] | None:
    """Tallies of the real balls and of the fake ones, None where float32 leaves too much open."""
    n, m = len(real.rows), len(fake.rows)
    real_limits = _limits(real_radii, real.scale)[:, None]
    fake_limits = _limits(fake_radii, fake.scale)

    def tile(pair: tuple[slice, slice]) -> tuple[_Tally, _Tally]:
        a, b = pair
        upper = real.upper(a, fake, b)
        slack = real.slack[a], fake.slack[b]
        return _tally(upper, slack, real_limits[a]), _tally(upper, slack, fake_limits[b])

    pairs = [(a, b) for a in blocks.rows(n) for b in blocks.rows(m)]
    totals = [_Total(n, m), _Total(n, m)]
    for (a, b), both in zip(pairs, blocks.in_parallel(tile, pairs), strict=True):
        for total, part in zip(totals, both, strict=True):
            total.add(part, a, b)
        if real.rows.dtype == np.float32 and max(t.open for t in totals) > _OPEN * (n + m):
            return None
    return totals[0].tally(), totals[1].tally()


def _limits(radii: np.ndarray, scale: float) -> np.ndarray:
    """What −‖x − y‖²/2 must exceed to be inside; nothing is inside a ball of radius 0."""
    return np.where(radii > 0.0, -0.5 * scale * radii, np.inf)


def _tally(upper: np.ndarray, slack: tuple[np.ndarray, np.ndarray], limits: np.ndarray) -> _Tally:
    rows, columns = np.nonzero(upper > _rounded_down(limits, upper.dtype))
    lower = upper[rows, columns] - 2.0 * (slack[0][rows] + slack[1][columns])
    inside = lower > np.broadcast_to(limits, upper.shape)[rows, columns]
    return _Tally(
        np.bincount(rows[inside], minlength=upper.shape[0]),
        np.bincount(columns[inside], minlength=upper.shape[1]),
        np.stack([rows[~inside], columns[~inside]]),
    )


class _Total:
    """Adds up the tallies of tiles."""

    def __init__(self, n: int, m: int) -> None:
        self.open = 0
        self._reals, self._fakes = np.zeros(n, np.int64), np.zeros(m, np.int64)
        self._undecided: list[np.ndarray] = []

    def add(self, part: _Tally, a: slice, b: slice) -> None:
        self._reals[a] += part.reals
        self._fakes[b] += part.fakes
        self._undecided.append(part.undecided + np.array([[a.start], [b.start]]))
        self.open += part.undecided.shape[1]

    def tally(self) -> _Tally:
        return _Tally(self._reals, self._fakes, np.hstack(self._undecided))


def _with_decided(
    tally: _Tally, real: np.ndarray, fake: np.ndarray, radii: np.ndarray, own: int
) -> _Tally:
    """Computes the distances of what was left open; `own` tells whose balls they are."""
    distances = blocks.paired_squared_distances(real, fake, tally.undecided)
    reals, fakes = tally.undecided[:, distances < radii[tally.undecided[own]]]
    return _Tally(
        tally.reals + np.bincount(reals, minlength=len(real)),
        tally.fakes + np.bincount(fakes, minlength=len(fake)),
        np.empty((2, 0), np.int64),
    )
