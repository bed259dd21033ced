import numpy as np

from trainer.config.experiment import Data
from trainer.data import loading


def test_waves_are_sines_of_their_bounds_and_the_same_ones_for_ever():
    source = {"name": "sines", "series": 200, "length": 60}
    dataset = loading.load(Data(source=source, holdout_share=0.0))
    field, waves = dataset.spec.sample, dataset.train["sample"][:, :, 0].astype(np.float64)
    assert field.is_series and field.shape == (60, 1) and field.range == (-1.0, 1.0)
    # x(t + 1) + x(t - 1) = 2 cos(2π f / T) x(t), f on [1, 5].
    middle = waves[:, 1:-1]
    ratio = ((waves[:, 2:] + waves[:, :-2]) * middle).sum(axis=1) / (middle**2).sum(axis=1)
    np.testing.assert_allclose(waves[:, 2:] + waves[:, :-2], ratio[:, None] * middle, atol=1e-5)
    frequency = np.arccos(ratio / 2) * 60 / (2 * np.pi)
    assert frequency.min() > 0.99 and frequency.max() < 5.01 and frequency.std() > 1.0
    highest = np.abs(waves).max(axis=1)
    assert highest.min() > 0.09 and highest.max() <= 0.9
    np.testing.assert_allclose(waves[0, :3], [-0.1147377, -0.1790103, -0.2277013], atol=1e-6)
