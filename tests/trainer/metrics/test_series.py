import numpy as np
import pytest

from trainer.errors import MetricError
from trainer.metrics.series import autocorrelations


def test_autocorrelations_are_worked_out_by_hand():
    # 1, -1, 1, -1 has Σ x² = 4, and -3 at lag 1, 2 at lag 2; one that never varies has none.
    series = np.array([[1, -1, 1, -1], [5, 5, 5, 5]], np.float32)[..., np.newaxis]
    np.testing.assert_allclose(autocorrelations(series[:1])[:, 0], [-0.75, 0.5])
    np.testing.assert_allclose(autocorrelations(series)[:, 0], [-0.375, 0.25])
    # A constant added and a factor change nothing.
    np.testing.assert_allclose(autocorrelations(3 + 2 * series), autocorrelations(series))
    with pytest.raises(MetricError, match="one step only"):
        autocorrelations(series[:, :1])
