from argparse import Namespace

import numpy as np
import pytest

from benchmarks import known_maps
from benchmarks.known_maps import compared, noisy
from trainer.config.recipe import load_experiment
from trainer.data.sources.pairs import negative, outline

BLOCK = np.zeros((1, 5, 5, 1), np.uint8)
BLOCK[0, 1:4, 1:4] = 200


@pytest.mark.parametrize(("name", "made"), [("negative", negative), ("outline", outline)])
def test_the_right_counterpart_agrees_wholly(name, made):
    right = made(BLOCK[0])[np.newaxis]
    assert compared(BLOCK, right, name) == {"pixel agreement": 1.0, "foreground F1": 1.0}


def test_agreement_by_hand():
    """Of 25 pixels nine are ink; the other picture has the three of one row, all of them right."""
    other = np.full((1, 5, 5, 1), 255, np.uint8)
    other[0, 1, 1:4] = 0
    scored = compared(BLOCK, other, "negative")
    assert scored["pixel agreement"] == pytest.approx(19 / 25)
    assert scored["foreground F1"] == pytest.approx(2 * 3 / (9 + 3))


def test_a_picture_without_ink_agrees_on_the_background_alone():
    scored = compared(BLOCK, np.zeros_like(BLOCK), "outline")
    assert scored == {"pixel agreement": pytest.approx(17 / 25), "foreground F1": 0.0}


def test_noise_is_as_strong_as_it_should_be_and_the_same_every_time():
    grey = np.full((4, 32, 32, 1), 128, np.uint8)
    differences = noisy(grey).astype(float) - grey
    assert abs(differences.mean()) < 0.5 and differences.std() == pytest.approx(8.0, rel=0.05)
    np.testing.assert_array_equal(noisy(grey), noisy(grey))


@pytest.mark.parametrize("game", known_maps.GAMES)
def test_every_game_can_be_played_on_its_own_digits(game):
    arguments = Namespace(quick=True, steps=None, data_dir="prepared")
    job = known_maps._job(arguments, game, 1)
    experiment = load_experiment(job.recipe, job.overrides)
    assert experiment.train.steps == 20 and experiment.data.data_dir == "prepared"
    assert str(experiment.data.source.of) == ("tfds:mnist" if "MNIST" in game else "digits")
    if game.startswith("CoGAN") and "MNIST" in game:
        assert experiment.data.size == (28, 28)


def test_floors_are_those_of_the_digits():
    rows = known_maps._floors(known_maps.Digits(size=16, called=" of own"), "outline", [])
    assert [row["pairs"] for row in rows] == [
        f"{floor}, outlines of own, 16 pixels"
        for floor in ("unrelated digits", "no ink", "as given")
    ]
    assert float(rows[1]["foreground F1"]) == 0.0 and 0.5 < float(rows[1]["pixel agreement"]) < 1.0
