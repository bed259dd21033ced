import argparse

import numpy as np
import pytest

from benchmarks import mixture_rows


@pytest.mark.parametrize(("name", "published"), [("grid", -3.06), ("ring", -1.70)])
def test_real_rows_are_as_likely_as_was_published(name, published):
    rows, test = mixture_rows.drawn(name, 0), mixture_rows.drawn(name, 1)
    assert mixture_rows.likelihoods(name, rows, test) == pytest.approx((published,) * 2, abs=0.05)


def test_a_lost_mode_is_seen_by_held_out_rows_alone():
    rows, test = mixture_rows.drawn("grid", 0), mixture_rows.drawn("grid", 1)
    few = rows[rows[:, 0] > 1.0]
    syn, of_test = mixture_rows.likelihoods("grid", few, test)
    assert syn == pytest.approx(-3.06, abs=0.05) and of_test < -10.0


def test_log_density_by_hand():
    at_one = mixture_rows.log_density(np.zeros((1, 2)), np.zeros((1, 2)))
    np.testing.assert_allclose(at_one, -np.log(2.0 * np.pi * 0.05))


def test_what_was_not_asked_for_was_not_run(tmp_path):
    parser = argparse.ArgumentParser()
    mixture_rows.add_arguments(parser)
    options = vars(parser.parse_args(["--work", str(tmp_path), "--seeds", "0"]))
    arguments = argparse.Namespace(**options, quick=True, threads=1, results=tmp_path)
    rows = mixture_rows.run(arguments)["rows"]
    assert [row["game"] for row in rows] == ["real rows", "CTGAN", "TVAE"] * 2
    assert rows[0]["published L_syn"] == "-3.06" and rows[1]["L_test"] == "not run"
