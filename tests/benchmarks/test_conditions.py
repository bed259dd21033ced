import argparse
import json

import pytest

from benchmarks import conditions, trained
from trainer.config.recipe import load_experiment


def options(tmp_path, *asked):
    parser = argparse.ArgumentParser()
    conditions.add_arguments(parser)
    parsed = vars(parser.parse_args([*asked, "--seeds", "2", "--work", str(tmp_path)]))
    return argparse.Namespace(**parsed, quick=True, threads=1, results=tmp_path)


def test_labels_stand_beside_none_and_what_was_measured_before(tmp_path, monkeypatch):
    def make(jobs, folder, *, workers, threads):
        for job in jobs.values():
            load_experiment(job.recipe, [*job.overrides, *job.evaluation])
        return {
            (game, seed): trained.Trained(
                job.name, 20, 20, 3.0, {"fcd": 8.0 if game == "unconditional" else 2.0}
            )
            for (game, seed), job in jobs.items()
        }

    monkeypatch.setattr(trained, "make", make)
    result = conditions.run(options(tmp_path, "--games", "unconditional", "projection"))
    rows = {(row["data"], row["game"]): row for row in result["rows"]}
    assert len(rows) == 3 * len(conditions.GAMES)
    assert rows["digits", "projection"]["times closer than unconditional"] == "4"
    assert rows["digits", "projection"]["fcd"] == "2 ± 0"
    assert rows["mnist", "projection"]["gan_test"] == "not run"
    (tmp_path / "conditions.json").write_text(json.dumps({"commit": "abc", **result}))
    again = conditions.run(options(tmp_path, "--data", "mnist", "--games", "AC-GAN"))["rows"]
    rows = {(row["data"], row["game"]): row for row in again}
    assert rows["digits", "projection"]["fcd"] == rows["mnist", "AC-GAN"]["fcd"] == "2 ± 0"


@pytest.mark.slow
def test_a_quick_run_measures_within_classes(tmp_path):
    asked = options(tmp_path, "--games", "AC-GAN")
    asked.seeds = 1
    result = conditions.run(asked)
    assert result["details"]["problems"] == []
    row = next(row for row in result["rows"] if row["game"] == "AC-GAN")
    assert 0.0 <= float(row["intra_recall"]) < float(row["intra_recall_real"]) <= 1.0
