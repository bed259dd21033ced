"""Rows of CTGAN and TVAE on a grid and a ring of Gaussians, whose likelihood is known.

Two numbers, as Xu et al. have them, in nats a row: what the true mixture says of generated rows
(`L_syn`, which a game that lost modes does not fall by), and what a mixture that is fitted to
generated rows says of real ones that training never saw (`L_test`, which it does). Both are largest
where rows are the mixture's own; as many real rows stand beside them.

Rows that are not asked for stay as they were last measured, or say that they were not run.

Reference: Xu et al. 2019, "Modeling tabular data using conditional GAN", section 5.1; the published
numbers are those of SDGym 0.2.0 (9670f8a). Its variance is .05, which is what its likelihoods of
real rows are those of.
"""

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import harness, trained

_RESULT = "mixture_rows.json"
# Games without a category that could be asked for.
_GAMES = {"CTGAN": ("ctgan-loans", ("condition=none", "terms=[]")), "TVAE": ("tvae-loans", ())}
_VARIANCE = 0.05
_ROWS = 10_000
# Data → who → L_syn and L_test.
_PUBLISHED = {
    "grid": {"real rows": (-3.06, -3.06), "CTGAN": (-5.63, -3.69), "TVAE": (-2.86, -11.26)},
    "ring": {"real rows": (-1.70, -1.70), "CTGAN": (-3.43, -2.19)},
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", nargs="+", default=list(_PUBLISHED), choices=list(_PUBLISHED))
    parser.add_argument("--games", nargs="+", default=list(_GAMES), choices=list(_GAMES))
    parser.add_argument("--steps", type=int, default=5400, help="300 epochs")
    trained.add_arguments(parser, "runs/mixtures", seeds=3, workers=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    seeds = range(arguments.seeds)
    asked = [(name, game) for name in arguments.data for game in arguments.games]
    jobs = {(*place, seed): _job(arguments, *place, seed) for place in asked for seed in seeds}
    made = trained.make(jobs, arguments.work, workers=arguments.workers, threads=arguments.threads)
    before = trained.measured_before(arguments.results / _RESULT, ("data", "game"), asked)
    rows: list[dict[str, Any]] = []
    for name in _PUBLISHED:
        rows.append(_row(name, "real rows", [likelihoods(name, drawn(name, 0), drawn(name, 1))]))
        for game in _GAMES:
            runs = [one for (*place, _), one in made.items() if tuple(place) == (name, game)]
            anew = _row(name, game, [_measured(name, one) for one in runs if not one.problem])
            old = before.rows.get((name, game), anew)
            rows.append(anew | _protocol(runs) if (name, game) in asked else old)
    return {
        "rows": rows,
        "details": {
            "rows": _ROWS,
            "variance": _VARIANCE,
            "runs": before.runs
            + [
                {"data": n, "game": g, "seed": s, "steps": one.steps, "problem": one.problem}
                for (n, g, s), one in made.items()
            ],
        },
    }


def _job(arguments: argparse.Namespace, name: str, game: str, seed: int) -> trained.Job:
    recipe, overrides = _GAMES[game]
    steps = 20 if arguments.quick else arguments.steps
    path = arguments.work.resolve() / f"{name}.csv"
    _write(path, drawn(name, 0))
    source = json.dumps({"name": "table", "path": str(path)})
    own = (f"data.source={source}", *overrides, *trained.plainly(steps, seed))
    return trained.Job(f"{name}-{game}-{steps}-{seed}", recipe, own, None)


def _write(path: Path, rows: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["x", "y"], *([f"{v:.6f}" for v in row] for row in rows)])


def _measured(name: str, one: trained.Trained) -> tuple[float, float]:
    import keras

    import trainer

    made = trainer.open_run(one.run_dir).ask("generate", seed=np.arange(_ROWS, dtype=np.int64))
    keras.backend.clear_session()
    return likelihoods(name, np.stack([made["x"], made["y"]], axis=1), drawn(name, 1))


# ---- The mixtures --------------------------------------------------------------------------------


def _centres(name: str) -> np.ndarray:
    from trainer.data.sources import mixtures

    return {"grid": mixtures.grid_centres, "ring": mixtures.ring_centres}[name]()


def drawn(name: str, seed: int) -> np.ndarray:
    """Rows of a mixture, float64 [n, 2]."""
    random, centres = np.random.RandomState(seed), _centres(name)
    modes = random.randint(len(centres), size=_ROWS)
    moved: np.ndarray = centres[modes] + np.sqrt(_VARIANCE) * random.normal(size=(_ROWS, 2))
    return moved


def likelihoods(name: str, rows: np.ndarray, test: np.ndarray) -> tuple[float, float]:
    """L_syn and L_test of rows [n, 2], in nats a row."""
    from sklearn.mixture import GaussianMixture

    centres = _centres(name)
    fitted = GaussianMixture(len(centres), covariance_type="diag", random_state=0).fit(rows)
    return float(log_density(rows, centres).mean()), float(fitted.score(test))


def log_density(rows: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Log p of rows [n, 2] under the mixture with these centres [m, 2], float64 [n]."""
    squares = np.square(rows[:, np.newaxis] - centres).sum(axis=2)
    of_mode = -squares / (2.0 * _VARIANCE) - np.log(2.0 * np.pi * _VARIANCE)
    summed: np.ndarray = np.logaddexp.reduce(of_mode, axis=1) - np.log(len(centres))
    return summed


# ---- The table -----------------------------------------------------------------------------------


def _row(name: str, game: str, found: Sequence[tuple[float, float]]) -> dict[str, Any]:
    published = _PUBLISHED[name].get(game, ("", ""))
    return {
        "data": name,
        "game": game,
        "L_syn": trained.spread([syn for syn, _ in found], ".2f"),
        "L_test": trained.spread([test for _, test in found], ".2f"),
        "published L_syn": str(published[0]),
        "published L_test": str(published[1]),
    }


def _protocol(runs: Sequence[trained.Trained]) -> dict[str, Any]:
    done = [one for one in runs if not one.problem]
    if not done:
        return {}
    return {"steps": done[0].steps, "seeds": len(done), "commit": harness.commit()}
