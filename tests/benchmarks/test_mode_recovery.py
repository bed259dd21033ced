import argparse
import json

import pytest

from benchmarks import mode_recovery, trained
from trainer.config.recipe import load_experiment


def options(tmp_path, *remedies, steps=25_000):
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    mode_recovery.add_arguments(parser)
    asked = ["--data", "ring", "--seeds", "2", "--remedies", *remedies, "--work", str(tmp_path)]
    asked += ["--steps", str(steps)]
    return argparse.Namespace(**vars(parser.parse_args(asked)), results=tmp_path)


@pytest.fixture
def trains(monkeypatch):
    """Every run comes to the same numbers, at once."""

    def make(jobs, folder, *, workers, threads):
        numbers = {"modes": 7.0, "on_modes": 0.5, "mode_kl": 0.1}
        return {
            place: trained.Trained(job.name, 100, 100, 3.0, numbers) for place, job in jobs.items()
        }

    monkeypatch.setattr(trained, "make", make)


@pytest.mark.usefixtures("trains")
def test_a_result_has_a_row_for_every_remedy_and_keeps_what_was_measured_before(tmp_path):
    first = mode_recovery.run(options(tmp_path, "GAN"))
    document = {"commit": "abc", **first}
    (tmp_path / "mode_recovery.json").write_text(json.dumps(document))
    rows = mode_recovery.run(options(tmp_path, "R1"))["rows"]
    assert len(rows) == 2 * len(mode_recovery.REMEDIES)
    found = {(row["data"], row["game"]): row["modes (of 8 or 25)"] for row in rows}
    assert found["ring", "GAN"] == found["ring", "R1"] == "7 ± 0"
    assert found["grid", "GAN"] == found["ring", "PacGAN2"] == "not run"


@pytest.mark.usefixtures("trains")
def test_a_longer_game_has_a_row_of_its_own(tmp_path):
    first = mode_recovery.run(options(tmp_path, "GAN"))
    (tmp_path / "mode_recovery.json").write_text(json.dumps({"commit": "abc", **first}))
    longer = mode_recovery.run(options(tmp_path, "GAN", steps=400_000))
    rows = [r for r in longer["rows"] if (r["data"], r["game"]) == ("ring", "GAN")]
    assert [(r["steps"], r["seeds"]) for r in rows] == [(25_000, 2), (400_000, 2)]
    assert len(longer["details"]["runs"]) == 4


@pytest.mark.parametrize("remedy", mode_recovery.REMEDIES)
def test_every_game_is_a_recipe_whose_schedules_are_as_long_as_it(tmp_path, remedy):
    job = mode_recovery._job(options(tmp_path, remedy, steps=400_000), "grid", remedy, 0)
    experiment = load_experiment(job.recipe, job.overrides)
    schedule = experiment.optimizers.generator.schedule
    falls = remedy.endswith("rates falling to 0")
    assert getattr(schedule, "steps", None) == (experiment.train.steps if falls else None)
