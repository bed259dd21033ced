from dataclasses import replace

import pytest

from tests.trainer.evaluation.examples import evaluation
from trainer.config.recipe import load_experiment
from trainer.errors import ConfigError
from trainer.evaluation import selection
from trainer.evaluation.results import MetricValue
from trainer.run.directory import RunDirectory

FCD = "fcd_1k_test_cnn-1a2b"
RECALL = "recall_1k_test_cnn-1a2b"


def at(step, fcd, recall):
    numbers = (MetricValue("fcd", FCD, fcd), MetricValue("recall", RECALL, recall))
    return replace(evaluation(), step=step, numbers=numbers)


ROWS = [at(10, 9.0, 0.2), at(20, 3.0, 0.5), at(30, 4.0, 0.7)]


def test_the_best_step_follows_each_numbers_direction():
    assert {name: step for name, (step, _) in selection.best_steps(ROWS).items()} == {
        FCD: 20,
        RECALL: 30,
    }


def test_the_newest_evaluation_of_a_step_counts():
    assert selection.best_steps([*ROWS, at(20, 5.0, 0.5)])[FCD][0] == 30


def test_numbers_without_a_better_direction_choose_nothing():
    number = MetricValue("ms_ssim_real", "ms_ssim_real_1k_test", 0.3)
    assert selection.best_steps([replace(evaluation(), step=1, numbers=(number,))]) == {}


@pytest.fixture
def run(tmp_path):
    run = RunDirectory(tmp_path)
    for row in ROWS:
        run.append(selection.FILE, row.as_dict())
    return run


@pytest.mark.parametrize(
    ("which", "configured", "expected"),
    [
        ("last", None, ("last", "the last one")),
        ("20", None, ("20", "as asked")),
        ("best", None, ("20", f"best by {FCD} = 3")),
        ("best", "recall", ("30", f"best by {RECALL} = 0.7")),
        ("best:recall", None, ("30", f"best by {RECALL} = 0.7")),
        (f"best:{FCD}", "recall", ("20", f"best by {FCD} = 3")),
    ],
)
def test_choose(run, which, configured, expected):
    overrides = [f"evaluate.best={configured}"] if configured else []
    experiment = load_experiment("cgan-digits", overrides)
    assert selection.choose(run, experiment, which, [10, 20, 30]) == expected


def test_only_checkpoints_that_are_kept_can_be_best(run):
    experiment = load_experiment("cgan-digits")
    assert selection.choose(run, experiment, "best", [10, 30]).which == "30"


@pytest.mark.parametrize(
    ("which", "kept", "sentence"),
    [
        ("best", [], "was evaluated; run `gan evaluate RUN_DIR --checkpoint all`"),
        ("best:fid", [10], "no evaluated number begins with 'fid'; give one of fcd_1k"),
    ],
)
def test_what_cannot_be_chosen_gets_a_sentence(run, which, kept, sentence):
    with pytest.raises(ConfigError, match=sentence):
        selection.choose(run, load_experiment("cgan-digits"), which, kept)


def test_a_name_that_fits_two_protocols_is_refused(run):
    number = MetricValue("fcd", "fcd_10k_test_cnn-1a2b", 1.0)
    run.append(selection.FILE, replace(evaluation(), step=30, numbers=(number,)).as_dict())
    with pytest.raises(ConfigError, match="several evaluated numbers begin with 'fcd'"):
        selection.choose(run, load_experiment("cgan-digits"), "best:fcd", [10, 20, 30])
