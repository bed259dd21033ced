"""What classifiers learn from rows of CTGAN and TVAE, beside what they learn from real ones.

Rows that are not asked for stay as they were last measured, or say that they were not run. UCI's
test part of Adult is not in the folder: a tenth of its training part is held out, so the number to
read is the share of what real rows give, not F1 itself.

Reference: Xu et al. 2019, "Modeling tabular data using conditional GAN"; the published numbers are
those of SDGym 0.2.0 (9670f8a), whose classifiers and splits are its own.
"""

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import harness, trained

_RESULT = "tabular.json"
_RECIPES = {"CTGAN": "ctgan-loans", "TVAE": "tvae-loans"}
_GAME = ("train.batch_size=500", "run.instruments_every=null", "evaluate.num_samples=20000")


class _Data(NamedTuple):
    """A table.

    Attributes:
        source: as a recipe would have it; a path in it begins at the folder of data.
        predicted: what classifiers name.
        steps: of training.
        published: F1 of a game's rows over that of real rows.
    """

    source: dict[str, Any]
    predicted: str
    steps: int
    published: dict[str, float]


def _kdd_columns(folder: Path) -> list[str]:
    path = folder / "kddcup99" / "columns.txt"
    return path.read_text("utf-8").split() if path.exists() else []


def _tables(folder: Path) -> dict[str, _Data]:
    kdd = {
        "path": str(folder / "kddcup99" / "kddcup.data_10_percent.gz"),
        "columns": _kdd_columns(folder),
        "rename": {"label": "attack"},
    }
    adult = {"path": str(folder / "adult" / "adult.csv")}
    return {
        # 300 epochs, and 30.
        "adult": _Data({"name": "table", **adult}, "income", 17_600, _shares(0.669, 0.601, 0.626)),
        "kddcup99": _Data({"name": "table", **kdd}, "attack", 26_700, _shares(0.862, 0.528)),
    }


def _shares(real: float, *made: float) -> dict[str, float]:
    """F1 of each game's rows over that of real rows."""
    return {game: value / real for game, value in zip(_RECIPES, made, strict=False)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", nargs="+", default=["adult", "kddcup99"])
    parser.add_argument("--games", nargs="+", default=list(_RECIPES), choices=list(_RECIPES))
    parser.add_argument("--steps", type=int, help="default 300 epochs of Adult, 30 of KDD Cup 1999")
    parser.add_argument("--folder", type=Path, default=Path("../shared/data"), help="of the data")
    trained.add_arguments(parser, "runs/tabular", seeds=3, workers=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    tables = _tables(arguments.folder.resolve())
    seeds = range(arguments.seeds)
    asked = [(name, game) for name in arguments.data for game in arguments.games]
    jobs = {
        (*place, seed): _job(arguments, *place, seed, tables[place[0]])
        for place in asked
        for seed in seeds
    }
    made = trained.make(jobs, arguments.work, workers=arguments.workers, threads=arguments.threads)
    before = trained.measured_before(arguments.results / _RESULT, ("data", "game"), asked)
    anew = {
        place: _row(*place, tables[place[0]], [made[*place, seed] for seed in seeds])
        for place in asked
    }
    none: list[trained.Trained] = []
    return {
        "rows": [
            anew.get((name, game)) or before.rows.get((name, game)) or _row(name, game, data, none)
            for name, data in tables.items()
            for game in _RECIPES
        ],
        "details": {
            "recipes": _RECIPES,
            "overrides": list(_GAME),
            "runs": before.runs
            + [
                {"data": n, "game": g, "seed": s, "numbers": one.numbers, "problem": one.problem}
                for (n, g, s), one in made.items()
            ],
        },
    }


def _job(
    arguments: argparse.Namespace, name: str, game: str, seed: int, data: _Data
) -> trained.Job:
    steps = 20 if arguments.quick else arguments.steps or data.steps
    source = json.dumps({**data.source, "predicted": data.predicted})
    every = min(steps, 2000)
    overrides = (
        f"data.source={source}",
        *_GAME,
        f"seed={seed}",
        f"train.steps={steps}",
        f"run.sample_every={every}",
        f"run.checkpoint_every={min(every, 200)}",
    )
    return trained.Job(f"{name}-{game}-{steps}-{seed}", _RECIPES[game], overrides)


def _row(name: str, game: str, data: _Data, runs: list[trained.Trained]) -> dict[str, Any]:
    done = [one for one in runs if not one.problem]
    share = data.published.get(game)
    published = {} if share is None else {"published share": round(share, 2)}
    if not done:
        return {"data": name, "game": game, "F1 of generated rows": "not run", **published}
    numbers = [one.numbers or {} for one in done]
    shares = [n["utility_f1"] / n["utility_f1_real"] for n in numbers]
    return {
        "data": name,
        "game": game,
        "F1 of generated rows": trained.spread([n["utility_f1"] for n in numbers]),
        "of as many real ones": trained.spread([n["utility_f1_real"] for n in numbers]),
        "share": trained.spread(shares),
        **published,
        "columns, W1": trained.spread([n["column_w1"] for n in numbers]),
        "columns, JS": trained.spread([n["column_js"] for n in numbers]),
        "association": trained.spread([n["association"] for n in numbers]),
        "nearer than held out": trained.spread([n["closest_record"] for n in numbers]),
        "steps": done[0].steps,
        "seconds": round(min(one.seconds for one in done)),
        "seeds": len(done),
        "commit": harness.commit(),
    }
