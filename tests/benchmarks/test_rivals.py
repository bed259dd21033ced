"""What the benchmarks of inference measure, on little data."""

import argparse

import numpy as np
import pytest

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
