import json
import logging

import numpy as np
import pytest

from tests.conftest import checkpointed, tiny
from tests.trainer.evaluation.examples import EVALUATED
from trainer.errors import ConfigError
from trainer.evaluation import observer
from trainer.training import train


def rows(run_dir):
    path = run_dir / "evaluations.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def fields(row):
    return {k: v for k, v in row.items() if k not in ("seconds", "time", "target")}


@pytest.fixture(scope="module")
def resumed(tmp_path_factory):
    """The same run, cut short after step 4 and resumed, of which only the last checkpoint stays."""
    run_dir = tmp_path_factory.mktemp("resumed") / "run"
    settings = (*EVALUATED, "run.keep=1")
    train(tiny("cgan-digits", *settings, "train.steps=4"), run_dir, progress=False)
    # As if the kill had come between the checkpoint and its evaluation.
    lines = (run_dir / "evaluations.jsonl").read_text().splitlines(keepends=True)
    (run_dir / "evaluations.jsonl").write_text("".join(lines[:-1]))
    train(tiny("cgan-digits", *settings), run_dir, progress=False)
    return run_dir


def test_every_so_many_steps_are_evaluated_and_checkpointed(evaluated_run):
    found = rows(evaluated_run)
    assert [row["step"] for row in found] == [2, 4, 6]
    assert {n["key"] for n in found[0]["numbers"]} == {
        *("fd", "precision", "recall", "density", "coverage"),
    }
    assert (evaluated_run / "checkpoints" / "step-2.index").exists()


@pytest.mark.integration
def test_the_best_checkpoints_are_kept_beside_the_last(resumed):
    values = {row["step"]: {n["key"]: n["value"] for n in row["numbers"]} for row in rows(resumed)}
    best = {min(values, key=lambda step: values[step]["fd"])}
    for key in ("precision", "recall", "density", "coverage"):
        best.add(max(values, key=lambda step: values[step][key]))
    kept = {p.stem for p in (resumed / "checkpoints").glob("*.index")}
    copies = {p.stem for p in (resumed / "checkpoints" / "best").glob("*.index")}
    assert kept == {"step-6"} and copies == {f"step-{step}" for step in best}


def test_evaluating_does_not_change_training(evaluated_run, longer_run):
    plain, watched = checkpointed(longer_run), checkpointed(evaluated_run)
    assert plain.keys() == watched.keys()
    for name in plain:
        np.testing.assert_array_equal(plain[name], watched[name], err_msg=name)


@pytest.mark.integration
def test_a_run_cut_short_and_resumed_has_the_same_evaluations(evaluated_run, resumed):
    assert [fields(r) for r in rows(resumed)] == [fields(r) for r in rows(evaluated_run)]


@pytest.mark.integration
def test_a_failing_metric_warns_and_training_goes_on(tmp_path, monkeypatch, caplog):
    def fail(*_):
        raise ZeroDivisionError("a metric of somebody's own")

    monkeypatch.setattr(observer, "evaluate", fail)
    with caplog.at_level(logging.WARNING, logger="saddlepoint"):
        summary = train(tiny("cgan-digits", *EVALUATED), tmp_path / "run", progress=False)
    assert summary.step == 6 and summary.ended_by == "steps"
    assert "Evaluations failed." in caplog.text


def test_evaluation_is_not_part_of_the_experiments_identity():
    assert tiny().hash == tiny("cgan-digits", *EVALUATED[2:]).hash


def test_a_run_without_held_out_examples_is_refused_before_it_begins(tmp_path):
    experiment = tiny("cgan-digits", *EVALUATED, "data.holdout_share=0.0")
    with pytest.raises(ConfigError, match=r"evaluate\.split: received 'test', but digits has 0"):
        train(experiment, tmp_path / "run", progress=False)
