import argparse

import numpy as np
import pytest

from benchmarks import infogan


def test_codes_that_are_digits_by_other_numbers_have_no_error():
    labels = np.repeat(np.arange(10), 5)
    assert infogan.assignment_error((labels * 3 + 1) % 10, labels) == 0.0
    # Two digits share a code: one of them has none of its own.
    shared = np.where(labels == 9, 4, labels)
    assert infogan.assignment_error(shared, labels) == pytest.approx(0.1)


def test_information_of_a_code_that_is_copied_is_all_of_it_and_of_one_that_is_ignored_none():
    codes = np.eye(10, dtype=np.float32)[np.arange(50) % 10]
    copied = infogan.information(codes, 50.0 * codes, one_hot=True)
    assert copied == pytest.approx(np.log(10), abs=1e-6)
    ignored = infogan.information(codes, np.zeros_like(codes), one_hot=True)
    assert ignored == pytest.approx(0.0, abs=1e-6)
    # Of a number that is ignored a Gaussian as wide as the uniform knows less than nothing.
    numbers = np.linspace(-1.0, 1.0, 20_001, dtype=np.float32)[:, np.newaxis]
    answer = np.concatenate([0.0 * numbers, 0.0 * numbers - 0.5 * np.log(3.0)], axis=1)
    expected = np.log(2.0) - 0.5 * np.log(2.0 * np.pi * np.e / 3.0)
    found = infogan.information(numbers, answer, one_hot=False)
    assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.slow
def test_a_quick_run_has_every_seed_and_what_to_stand_beside(tmp_path):
    parser = argparse.ArgumentParser()
    infogan.add_arguments(parser)
    asked = ["--data", "digits", "--seeds", "1", "--work", str(tmp_path)]
    arguments = argparse.Namespace(**vars(parser.parse_args(asked)), quick=True, threads=1)
    result = infogan.run(arguments)
    assert result["details"]["problems"] == []
    rows = {row["code"]: row for row in result["rows"]}
    assert next(iter(rows)) == "InfoGAN, seed 0" and "k-means of pixels" in rows
    first = rows["InfoGAN, seed 0"]
    assert first.keys() == {"code", "error", "nats of category", "nats of codes"}
    assert 0.0 < rows["k-means of pixels"]["error"] < 0.4 and 0.0 < first["error"] < 1.0
