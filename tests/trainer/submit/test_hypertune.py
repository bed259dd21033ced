"""The line that a tuner's agent reads."""

import json

import pytest
from click.testing import CliRunner

from trainer import task
from trainer.catalogue import METRIC_INFO
from trainer.errors import ConfigError, RunError
from trainer.evaluation.results import Evaluation, MetricValue, Protocol, SkippedMetric
from trainer.submit import hypertune

PROTOCOL = Protocol(9, 9, "digits", "test", "", "", (0.0, 1.0), "raw", "", None, 0)


@pytest.fixture
def told(tmp_path, monkeypatch):
    path = tmp_path / "hypertune" / "output.metrics"
    monkeypatch.setenv("CLOUD_ML_HP_METRIC_FILE", str(path))
    monkeypatch.setenv("CLOUD_ML_TRIAL_ID", "3")
    return lambda: [json.loads(line) for line in path.read_text().splitlines()]


def _evaluation(*numbers):
    skipped = (SkippedMetric("gan_test", "there are no labels"),)
    return Evaluation("run", "r", 40, "", PROTOCOL, tuple(numbers), skipped)


def test_a_number_stands_under_the_name_that_the_study_knows(told):
    number = MetricValue("fcd", "fcd_10k_test_cnn-1", 7.5)
    hypertune.report("fcd_10k", _evaluation(number))
    (line,) = told()
    assert (line["fcd_10k"], line["global_step"], line["trial"]) == ("7.5", "40", "3")
    assert line["timestamp"] > 0 and line["checkpoint_path"] == ""


def test_of_a_number_with_a_target_the_distance_is_told(told):
    key = next(key for key, info in METRIC_INFO.items() if info.direction == "nearest")
    target = METRIC_INFO[key].target
    hypertune.report(key, _evaluation(MetricValue(key, f"{key}_10k", target - 2)))
    assert told()[0][key] == "2.0" or float(told()[0][key]) == pytest.approx(2)


def test_a_number_that_was_not_measured_is_a_sentence(told):
    with pytest.raises(RunError, match="gan_test was not measured: there are no labels"):
        hypertune.report("gan_test", _evaluation())
    with pytest.raises(ConfigError, match="--tune: 'fid' fits no number"):
        hypertune.report("fid", _evaluation())


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("--model_dir", "--model_dir: no such option"),
        ("--stps=5", "stps: no such field"),
        ("--tune=fcdd", "--tune: received 'fcdd'"),
    ],
)
def test_what_no_tuner_appends_is_refused(argument, words):
    result = CliRunner().invoke(task.main, ["cgan-digits", argument])
    assert result.exit_code == 2 and words in result.stderr
