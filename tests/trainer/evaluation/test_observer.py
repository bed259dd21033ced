import json
import logging

import numpy as np
import pytest

from tests.conftest import checkpointed, tiny
from trainer.errors import ConfigError
from trainer.evaluation import observer
from trainer.run import train

EVALUATED = (
    "train.steps=6",
    "run.checkpoint_every=6",
    "evaluate.every=2",
    "evaluate.num_samples=100",
    "evaluate.extractor={name: random_projection, size: 8}",
    "evaluate.metrics=[frechet, prdc]",
)


def rows(run_dir):
    path = run_dir / "evaluations.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def fields(row):
    return {k: v for k, v in row.items() if k not in ("seconds", "time", "target")}


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("evaluated") / "run"
    train(tiny("cgan-digits", *EVALUATED), run_dir, progress=False)
    return run_dir


def test_every_so_many_steps_are_evaluated_and_checkpointed(evaluated):
    found = rows(evaluated)
    assert [row["step"] for row in found] == [2, 4, 6]
    assert {n["key"] for n in found[0]["numbers"]} == {
        *("fd", "precision", "recall", "density", "coverage"),
    }
    assert (evaluated / "checkpoints" / "step-2.index").exists()


def test_the_best_checkpoints_are_kept_beside_the_last(tmp_path):
    settings = ("run.keep=1", "evaluate.metrics=[frechet]")
    train(tiny("cgan-digits", *EVALUATED, *settings), tmp_path / "run", progress=False)
    values = {row["step"]: row["numbers"][0]["value"] for row in rows(tmp_path / "run")}
    best = min(values, key=values.__getitem__)
    kept = {p.stem for p in (tmp_path / "run" / "checkpoints").glob("*.index")}
    copies = {p.stem for p in (tmp_path / "run" / "checkpoints" / "best").glob("*.index")}
    assert kept == {"step-6"} and copies == {f"step-{best}"}


def test_evaluating_does_not_change_training(evaluated, tmp_path):
    train(
        tiny("cgan-digits", *EVALUATED[:2]),
        tmp_path / "run",
        progress=False,
    )
    plain, watched = checkpointed(tmp_path / "run"), checkpointed(evaluated)
    assert plain.keys() == watched.keys()
    for name in plain:
        np.testing.assert_array_equal(plain[name], watched[name], err_msg=name)


def test_a_run_cut_short_and_resumed_has_the_same_evaluations(evaluated, tmp_path):
    shorter = [*EVALUATED, "train.steps=4"]
    train(tiny("cgan-digits", *shorter), tmp_path / "run", progress=False)
    # As if the kill had come between the checkpoint and its evaluation.
    lines = (tmp_path / "run" / "evaluations.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "run" / "evaluations.jsonl").write_text("".join(lines[:-1]))
    train(tiny("cgan-digits", *EVALUATED), tmp_path / "run", progress=False)
    assert [fields(r) for r in rows(tmp_path / "run")] == [fields(r) for r in rows(evaluated)]


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
