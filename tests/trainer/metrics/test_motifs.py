import numpy as np
import pytest

from trainer.errors import MetricError
from trainer.metrics import motifs


def test_occurrences_overlap():
    ids = np.array([[1, 1, 1, 0], [0, 1, 1, 0], [1, 0, 1, 0]])
    assert motifs.occurrences(ids, np.array([1, 1])).tolist() == [2, 1, 0]
    assert motifs.occurrences(ids, np.array([1, 1, 1, 1, 1])).tolist() == [0, 0, 0]
    assert motifs.starts(ids, np.array([1, 1]))[1].tolist() == [False, True, False]


def test_evenness_is_entropy_over_its_most():
    assert motifs.evenness(np.eye(4, dtype=bool)) == pytest.approx(1.0)
    one_place = np.array([[True, False, False]] * 5)
    assert motifs.evenness(one_place) == 0.0
    # Three of four places the same: H(3/4, 1/4) over two bits.
    uneven = np.eye(4, dtype=bool)[[0, 0, 0, 1]]
    assert motifs.evenness(uneven) == pytest.approx(0.8112781 / 2.0)
    with pytest.raises(MetricError, match="exactly once"):
        motifs.evenness(np.zeros((0, 4), bool))


def test_a_position_matrix_and_its_correlation():
    ids = np.array([[0, 1], [0, 2], [0, 1], [1, 1]])
    matrix = motifs.position_matrix(ids, 3)
    np.testing.assert_allclose(matrix, [[0.75, 0.25, 0.0], [0.0, 0.75, 0.25]])
    assert motifs.correlation(matrix, matrix) == pytest.approx(1.0)
    other = motifs.position_matrix(np.array([[0, 0], [1, 2]]), 3)
    expected = np.corrcoef(matrix.ravel(), other.ravel())[0, 1]
    assert motifs.correlation(matrix, other) == pytest.approx(expected)
    with pytest.raises(MetricError, match="same at all places"):
        motifs.correlation(matrix, np.full((2, 3), 1 / 3))


def test_mutual_information_of_two_coins():
    x = np.repeat([0, 1], 500)
    # A copy tells one bit, and the correction is (1 + 1 - 1) / 2n nats.
    correction = 1.0 / (2 * 1000 * np.log(2.0))
    assert motifs.mutual_information(x, x, 2) == pytest.approx(1.0 + correction)
    y = np.tile([0, 1], 500)
    # Four pairs alike tell nothing: (1 + 1 - 3) / 2n nats.
    assert motifs.mutual_information(x, y, 2) == pytest.approx(-correction)


def test_the_correction_takes_away_what_few_samples_add():
    random = np.random.RandomState(0)
    x, y = random.randint(20, size=(2, 3000))
    assert abs(motifs.mutual_information(x, y, 20)) < 0.015


def test_the_strongest_pair_is_found():
    random = np.random.RandomState(0)
    ids = random.randint(3, size=(500, 5))
    ids[:, 3] = ids[:, 1]
    found = motifs.strongest(ids, 3)
    assert (found.first, found.second) == (1, 3) and found.bits == pytest.approx(1.58, abs=0.02)
    with pytest.raises(MetricError, match="one symbol"):
        motifs.strongest(ids[:, :1], 3)
