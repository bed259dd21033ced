"""Plans between two rooms: Causal InfoGAN beside straight lines in an InfoGAN's and a VAE's code.

The world is the library's own, so that every step of a plan is known to exist or not. Starts and
goals are held-out observations, two by two; they are the first and the last picture of a plan. The
rivals have the same networks and the same pictures, and lead straight from latent to latent. Real
paths, in the world's own graph, reach 1 everywhere.

Reference: Kurutach et al. 2018, "Learning plannable representations with Causal InfoGAN"; its own
numbers are of ropes, by a classifier and by people.
"""

import argparse
from typing import Any

import numpy as np

from benchmarks import trained

RECIPE = "causal-infogan-rooms"
CAUSAL, STRAIGHT = "Causal InfoGAN", "Causal InfoGAN, straight lines"
GAMES = {
    CAUSAL: [],
    "InfoGAN, straight lines": [
        "round=ordinary",
        "terms=[{name: mutual_information, continuous_weight: 0.3}]",
        "export.searches=[{name: plan, frames: 24, start: nearest, steps: 100, restarts: 4}]",
    ],
    "VAE, straight lines": [
        "round={name: autoencoder, likelihood: bernoulli}",
        "penalties=[]",
        "prior={name: gaussian, size: 2}",
        "export.searches=[{name: plan, frames: 24}]",
    ],
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--steps", type=int, help="of training; default the recipe's")
    parser.add_argument("--plans", type=int, default=200, help="of each run")
    trained.add_arguments(parser, "runs/planned", seeds=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    start_tensorflow()
    steps = 20 if arguments.quick else arguments.steps
    jobs = {
        (game, seed): _job(game, seed, steps)
        for game in arguments.games
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    found: dict[str, list[dict[str, float]]] = {}
    for (game, _), one in trained.succeeded(made).items():
        for name, numbers in _measured(game, one.run_dir, arguments.plans).items():
            found.setdefault(name, []).append({**numbers, "minutes": one.seconds / 60})
    return {
        "rows": [_row(name, runs, steps) for name, runs in found.items()],
        "details": {"recipe": RECIPE, "runs": found, "problems": trained.problems(made)},
    }


def _job(game: str, seed: int, steps: int | None) -> trained.Job:
    overrides = [*GAMES[game], f"seed={seed}", "evaluate.every=null"]
    overrides += [f"train.steps={steps}"] if steps else []
    name = f"{game.replace(',', '').replace(' ', '-')}-{steps or 'all'}-{seed}"
    return trained.Job(name, RECIPE, overrides, None)


def _measured(game: str, run_dir: str, plans: int) -> dict[str, dict[str, float]]:
    """Shares of what can be walked of a run's plans, and of straight lines in its codes."""
    import keras

    import trainer

    start, goal = _ends(plans)
    opened = trainer.open_run(run_dir)
    clips = opened.ask("plan", start=start, goal=goal, seed=np.arange(len(start)))["clip"]
    measured = {game: walked(clips)}
    if game == CAUSAL:
        codes = [opened.ask("encode", image=end)["latent"] for end in (start, goal)]
        share = np.linspace(0.0, 1.0, clips.shape[1], dtype=np.float32)[:, np.newaxis]
        lines = np.stack([(1.0 - share) * a + share * b for a, b in zip(*codes, strict=True)])
        made = opened.ask("decode", latent=lines.reshape(-1, lines.shape[-1]))["image"]
        straight = made.reshape(clips.shape)
        straight[:, 0], straight[:, -1] = start, goal
        measured[STRAIGHT] = walked(straight)
    keras.backend.clear_session()
    return measured


def _ends(plans: int) -> tuple[np.ndarray, np.ndarray]:
    """Starts and goals, uint8 [n, h, w, 1] each."""
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    held_out = np.asarray(loading.load(load_experiment(RECIPE).data).held_out["sample"])
    count = min(plans, len(held_out) // 2)
    return held_out[:count], held_out[count : 2 * count]


def walked(clips: np.ndarray) -> dict[str, float]:
    """What can be walked of clips uint8 [n, t, h, w, 1] in the recipe's world."""
    from trainer.data.rooms import World, two_rooms
    from trainer.metrics.plans import walkable

    world = World(two_rooms(clips.shape[2] // 2, 1))
    cells = np.stack([world.read(clip) for clip in clips])
    found = walkable(cells, world.steps)
    detours = world.detours(cells[:, 0], cells[:, -1])
    return {
        "transitions": found.moves,
        "plans": float(found.whole.mean()),
        "plans round the wall": float(found.whole[detours].mean()),
    }


def _row(name: str, runs: list[dict[str, float]], steps: int | None) -> dict[str, Any]:
    numbers = {key: trained.spread([one[key] for one in runs]) for key in runs[0]}
    return {"game": name, **numbers, "steps": steps or "all", "seeds": len(runs)}
