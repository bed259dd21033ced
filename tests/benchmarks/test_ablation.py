from argparse import ArgumentParser
from pathlib import Path

import pytest

from benchmarks import (
    ablation,
    adaptation,
    crowns,
    enlarged_emoji,
    predicted_clips,
    predicted_digits,
    super_resolution,
    trained,
)
from trainer.catalogue import METRIC_INFO
from trainer.config.recipe import load_experiment

ABLATIONS = {
    "adaptation": adaptation.ABLATION,
    "crowns": crowns.ABLATION,
    "enlarged_emoji": enlarged_emoji.ABLATION,
    "predicted_clips": predicted_clips.ABLATION,
    "predicted_digits": predicted_digits.ABLATION,
    "super_resolution": super_resolution.ABLATION,
}


def _arguments(of, *given):
    parser = ArgumentParser()
    of.add_arguments(parser)
    parser.set_defaults(quick=True, threads=1)
    return parser.parse_args(given)


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_game_can_be_played_and_every_column_is_a_number(name):
    of = ABLATIONS[name]
    arguments = _arguments(of)
    jobs = [of.job(arguments, game, 0) for game in of.games]
    assert len({job.name for job in jobs}) == len(jobs)
    for job in jobs:
        experiment = load_experiment(of.recipe, [*job.overrides, *(job.evaluation or ())])
        assert experiment.train.steps == 20 and experiment.seed == 0
    keys = {*of.columns.values(), *(k for row in of.floors.values() for k in row.values())}
    assert keys <= set(METRIC_INFO)


def test_other_overrides_are_other_runs():
    of = crowns.ABLATION
    names = {
        of.job(_arguments(of, *given), "L1 + GAN", 0).name
        for given in ((), ("--set", "data.cache_gib=1"), ("--set", "data.cache_gib=2"))
    }
    assert len(names) == 3


def test_a_row_a_game_and_what_no_game_made(monkeypatch):
    """Two seeds of one game; the other one failed."""
    of = ablation.Ablation(
        recipe="pix2pix-digits",
        games={"one": (), "other": ()},
        columns={"L1": "l1"},
        row="game",
        evaluation=(),
        floors={"given": {"L1": "l1_input"}, "nothing": {"L1": "psnr_input"}},
    )

    def make(jobs, folder, **options):
        failed = trained.Trained("", problem="it failed")
        good = {0: {"l1": 0.1, "l1_input": 0.5}, 1: {"l1": 0.3, "l1_input": 0.5}}
        return {
            (game, seed): trained.Trained("", 20, 0, 60.0, good[seed]) if game == "one" else failed
            for game, seed in jobs
        }

    monkeypatch.setattr(trained, "make", make)
    found = of.run(_arguments(of, "--seeds", "2", "--work", str(Path("unused"))))
    assert found["rows"] == [
        {"game": "one", "L1": "0.2 ± 0.14", "steps": 20, "minutes": "1 ± 0", "seeds": 2},
        {"game": "other", "L1": "not run", "steps": 0, "minutes": "not run", "seeds": 0},
        {"game": "given", "L1": "0.5"},
    ]
    assert found["details"]["problems"] == ["it failed", "it failed"]
