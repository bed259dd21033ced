import pytest

from benchmarks import little_data
from trainer.config.recipe import load_experiment


def test_the_gap_is_that_of_the_last_quarter():
    assert little_data.late([9.0] * 6 + [1.0, 3.0]) == 2.0
    assert little_data.late([5.0]) == 5.0


@pytest.mark.parametrize("data", little_data.DATA)
@pytest.mark.parametrize("game", little_data.REMEDIES)
def test_every_game_is_a_recipe(data, game):
    options = little_data.DATA[data]
    load_experiment(options.recipe, [*options.few, *little_data.REMEDIES[game]])
