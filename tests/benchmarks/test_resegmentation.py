from argparse import Namespace

import numpy as np
import pytest
from PIL import Image

from benchmarks import resegmentation
from benchmarks.resegmentation import agreement, nearest
from trainer.config.recipe import load_experiment
from trainer.data import loading


def test_the_agreement_of_two_maps_by_hand():
    given, found = np.array([[0, 0, 1], [1, 2, 2]], np.uint8), np.array([[0, 1, 1], [1, 2, 0]])
    scored = agreement(given, found, 4)
    # Of the first class one pixel of three, of the others two of three and one of two.
    assert scored["mIoU"] == pytest.approx((1 / 3 + 2 / 3 + 1 / 2) / 3)
    assert scored["pixel accuracy"] == pytest.approx(4 / 6)


def test_a_map_agrees_with_itself_and_a_constant_one_with_its_share():
    given = np.array([0, 0, 0, 1])
    assert agreement(given, given, 3) == {"mIoU": 1.0, "pixel accuracy": 1.0}
    scored = agreement(given, np.zeros(4, np.int64), 3)
    assert scored == {"mIoU": pytest.approx(0.375), "pixel accuracy": 0.75}


def test_the_nearest_colour_by_hand():
    colours = np.array([[0, 0, 0], [255, 255, 255], [250, 0, 0]], np.uint8)
    pictures = np.array([[[[10, 10, 10], [200, 210, 220], [200, 30, 30]]]], np.uint8)
    assert nearest(pictures, colours)[0, 0, :, 0].tolist() == [0, 1, 2]


def test_emoji_become_maps_of_their_own_colours(tmp_path):
    """Eight plain colours a pair: the maps are exact, and the game can be played."""
    random = np.random.RandomState(0)
    palette = random.randint(0, 256, (8, 3)).astype(np.uint8)
    for index in range(12):
        part = tmp_path / "pairs" / ("train" if index % 3 else "test")
        part.mkdir(parents=True, exist_ok=True)
        left = np.repeat(np.repeat(palette[random.randint(8, size=(8, 8))], 8, 0), 8, 1)
        pair = np.concatenate([left, np.zeros_like(left)], axis=1)
        Image.fromarray(pair).save(part / f"{index}.png")
    emoji = resegmentation._Emoji(tmp_path / "pairs", tmp_path / "work")
    arguments = Namespace(quick=True, steps=None)
    job = resegmentation.job(arguments, emoji, "SPADE", 0)
    dataset = loading.load(load_experiment(job.recipe, job.overrides).data)
    assert dataset.spec.fields["label_map"].shape == (64, 64, 1)
    assert len(dataset.spec.fields["label_map"].names) == 8
    maps, pictures = dataset.train["label_map"], np.asarray(dataset.train["sample"])
    assert agreement(maps, emoji.segmented(pictures), 8)["mIoU"] == 1.0
