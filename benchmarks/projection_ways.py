"""Three ways back to a latent: a trained encoder, a search, and one that begins at the encoder.

Mean squared error on [-1, 1] between held-out digits and the samples of the latents that are found,
and the seconds that it takes, for the encoders that the games have. The paper's order is hybrid
before search before encoder; its encoder is the predictor's, which learns from real pictures
through the frozen generator, the others' learn as their games teach them.

Reference: Zhu et al. 2016, "Generative visual manipulation on the natural image manifold", 3.1.
"""

import argparse
import time
from pathlib import Path
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
    parser.add_argument("--filters", type=int, default=64, help="base filters of the players")
    parser.add_argument("--steps", type=int, default=3000, help="of training")
    parser.add_argument(
        "--work", type=Path, default=Path("runs/projections"), help="folder of runs"
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands import start_tensorflow

    jobs = {game: _job(arguments, game) for game in arguments.games}
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    start_tensorflow()
    rows = [
        row for game, one in trained.succeeded(made).items() for row in _rows(game, one, arguments)
    ]
    return {"rows": rows, "details": {"problems": trained.problems(made)}}


def _job(arguments: argparse.Namespace, game: str) -> trained.Job:
    recipe, overrides = GAMES[game]
    steps = 20 if arguments.quick else arguments.steps
    changes = [
        *overrides,
        f"network.base_filters={arguments.filters}",
        f"train.steps={steps}",
        f"run.sample_every={steps}",
        f"run.checkpoint_every={steps}",
        "run.instruments_every=null",
    ]
    return trained.Job(f"{recipe}-{arguments.filters}-{steps}", recipe, changes, evaluation=None)


def _rows(game: str, one: trained.Trained, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    ways = [("encoder", "encoder", 0)]
    for steps in arguments.searches:
        ways += [("search", "random", steps), ("hybrid", "encoder", steps)]
    found = []
    for name, start, steps in ways:
        error, seconds = _projected(one.run_dir, start, steps)
        row = {"game": game, "way": name, "search steps": steps, "error": error}
        found.append({**row, "ms a picture": seconds, "training steps": one.steps})
    return found


def _projected(run_dir: str, start: str, steps: int) -> tuple[float, float]:
    """The error over held-out pictures, and the milliseconds that each took once it was traced."""
    import keras

    from trainer.config.recipe import with_overrides
    from trainer.data import loading
    from trainer.game.assembly import assemble
    from trainer.run.checkpoints import Checkpoints
    from trainer.run.directory import RunDirectory

    run = RunDirectory(run_dir)
    search = f"{{name: project, start: {start}, steps: {steps}, restarts: 1}}"
    experiment = with_overrides(run.read_experiment(), [f"export.searches=[{search}]"])
    game = assemble(experiment, run.read_spec())
    Checkpoints(game, run.checkpoints).restore()
    real = loading.load(experiment.data).held_out.samples[:128]
    request = {"image": real, "seed": np.arange(len(real))}
    game.live.run("project", request)
    begun = time.perf_counter()
    made = game.live.run("project", request)["image"]
    milliseconds = 1000.0 * (time.perf_counter() - begun) / len(real)
    keras.backend.clear_session()
    return float(4.0 * np.square(made / 255.0 - real / 255.0).mean()), milliseconds
