import numpy as np
import pytest

from benchmarks import energy_grid
from benchmarks.energy_grid import reversed_score


def test_the_score_is_the_divergence_from_the_marginal_to_each_reading():
    """Two readings, (1 - e, e) and (e, 1 - e): KL((½, ½) ‖ ·) = -½ ln 4e(1 - e) for both."""
    e = 0.1
    logits = np.log([[1 - e, e], [e, 1 - e]])
    assert reversed_score(logits) == pytest.approx(-0.5 * np.log(4 * e * (1 - e)))


def test_unsure_readings_and_a_single_class_score_nothing():
    assert reversed_score(np.zeros([5, 3])) == pytest.approx(0.0)
    assert reversed_score(np.tile([9.0, 0.0, 0.0], [5, 1])) == pytest.approx(0.0)


def test_every_configuration_is_counted_once():
    assert len(set(energy_grid.configurations(energy_grid.DATA["digits"]))) == 16
    rows = energy_grid.rows({"GAN": [0.0, 1.0, 2.0], "EBGAN": [2.0, 2.0, 2.0]}, 3.0)
    assert sum(row["GAN"] for row in rows[:6]) == sum(row["EBGAN"] for row in rows[:6]) == 3
    assert rows[-3] == {"score I'": "median", "GAN": 1.0, "EBGAN": 2.0}
