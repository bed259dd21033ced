"""What the benchmarks of inference measure, on little data."""

import argparse
import io

import numpy as np
import pytest
from PIL import Image

from benchmarks import kdd_anomalies, rivals
from trainer.config.recipe import load_experiment


def test_memory_is_played_on_the_first_pictures_of_mnist():
    parser = argparse.ArgumentParser()
    rivals.add_arguments(parser)
    arguments = parser.parse_args(["--parts", "memory", "--pictures", "500", "5000"])
    arguments.quick = False
    contests = list(rivals._contests("memory", arguments))
    assert len({contest.name for contest in contests}) == 2 * len(rivals.RECIPES)
    job = rivals._job(contests[-1], arguments)
    data = load_experiment(job.recipe, list(job.overrides)).data
    assert (data.split, data.source.name) == ("train[:5000]", "tfds")
    assert "memory" not in parser.parse_args([]).parts


def test_halves_agree_where_both_are_of_one_class():
    ones, twos = np.full((2, 8, 8, 1), 1, np.uint8), np.full((2, 8, 8, 1), 2, np.uint8)
    pairs = np.concatenate([np.stack([ones[0], twos[0]]), np.stack([ones[1], ones[1]])], axis=2)
    assert rivals.agreement(pairs, lambda digits: digits[:, 0, 0, 0]) == pytest.approx(0.5)


def test_the_classifier_knows_the_digits():
    from trainer.data.sources.digits import read

    levels, labels = read()
    assert (
        rivals.classifier(rivals.Digits(levels[..., np.newaxis], labels))(levels[:200])
        == labels[:200]
    ).mean() > 0.98


def test_components_bring_back_what_lies_along_them():
    # Two of four pixels vary, by themselves, the first one more.
    train = np.full((4, 2, 2, 1), 9, np.uint8)
    train[:, 0, :, 0] = [[0, 100], [0, 150], [255, 100], [255, 150]]
    assert rivals.components_error(train, train, 2) == pytest.approx(0.0, abs=1e-12)
    # Of the second one its mean is left, 25 levels off in one pixel of four.
    assert rivals.components_error(train, train, 1) == pytest.approx((25 / 255) ** 2)


def test_samples_stand_side_by_side():
    dark, light = (np.full((12, 8, 8, 1), level, np.uint8) for level in (7, 200))
    with Image.open(io.BytesIO(rivals._side_by_side({"GAN": dark, "GLO": light}))) as sheet:
        pixels = np.asarray(sheet)
    assert pixels[-1, 0, 0] == 7 and pixels[-1, -1, 0] == 200


def test_copies_are_told_from_other_samples():
    random = np.random.default_rng(0)
    train, real = (random.integers(0, 256, (60, 2, 2, 1)).astype(np.uint8) for _ in range(2))
    assert rivals._compared(train, real, train)["nearer to training"] > 0.9
    ours = rivals._compared(real, real, train)
    assert ours["nearer to training"] < 0.1 and ours["Fréchet"] == pytest.approx(0.0, abs=1e-6)


def test_connections_become_numbers_and_normal_ones_are_named():
    rows = [["0", "tcp", "http", "SF", "5", "normal."], ["4", "udp", "http", "S0", "5", "smurf."]]
    samples, labels = kdd_anomalies.prepare(rows)
    expected = [[-1, 1, -1, 1, -1, 1, -1], [1, -1, 1, 1, 1, -1, -1]]
    np.testing.assert_array_equal(samples, expected)
    assert labels.tolist() == ["normal", "attack"]
