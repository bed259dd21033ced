"""Three ways back to a latent: a trained encoder, a search, and one that begins at the encoder.

Mean squared error on [-1, 1] between held-out digits and the samples of the latents that are found,
and the seconds that it takes, for the encoders that the games have. The paper's order is hybrid
before search before encoder; its encoder is the predictor's, which learns from real pictures
through the frozen generator, the others' learn as their games teach them. The last row of a game is
of the generator's own samples, whose latents are known to be there: what is left is the search's.

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
    ways = [("encoder", "encoder", 0, False)]
    for steps in arguments.searches:
        ways += [("search", "random", steps, False), ("hybrid", "encoder", steps, False)]
    ways.append(("search", "random", max(arguments.searches), True))
    found = []
    for name, start, steps, own in ways:
        measured = [_projected(one.run_dir, start, steps, arguments.pictures, own) for one in mine]
        errors, seconds = zip(*measured, strict=True) if measured else ((), ())
        row: dict[str, Any] = {"game": game, "pictures": "its samples" if own else "held out"}
        row |= {"way": name, "search steps": steps, "error": trained.spread(errors)}
        row["CPU ms a picture"] = trained.spread(seconds)
        found.append({**row, "steps": mine[0].steps if mine else "", "seeds": len(mine)})
    return found


def _projected(
    run_dir: str, start: str, steps: int, pictures: int, own: bool
) -> tuple[float, float]:
    """The error over held-out pictures or samples, and the milliseconds of CPU that each took."""
    import keras

    from benchmarks.searched import asked

    wanted = _samples(run_dir, pictures) if own else _held_out(run_dir, pictures)
    search = {"name": "project", "start": start, "steps": steps, "restarts": 1}
    answer, seconds = asked(run_dir, search, {"image": wanted, "seed": np.arange(len(wanted))})
    keras.backend.clear_session()
    error = float(4.0 * np.square(answer["image"] / 255.0 - wanted / 255.0).mean())
    return error, 1000.0 * seconds / len(wanted)


def _held_out(run_dir: str, count: int) -> np.ndarray:
    from trainer.data import loading
    from trainer.run.directory import RunDirectory

    pictures = loading.load(RunDirectory(run_dir).read_experiment().data).held_out.samples
    return np.asarray(pictures[:count])


def _samples(run_dir: str, count: int) -> np.ndarray:
    """Of seeds at whose latents no search begins."""
    from benchmarks.searched import opened

    return opened(run_dir).live.run("generate", {"seed": count + np.arange(count)})["image"]
