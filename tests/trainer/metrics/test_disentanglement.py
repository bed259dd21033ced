import numpy as np
import pytest

from trainer.errors import MetricError
from trainer.metrics.disentanglement import code_accuracy, mutual_information_gap

RANDOM = np.random.RandomState(0)
FACTORS = np.stack([RANDOM.randint(4, size=4000), RANDOM.randint(5, size=4000)], axis=1)


def test_a_code_a_factor_has_the_whole_gap():
    """Independent up to the counts' own bias of (4 - 1)(5 - 1) / 2n nats."""
    result = mutual_information_gap(FACTORS[:, ::-1], FACTORS)
    assert result.gap.value == pytest.approx(1.0, abs=3e-3)
    assert result.information[0, 1] == pytest.approx(np.log(5), abs=5e-3)


def test_two_codes_that_say_the_same_have_none():
    codes = FACTORS[:, [0, 0]]
    result = mutual_information_gap(codes, FACTORS[:, :1])
    assert result.gap.value == 0.0
    np.testing.assert_allclose(result.by_factor, [0.0])


def test_by_hand():
    """One code is the bit itself, the other a bit that agrees in three of four."""
    factor = np.repeat([0, 1], 4)
    noisy = np.array([0, 0, 0, 1, 1, 1, 1, 0])
    result = mutual_information_gap(np.stack([factor, noisy], axis=1), factor[:, None])
    equivocation = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert result.gap.value == pytest.approx(equivocation / np.log(2))
    np.testing.assert_allclose(
        result.information, [[np.log(2)], [np.log(2) - equivocation]], atol=1e-12
    )


def test_continuous_codes_are_binned_by_rank():
    noise = RANDOM.standard_normal((4000, 2))
    codes = FACTORS + 0.05 * noise
    result = mutual_information_gap(codes, FACTORS)
    assert result.gap.value > 0.9
    monotone = mutual_information_gap(np.exp(3.0 * codes), FACTORS)
    assert monotone.gap == pytest.approx(result.gap)


def test_few_values_are_categories_whatever_their_type():
    codes = np.where(RANDOM.random_sample((4000, 2)) < 0.98, 0, FACTORS)
    as_floats = mutual_information_gap(codes.astype(float), FACTORS)
    assert as_floats.gap == mutual_information_gap(codes, FACTORS).gap


def test_order_and_names_do_not_matter():
    noisy = np.where(RANDOM.random_sample(FACTORS.shape) < 0.3, 0, FACTORS)
    rows = RANDOM.permutation(4000)
    plain = mutual_information_gap(noisy, FACTORS)
    other = mutual_information_gap(7 - 2 * noisy[rows][:, ::-1], 10 * FACTORS[rows])
    np.testing.assert_allclose(other.by_factor, plain.by_factor)
    assert 0.0 < plain.gap.error < 0.03


def test_the_error_is_the_spread_of_repetitions():
    random = np.random.RandomState(1)
    gaps = []
    for _ in range(40):
        factors = random.randint(3, size=(300, 2))
        codes = np.where(random.random_sample(factors.shape) < 0.3, 0, factors)
        gaps.append(mutual_information_gap(codes, factors).gap)
    spread = np.std([x.value for x in gaps])
    assert np.mean([x.error for x in gaps]) == pytest.approx(spread, rel=0.3)


def test_a_code_is_read_under_the_best_matching():
    labels = np.repeat(np.arange(3), 10)
    code = (labels + 1) % 3 + 5
    code[0] = 7
    result = code_accuracy(code, labels)
    assert result.accuracy.value == pytest.approx(29 / 30)
    assert result.matching == {6: 0, 7: 1, 5: 2}


def test_left_over_categories_are_wrong():
    assert code_accuracy(np.array([0, 0, 1, 2]), np.array([4, 4, 4, 9])).accuracy.value == 0.75
    assert code_accuracy(np.zeros(4, int), np.array([0, 0, 1, 2])).accuracy.value == 0.5


def test_bad_input_gets_a_sentence():
    with pytest.raises(MetricError, match="factor 1 is 3 in all samples"):
        mutual_information_gap(FACTORS, np.stack([FACTORS[:, 0], np.full(4000, 3)], axis=1))
    with pytest.raises(MetricError, match="two codes at least"):
        mutual_information_gap(FACTORS[:, :1], FACTORS)
    with pytest.raises(MetricError, match="factors are float64"):
        mutual_information_gap(FACTORS, FACTORS.astype(float))
    with pytest.raises(MetricError, match="NaN"):
        mutual_information_gap(FACTORS * np.nan, FACTORS)
    with pytest.raises(MetricError, match="twice"):
        code_accuracy(np.zeros(3, int), np.zeros(4, int))
