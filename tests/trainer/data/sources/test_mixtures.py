import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.data.sources import mixtures


def test_ring_centres_are_eight_different_points_of_the_unit_circle():
    centres = mixtures.ring_centres()
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), 1.0)
    distances = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
    assert distances[~np.eye(8, dtype=bool)].min() == pytest.approx(2 * np.sin(np.pi / 8))


def test_grid_centres():
    expected = {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}
    assert {tuple(centre) for centre in mixtures.grid_centres()} == expected


@pytest.mark.parametrize(
    ("source", "centres", "std", "value_range"),
    [
        ("ring", mixtures.ring_centres(), 0.01, (-1.0, 1.0)),
        ("grid", mixtures.grid_centres(), 0.05, (-4.0, 4.0)),
        ("overlap", mixtures.overlap_centres(), 0.75, (-2.0, 2.0)),
    ],
)
def test_mixture_has_its_modes_and_spread(source, centres, std, value_range):
    dataset = loading.load(Data(source=source, holdout_share=0.0))
    points, modes = dataset.train["sample"], dataset.train.labels
    assert points.shape == (100_000, 2)
    assert points.dtype == np.float32
    assert dataset.spec.sample.range == value_range
    residuals = points - centres[modes]
    np.testing.assert_allclose(residuals.std(axis=0), std, rtol=0.02)
    np.testing.assert_allclose(residuals.mean(axis=0), 0.0, atol=std * 0.02)
    np.testing.assert_allclose(dataset.spec.marginal, 1 / len(centres), rtol=0.1)


def test_points_are_the_same_for_ever():
    points, modes = mixtures.draw(mixtures.ring_centres(), mixtures.RING_STD)
    np.testing.assert_array_equal(modes[:8], GOLDEN_MODES)
    np.testing.assert_allclose(points[:2], GOLDEN_POINTS, rtol=1e-6)
    again, _ = mixtures.draw(mixtures.ring_centres(), mixtures.RING_STD)
    np.testing.assert_array_equal(points, again)


GOLDEN_MODES = [4, 7, 5, 0, 3, 3, 3, 7]
GOLDEN_POINTS = [[-1.0038507, -0.0016911172], [0.69901705, -0.6982867]]
