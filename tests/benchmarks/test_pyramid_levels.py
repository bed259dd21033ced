from argparse import Namespace

from benchmarks import pyramid_levels
from trainer.config.recipe import load_experiment

ARGUMENTS = Namespace(quick=True, steps=None, data="digits")


def test_both_games_can_be_played_and_the_second_for_as_long_as_the_first():
    pyramid = pyramid_levels.pyramid_job(ARGUMENTS, 1)
    experiment = load_experiment(pyramid.recipe, pyramid.overrides)
    assert (experiment.round.levels, experiment.train.steps, experiment.seed) == (2, 20, 1)
    other = pyramid_levels.one_scale_job(ARGUMENTS, 1, 90.0)
    experiment = load_experiment(other.recipe, other.overrides)
    assert experiment.run.time_budget_minutes == 1.5 and experiment.data.size == (32, 32)
