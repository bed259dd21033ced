import argparse

import pytest

from benchmarks import semi_supervised
from trainer.config.recipe import load_experiment


def options(tmp_path, *more):
    parser = argparse.ArgumentParser()
    semi_supervised.add_arguments(parser)
    asked = [*more, "--work", str(tmp_path)]
    return argparse.Namespace(**vars(parser.parse_args(asked)), quick=True, threads=1)


def test_draws_choose_other_labelled_digits_of_the_same_recipe(tmp_path):
    arguments = options(tmp_path, "--draws", "2")
    for data in semi_supervised.DATA:
        arguments.data = data
        jobs = [semi_supervised._job(arguments, 50, draw) for draw in range(2)]
        assert jobs[0].name != jobs[1].name
        sources = [load_experiment(job.recipe, [*job.overrides]).data.source for job in jobs]
        assert [source.choice for source in sources] == [0, 1]
        assert {source.labelled for source in sources} == {50}


@pytest.mark.slow
def test_a_quick_run_reads_all_test_digits_both_ways(tmp_path):
    arguments = options(tmp_path, "--data", "digits", "--labels", "20")
    result = semi_supervised.run(arguments)
    assert result["details"]["problems"] == []
    (row,) = result["rows"]
    assert row["labels"] == 20 and row["of test digits"] == 179 and row["draws"] == 1
    assert all(0 < int(row[f"errors, {n}"]) < 179 for n in ("semi-supervised", "supervised only"))
