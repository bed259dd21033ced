import numpy as np
import pytest
from scipy import sparse

from trainer.errors import MetricError
from trainer.metrics import utility


def test_f1_by_hand():
    true, said = np.array([1, 1, 0, 0, 1], bool), np.array([1, 0, 1, 0, 1], bool)
    assert utility.f1(true, said) == pytest.approx(4 / 6)
    assert utility.f1(np.zeros(3, bool), np.zeros(3, bool)) == 0.0


def test_rows_become_features():
    rows = np.array([[1, 2.0], [0, 4.0], [2, np.nan]], np.float32)
    encode = utility.Encoder(rows, np.array([True, False]), [3, 0])
    np.testing.assert_allclose(
        encode(rows).toarray(), [[0, 1, 0, -1, 0], [1, 0, 0, 1, 0], [0, 0, 1, 0, 1]]
    )


def _separable(n, seed):
    x = np.random.RandomState(seed).normal(size=(n, 2))
    return sparse.csr_matrix(x), (x[:, 0] > 1.0).astype(float)


def test_what_can_be_learned_is_learned_and_chance_is_chance():
    train, test = _separable(600, 0), _separable(400, 1)
    found = utility.of_classes(train, test, ["tree", "logistic"], 0)
    assert found.main.value > 0.9 and found.accuracy.value > 0.97
    shuffled = train[0], np.random.RandomState(2).permutation(train[1])
    assert utility.of_classes(shuffled, test, ["tree"], 0).main.value < 0.5


def test_a_number_is_predicted_by_its_variance():
    train, test = _separable(600, 0), _separable(400, 1)
    exact = [(x, np.asarray(x[:, 0].todense()).ravel()) for x, _ in (train, test)]
    assert utility.of_numbers(*exact, 0).main.value > 0.98
    with pytest.raises(MetricError, match="never varies among real rows"):
        utility.of_numbers(exact[0], (exact[1][0], np.ones(400)), 0)


def test_one_class_gets_a_sentence():
    x, y = _separable(50, 0)
    with pytest.raises(MetricError, match="all rows of a side are of one class"):
        utility.of_classes((x, np.zeros(50)), (x, y), ["tree"], 0)
