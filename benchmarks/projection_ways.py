"""Three ways back to a latent: a trained encoder, a search, and one that begins at the encoder.

Mean squared error on [-1, 1] between held-out digits and the samples of the latents that are found,
and the seconds that it takes, for the encoders that the games have. The paper's order is hybrid
before search before encoder; its encoder is the predictor's, which learns from real pictures
through the frozen generator, the others' learn as their games teach them.

Reference: Zhu et al. 2016, "Generative visual manipulation on the natural image manifold", 3.1.
"""

import argparse
from typing import Any

import numpy as np

from benchmarks import trained

GAMES = {
    "predictor": ("predictor-digits", []),
    "latent regressor": ("regressor-digits", ["prior=gaussian", "prior.size=16"]),
    "BiGAN": ("bigan-digits", ["prior=gaussian", "prior.size=16"]),
    "ALI": ("ali-digits", []),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--searches", nargs="+", type=int, default=[25, 100], help="steps")
    parser.add_argument("--pictures", type=int, default=128, help="held-out ones")
    parser.add_argument("--filters", type=int, default=64, help="base filters of the players")
    parser.add_argument("--steps", type=int, default=3000, help="of the game")
    trained.add_arguments(parser, "runs/projections", seeds=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    jobs = {
        (game, seed): _job(arguments, game, seed)
        for game in arguments.games
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    start_tensorflow()
    runs = trained.succeeded(made)
    rows = [row for game in arguments.games for row in _rows(game, runs, arguments)]
    return {"rows": rows, "details": {"problems": trained.problems(made)}}


def _job(arguments: argparse.Namespace, game: str, seed: int) -> trained.Job:
    recipe, overrides = GAMES[game]
    steps = 20 if arguments.quick else arguments.steps
    # The predictor's encoder learns for two thirds as long as the game is played.
    more = 2 * steps // 3 if game == "predictor" else 0
    changes = [
        *overrides,
        f"network.base_filters={arguments.filters}",
        *([f"round.game_steps={steps}"] if more else []),
        *(["devices.steps_per_execution=1"] if arguments.quick else []),
        *trained.plainly(steps + more, seed),
    ]
    name = f"{recipe}-{arguments.filters}-{steps}-{seed}"
    return trained.Job(name, recipe, changes, evaluation=None)


def _rows(
    game: str, runs: dict[tuple[str, int], trained.Trained], arguments: argparse.Namespace
) -> list[dict[str, Any]]:
    mine = [one for (played, _), one in runs.items() if played == game]
    ways = [("encoder", "encoder", 0)]
    for steps in arguments.searches:
        ways += [("search", "random", steps), ("hybrid", "encoder", steps)]
    found = []
    for name, start, steps in ways:
        measured = [_projected(one.run_dir, start, steps, arguments.pictures) for one in mine]
        errors, seconds = zip(*measured, strict=True) if measured else ((), ())
        row = {"game": game, "way": name, "search steps": steps}
        row |= {"error": trained.spread(errors), "CPU ms a picture": trained.spread(seconds)}
        found.append({**row, "steps": mine[0].steps if mine else "", "seeds": len(mine)})
    return found


def _projected(run_dir: str, start: str, steps: int, pictures: int) -> tuple[float, float]:
    """The error over held-out pictures, and the milliseconds of CPU that each took."""
    import keras

    from benchmarks.searched import asked
    from trainer.data import loading
    from trainer.run.directory import RunDirectory

    real = loading.load(RunDirectory(run_dir).read_experiment().data).held_out.samples[:pictures]
    search = {"name": "project", "start": start, "steps": steps, "restarts": 1}
    answer, seconds = asked(run_dir, search, {"image": real, "seed": np.arange(len(real))})
    keras.backend.clear_session()
    error = float(4.0 * np.square(answer["image"] / 255.0 - real / 255.0).mean())
    return error, 1000.0 * seconds / len(real)
