import argparse
import json

import numpy as np
import pytest

from benchmarks import stacked_modes, trained
from benchmarks.stacked_modes import evenness
from trainer.config.recipe import load_experiment


def options(tmp_path, *arguments):
    parser = argparse.ArgumentParser()
    for flag in ("--quick", "--threads"):
        parser.add_argument(flag, action="store_true")
    stacked_modes.add_arguments(parser)
    asked = parser.parse_args([*arguments, "--seeds", "2", "--work", str(tmp_path)])
    return argparse.Namespace(**vars(asked), results=tmp_path)


@pytest.mark.parametrize("judge", ["quarter", "full"])
@pytest.mark.parametrize("game", stacked_modes.GAMES)
def test_every_game_is_a_recipe(tmp_path, game, judge):
    job = stacked_modes._job(options(tmp_path, "--judge", judge), game, 0)
    experiment = load_experiment(job.recipe, job.overrides)
    filters = {name: experiment.network_of(name).base_filters for name in experiment.round.roles}
    assert filters["generator"] == {"quarter": 4, "full": 1}[judge] * filters["discriminator"]


def test_a_result_has_a_row_for_all_that_is_planned_and_keeps_what_was_measured_before(
    tmp_path, monkeypatch
):
    class Reader:
        accuracy = 0.99

        def __init__(self, arguments):
            pass

        def counted(self, samples):
            return 700, 1.5

        def floors(self, count):
            return [{"game": "modes drawn evenly", "discriminator": "", "modes": 1000, "KL": 0.02}]

    def make(jobs, folder, *, workers, threads):
        return {place: trained.Trained(job.name, 100, 6400, 60.0) for place, job in jobs.items()}

    monkeypatch.setattr(trained, "make", make)
    monkeypatch.setattr("trainer.commands.base.start_tensorflow", lambda: None)
    monkeypatch.setattr(stacked_modes, "_Reader", Reader)
    monkeypatch.setattr(stacked_modes, "samples_of", lambda run_dir, count: None)
    first = stacked_modes.run(options(tmp_path, "--games", "DCGAN"))
    (tmp_path / "stacked_modes.json").write_text(json.dumps({"commit": "abc", **first}))
    second = stacked_modes.run(options(tmp_path, "--games", "WGAN-GP", "--judge", "full"))
    found = {(row["game"], row["discriminator"]): row["modes"] for row in second["rows"]}
    assert found.pop(("modes drawn evenly", "")) == 1000
    assert set(found) == set(stacked_modes.PLANNED)
    measured = {place for place in found if found[place] != "not run"}
    assert measured == {("DCGAN", "quarter"), ("WGAN-GP", "full")}
    assert len(second["details"]["runs"]) == 4
    assert "99.00%" in second["verdict"]


def test_all_modes_as_often_are_even():
    assert evenness(np.arange(1000)) == (1000, pytest.approx(0.0, abs=1e-12))


def test_one_mode_alone_is_the_logarithm_of_a_thousand_away():
    assert evenness(np.zeros(50, np.int64)) == (1, pytest.approx(np.log(1000)))


def test_even_draws_have_the_floor_of_their_number():
    """26 000 draws of 1 000 even modes: about (1000 - 1) / (2 · 26 000) nats."""
    modes, kl = evenness(np.random.RandomState(0).randint(1000, size=26_000))
    assert modes == 1000
    assert kl == pytest.approx(999 / 52_000, abs=3e-3)
