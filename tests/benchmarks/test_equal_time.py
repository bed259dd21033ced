from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import equal_time, trained
from trainer.config.recipe import load_experiment


def _arguments(**changed):
    return Namespace(
        **{"quick": True, "steps": None, "data_dir": None, "work": Path("work"), **changed}
    )


@pytest.mark.parametrize("data", equal_time.PAIRS)
def test_both_games_can_be_played_and_the_second_for_as_long_as_the_first(data):
    first = equal_time.job(_arguments(), data, 1)
    experiment = load_experiment(first.recipe, [*first.overrides, *first.evaluation])
    assert (experiment.train.steps, experiment.seed) == (20, 1)
    second = equal_time.job(_arguments(), data, 1, 90.0)
    experiment = load_experiment(second.recipe, second.overrides)
    assert experiment.run.time_budget_minutes == 1.5 and experiment.data.size == (32, 32)
    assert first.name != second.name


def test_what_grows_ends_at_full_size_long_before_its_last_step():
    job = equal_time.job(_arguments(quick=False), "MNIST", 0)
    experiment = load_experiment(job.recipe, job.overrides)
    (grow,) = experiment.wrappers
    assert experiment.network.resolutions(32, 32) == [(8, 8), (16, 16), (32, 32)]
    assert grow.steady + 2 * grow.fade + grow.steady < experiment.train.steps


def test_emoji_have_their_categories_for_classes(tmp_path):
    np.savez(tmp_path / "emoji64.npz", images=np.zeros((2, 4, 4, 3), np.uint8))
    lines = '{"category": "people"}\n{"category": "food"}\n'
    (tmp_path / "captions.jsonl").write_text(lines)
    equal_time.write_emoji(tmp_path, tmp_path / "work")
    with np.load(tmp_path / "work" / "emoji.npz") as arrays:
        assert arrays["labels"].tolist() == ["people", "food"]


def test_rows_say_how_fast_and_for_how_long(monkeypatch):
    played = []

    def make(jobs, folder, **options):
        played.extend(jobs)
        return {
            place: trained.Trained("", 20, 640, 60.0, {"fcd": 0.5 + place[2]}) for place in jobs
        }

    monkeypatch.setattr(trained, "make", make)
    found = equal_time.run(_arguments(data=["MNIST"], seeds=2, threads=1))
    assert len(played) == 4
    first, second = found["rows"]
    assert (first["game"], second["game"]) == ("progressive growing", "full size from the start")
    assert first["classifier FD"].startswith("1 ±") and first["images/s"] == "10.7 ± 0"
    assert (first["minutes"], first["seeds"]) == ("1 ± 0", 2)
