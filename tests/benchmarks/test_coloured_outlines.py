from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import coloured_outlines as outlines
from trainer.config.recipe import load_experiment


def test_an_outline_a_pixel_off_is_a_hit_and_one_further_away_is_none():
    """A light square changes from its own border outwards; drawn there, or at the edge."""
    picture = np.zeros((1, 12, 12))
    picture[0, 4:8, 4:8] = 100.0
    ring = np.full((1, 12, 12), 100.0)
    ring[0, 4:8, 4:8], ring[0, 5:7, 5:7] = 0.0, 100.0
    assert outlines.outline_f1(picture, ring) == 1.0
    aside = np.full((1, 12, 12), 100.0)
    aside[0, 11] = 0.0
    assert outlines.outline_f1(picture, aside) == 0.0
    assert outlines.outline_f1(np.zeros((1, 12, 12)), ring) == 0.0


def test_the_picture_itself_is_right_in_everything():
    pictures = np.random.RandomState(0).randint(0, 256, (2, 16, 16, 3)).astype(np.uint8)
    found = outlines.measured(pictures, pictures, pictures)
    assert found["L1"] == 0.0 and found["SSIM"] == pytest.approx(1.0)
    assert [found[f"histogram {name}"] for name in "Lab"] == pytest.approx([1.0, 1.0, 1.0])


@pytest.mark.parametrize("game", [*outlines.GAMES, outlines.UNPAIRED])
def test_every_game_can_be_played(game):
    arguments = Namespace(
        pairs=Path("pairs"), work=Path("work"), size=64, filters=32, epochs=2, quick=True
    )
    job = outlines._job(arguments, game, 0)
    experiment = load_experiment(job.recipe, job.overrides)
    assert experiment.train.steps == 20 and experiment.network.base_filters == 32


def test_drawings_and_pictures_of_the_two_domains_are_of_other_pairs(tmp_path):
    (tmp_path / "train").mkdir()
    for index in range(5):
        pair = np.full((4, 8, 3), 10 * index, np.uint8)
        pair[:, 4:] += 100
        Image.fromarray(pair).save(tmp_path / "train" / f"{index}.png")
    outlines.write_domains(tmp_path / "train", tmp_path, 4)
    found = {}
    for name in ("drawings", "pictures"):
        with np.load(tmp_path / f"{name}-4.npz") as arrays:
            found[name] = arrays["images"][:, 0, 0, 0].tolist()
    assert found == {"drawings": [100, 120, 140], "pictures": [10, 30]}
