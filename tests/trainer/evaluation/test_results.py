import json
from dataclasses import replace

import pytest

from tests.trainer.evaluation.examples import PROTOCOL, evaluation, number
from trainer import catalogue
from trainer.errors import ConfigError
from trainer.evaluation.results import Evaluation, MetricValue, best, protocol_name


def test_an_evaluation_survives_json():
    row = json.loads(json.dumps(evaluation().as_dict()))
    assert row["numbers"][0]["direction"] == "lower" and "target" not in row["numbers"][0]
    assert Evaluation.from_dict(row) == evaluation()


def test_a_target_is_told_in_json():
    made = evaluation(numbers=(number("memorisation", 0.6, 0.01),))
    row = json.loads(json.dumps(made.as_dict()))
    assert (row["numbers"][0]["direction"], row["numbers"][0]["target"]) == ("nearest", 0.5)
    assert Evaluation.from_dict(row) == made


@pytest.mark.parametrize("document", [{}, {"numbers": 3}, {"numbers": [], "skipped": []}, [], 3])
def test_another_document_is_refused(document):
    with pytest.raises(ConfigError, match="is not one"):
        Evaluation.from_dict(document)


@pytest.mark.parametrize(
    ("count", "options", "extracted", "expected"),
    [
        (10_000, {}, True, "fcd_10k_test_mnistcnn-3f2a"),
        (1797, {}, False, "fcd_1797_test"),
        (2000, {"k": 3}, True, "fcd_k3_2k_test_mnistcnn-3f2a"),
        (2500, {"epsilon": 1e-4}, False, "fcd_epsilon0.0001_2500_test"),
    ],
)
def test_a_name_spells_the_protocol(count, options, extracted, expected):
    protocol = replace(PROTOCOL, num_fake=count)
    assert protocol_name("fcd", protocol, options=options, uses_features=extracted) == expected


@pytest.mark.parametrize("pattern", ["fcd", "fcd_10k", "fcd_10k_test_mnistcnn-3f2a"])
def test_a_number_is_found_by_the_beginning_of_its_name(pattern):
    assert evaluation(fcd=3.5).find(pattern).value == 3.5


@pytest.mark.parametrize("pattern", ["fc", "fid", "fcd_1", ""])
def test_a_name_that_fits_nothing_is_refused_with_the_names(pattern):
    with pytest.raises(ConfigError, match="there are: fcd_10k_test_mnistcnn-3f2a, recall_10k"):
        evaluation().find(pattern)


def test_a_key_that_begins_another_key_means_itself():
    numbers = (number("ms_ssim", 0.3), number("ms_ssim_real", 0.2))
    assert evaluation(numbers=numbers).find("ms_ssim").value == 0.3


def test_a_beginning_that_fits_several_is_refused():
    with pytest.raises(ConfigError, match="'fcd' fits several numbers"):
        evaluation(numbers=(number("fcd", 1.0), number("fcd", 2.0, k=3))).find("fcd")


def test_best_follows_the_direction():
    recalls = [MetricValue("recall", "r", value) for value in (0.1, 0.6, 0.3)]
    distances = [MetricValue("fcd", "f", value) for value in (2.0, 1.0, 3.0)]
    assert best(recalls).value == 0.6 and best(distances).value == 1.0
    shares = [MetricValue("memorisation", "m", value) for value in (0.1, 0.6, 0.5, 0.4)]
    assert best(shares).value == 0.5 and best(shares[:2]).value == 0.6
    assert best([]) is None and best([MetricValue("ms_ssim_real", "m", 1.0)]) is None


def test_every_explanation_is_two_lines_for_a_reader():
    for key, info in catalogue.METRIC_INFO.items():
        assert 40 < len(info.explanation) < 260, key
        assert info.explanation.endswith("."), key


def test_metrics_have_names_and_numbers_of_their_own():
    names = [metric.model_fields["name"].default for metric in catalogue.METRICS]
    keys = [key for metric in catalogue.METRICS for key in metric.values]
    assert len(set(names)) == len(names)
    assert sorted(keys) == sorted(catalogue.METRIC_INFO)
