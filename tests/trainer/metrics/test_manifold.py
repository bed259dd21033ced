import numpy as np
import pytest
from scipy.spatial.distance import cdist

from trainer.errors import MetricError
from trainer.metrics import blocks, manifold
from trainer.metrics.manifold import prdc, squared_radii


def _column(*values):
    return np.array(values, np.float32)[:, None]


def _values(*arguments, **options):
    return tuple(estimate.value for estimate in prdc(*arguments, **options))


def _reference(real, fake, k):
    """The definitions on whole matrices of distances, which small whole numbers make exact."""
    real, fake = real.astype(float), fake.astype(float)
    across = cdist(real, fake, "sqeuclidean")
    real_radii, fake_radii = (
        np.sort(cdist(side, side, "sqeuclidean"), axis=1)[:, k] for side in (real, fake)
    )
    in_real = across < real_radii[:, None]
    in_fake = across < fake_radii
    counts = in_real.sum(axis=0)
    return (
        (counts > 0).mean(),
        in_fake.any(axis=1).mean(),
        counts.mean() / k,
        in_real.any(axis=1).mean(),
    )


@pytest.mark.parametrize(
    ("fake", "expected"),
    [
        # Real balls around 0, 1 and 3 have the radii 1, 1 and 2; both fake balls have 9.5.
        ((0.5, 10.0), (1 / 2, 3 / 3, (2 + 0) / 2, 2 / 3)),
        # 2 is on the edge of the second ball, so in the third only; both fake balls have 5.
        ((2.0, 7.0), (1 / 2, 3 / 3, (1 + 0) / 2, 1 / 3)),
        # On edges only: -1 of the first, 5 of the third; fake balls of radius 6.
        ((-1.0, 5.0), (0.0, 3 / 3, 0.0, 0.0)),
        # Both on the sample 1, in its ball and on the edge of the others; balls without inside.
        ((1.0, 1.0), (1.0, 0.0, (1 + 1) / 2, 1 / 3)),
    ],
)
def test_values_by_hand(fake, expected):
    assert _values(_column(0.0, 1.0, 3.0), _column(*fake), k=1) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("k", "expected"), [(1, [1, 1, 4, 9]), (2, [9, 4, 9, 25]), (3, [36, 25, 9, 36])]
)
def test_radii_leave_out_the_sample_itself(k, expected):
    assert squared_radii(_column(0.0, 1.0, 3.0, 6.0), k).tolist() == expected


@pytest.mark.parametrize("tile", [3, 16, 1024])
@pytest.mark.parametrize(
    ("scale", "offset"), [(1.0, 0.0), (2.0**-70, 0.0), (2.0**60, 0.0), (1.0, 2.0**20)]
)
def test_ties_are_decided_as_by_the_definition(tile, scale, offset, monkeypatch):
    """Whole numbers in few dimensions: distances are equal again and again, samples too."""
    monkeypatch.setattr(blocks, "TILE", tile)
    generator = np.random.default_rng(tile)
    for n, m, d, k in [(40, 60, 2, 5), (60, 25, 3, 1), (30, 30, 6, 3)]:
        real, fake = (generator.integers(-3, 4, size=(count, d)) for count in (n, m))
        scaled = [(side * scale + offset).astype(np.float32) for side in (real, fake)]
        assert _values(*scaled, k=k) == pytest.approx(_reference(real, fake, k), rel=1e-12)


def test_what_float32_leaves_open_is_decided_in_float64():
    """Two narrow clusters far apart: float32 tells nothing about distances within one."""
    generator = np.random.default_rng(0)

    def clusters(count):
        centres = 2.0**20 * generator.integers(0, 2, size=(count, 1))
        return generator.integers(-9, 10, size=(count, 4)) + centres

    real, fake = clusters(300), clusters(250)
    assert _values(real, fake, k=3) == pytest.approx(_reference(real, fake, 3), rel=1e-12)


@pytest.mark.parametrize("waiting", [0, 100])
def test_the_number_of_candidates_kept_waiting_does_not_matter(waiting, monkeypatch):
    features = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
    expected = np.sort(cdist(features.astype(float), features, "sqeuclidean"), axis=1)[:, 5]
    monkeypatch.setattr(blocks, "TILE", 16)
    monkeypatch.setattr(manifold, "_WAITING", waiting)
    np.testing.assert_allclose(squared_radii(features, 5), expected, rtol=1e-12)


def test_the_bounds_hold_and_are_not_idle():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, 100, 512)).astype(np.float32)
    y[:20] = x[:20] + 1e-3
    left, right = (manifold._Screen.around(side, x, np.float32) for side in (x, y))
    upper = left.upper(slice(0, 100), right, slice(0, 100)).astype(float)
    exact = -0.5 * left.scale * cdist(x.astype(float), y, "sqeuclidean")
    slack = left.slack[:, None] + right.slack
    assert (exact <= upper).all() and (upper - 2 * slack <= exact).all()
    assert (slack < 1e-4 * np.median(-exact)).all()


def test_the_order_of_samples_does_not_matter():
    generator = np.random.default_rng(0)
    real, fake = (generator.normal(size=(count, 5)).astype(np.float32) for count in (90, 70))
    assert _values(real[::-1], fake[::-1]) == pytest.approx(_values(real, fake), rel=1e-12)


def test_of_the_same_samples_everything_is_covered():
    real = np.random.default_rng(0).normal(size=(100, 5)).astype(np.float32)
    assert _values(real, real, k=5) == pytest.approx((1.0, 1.0, _reference(real, real, 5)[2], 1.0))


@pytest.mark.parametrize("spread", [0.0, 1e-3])
def test_a_collapsed_generator_is_precise_and_recalls_nothing(spread):
    generator = np.random.default_rng(0)
    real = generator.normal(size=(200, 3)).astype(np.float32)
    fake = (real[0] + spread * generator.normal(size=(150, 3))).astype(np.float32)
    found = prdc(real, fake)
    assert found.precision.value == 1.0
    assert found.recall.value <= 0.01
    assert found.coverage.value < 0.1


def test_kept_radii_change_nothing():
    generator = np.random.default_rng(0)
    real, fake = generator.normal(size=(2, 50, 4))
    assert prdc(real, fake, k=3, real_radii=squared_radii(real, 3)) == prdc(real, fake, k=3)


def test_constant_features_have_no_inside():
    ones = np.ones((10, 3), np.float32)
    assert _values(ones, ones) == (0.0, 0.0, 0.0, 0.0)


def test_errors_are_of_the_means():
    generator = np.random.default_rng(0)
    found = prdc(*generator.normal(size=(2, 400, 8)))
    for share in (found.precision, found.recall, found.coverage):
        binomial = np.sqrt(share.value * (1 - share.value) / 399)
        assert share.error == pytest.approx(binomial, rel=1e-12)


def test_what_it_refuses():
    real, fake = np.zeros((9, 2)), np.zeros((5, 2))
    with pytest.raises(MetricError, match="5 fake samples and at least 6"):
        prdc(real, fake, k=5)
    with pytest.raises(MetricError, match="k is 0"):
        prdc(real, fake, k=0)
    with pytest.raises(MetricError, match="one extractor"):
        prdc(real, np.zeros((9, 3)), k=5)
    fake[2] = np.inf
    with pytest.raises(MetricError, match="the first is number 2"):
        prdc(real, fake, k=3)


@pytest.mark.slow
def test_the_numbers_that_the_authors_publish():
    """N(0, I) on both sides, 10 000 samples of 1000 features (github.com/clovaai), one draw.

    So many features make hubs, samples that are in many balls, and draws differ more than errors
    given the manifolds tell. By symmetry the expectations are 1 for density, 1 − 2⁻ᵏ for coverage,
    and the same for precision and recall.
    """
    generator = np.random.default_rng(0)
    draws = [
        _values(*(generator.normal(size=(10000, 1000)).astype(np.float32) for _ in range(2)))
        for _ in range(6)
    ]
    mean, spread = np.mean(draws, axis=0), np.std(draws, axis=0, ddof=1)
    published = np.array([0.4772, 0.4705, 1.0555, 0.9735])
    assert (abs(published - mean) < 4 * spread * np.sqrt(1 + 1 / 6)).all()
    assert (abs(mean - [mean[1], mean[0], 1.0, 1 - 2**-5]) < 4 * spread * np.sqrt(2 / 6)).all()
    assert (spread < [0.03, 0.03, 0.15, 0.015]).all()
