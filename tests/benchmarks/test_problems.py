import json

import pytest

from benchmarks import little_data, mode_recovery, problems, stacked_modes, theory
from trainer.lab import bilinear, collapse, vanishing_gradient

GAMES = {
    ("theory", "collapse-ring"): collapse.REMEDIES,
    ("theory", "bilinear"): bilinear.REMEDIES,
    ("theory", "vanishing-gradient"): vanishing_gradient.GAMES,
    ("mode_recovery", None): mode_recovery.REMEDIES,
    ("little_data", None): little_data.REMEDIES,
    ("stacked_modes", None): stacked_modes.GAMES,
}


@pytest.mark.parametrize("problem", problems.PROBLEMS, ids=lambda problem: problem.name)
def test_every_game_is_one_that_its_benchmark_plays(problem):
    numbers = problem.numbers
    games = GAMES[numbers.result, numbers.where.get("figure")]
    assert {problem.before, *problem.remedies} <= set(games)


def test_numbers_are_those_of_the_results_and_the_rest_has_its_command(tmp_path):
    row = {"figure": "bilinear", "value": "1.0", "steps": 500, "seeds": 1}
    rows = [row | {"game": "in turns"}, row | {"game": "R1, γ = 0.5", "value": "0.97"}]
    (tmp_path / "theory.json").write_text(json.dumps({"rows": rows}))
    lines = problems.table(tmp_path).splitlines()
    assert len(lines) == 2 + sum(len(problem.remedies) for problem in problems.PROBLEMS)
    assert any(line.endswith("| 1.0 | 0.97 | 500 | 1 |") for line in lines)
    assert any("not run: `python -m benchmarks mode_recovery" in line for line in lines)


def test_a_row_a_game_of_a_figure():
    ring = {"games": {"plain": [{"modes": 1}, {"modes": 3}]}, "steps": [5, 10]}
    (row,) = theory.rows_of("collapse-ring", ring)
    assert (row["game"], row["value"], row["steps"]) == ("plain", 3, 10)
    circles = {"games": {"a": {"factor": 1.00499}, "b": {"factor": None}}, "steps": 7}
    assert [r["value"] for r in theory.rows_of("bilinear", circles)] == ["1.0050"]
    dying = {"gradients": {"minimax": [0.5, 0.00123]}, "stages": [1, 2]}
    assert theory.rows_of("vanishing-gradient", dying)[0]["value"] == "0.0012"
