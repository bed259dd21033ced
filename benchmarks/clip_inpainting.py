"""The holes of clips, filled frame by frame or along the clip: error, flicker and steps.

Held-out clips of moving digits lose the middle 8x8 pixels of every frame, and a generator of frames
fills them: each frame by itself, from the latent of the frame before, or in groups that are held
together (Lahiri et al. 2019, "Faster unsupervised semantic inpainting: a GAN based approach").
Errors are of missing pixels alone, on a scale from 0 to 1: the squared error as PSNR, and the mean
squared error of the change from a frame to the next, which is flicker. The paper's tables were not
at hand; what it claims is fewer steps and less flicker at an equal error.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import trained

RECIPE = "clip-inpainting-digits"
_FRAMES = 8
_COMMON = {"window": 5, "frames": _FRAMES}
# By name: options of `complete_clip`; without steps of groups every frame is its own search.
WAYS: dict[str, dict[str, Any] | None] = {
    "each frame by itself, 200 steps": None,
    "each frame by itself, 50 steps": None,
    "from the frame before, 50 steps": {"group": 1, "group_steps": 50, "consistency": 0.0},
    "groups of 4, consistency 0": {"group": 4, "group_steps": 50, "consistency": 0.0},
    "groups of 4, consistency 0.1": {"group": 4, "group_steps": 50, "consistency": 0.1},
    "groups of 4, consistency 1": {"group": 4, "group_steps": 50, "consistency": 1.0},
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--steps", type=int, help="of training; default the recipe's")
    parser.add_argument("--clips", type=int, default=24, help="held-out clips")
    parser.add_argument("--work", type=Path, default=Path("runs/inpainted"), help="folder of runs")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains the generator where it is not trained, and returns the result."""
    from trainer.commands import start_tensorflow

    start_tensorflow()
    steps = 20 if arguments.quick else arguments.steps
    job = trained.Job(
        f"frames-{steps or 'all'}",
        RECIPE,
        [f"train.steps={steps}"] if steps else [],
        evaluation=None,
    )
    made = trained.make({RECIPE: job}, arguments.work, workers=1, threads=arguments.threads)[RECIPE]
    clips = held_out_clips(arguments.clips)
    mask = np.ones((*clips.shape[:4], 1), np.uint8)
    mask[:, :, 4:12, 4:12] = 0
    return {
        "rows": [_row(way, made.run_dir, clips, mask) for way in WAYS],
        "details": {
            "recipe": RECIPE,
            "steps of training": made.steps,
            "clips": len(clips),
            "hole": "the middle 8x8 of 16x16",
        },
    }


def held_out_clips(count: int) -> np.ndarray:
    """The clips of which the recipe's held-out frames are, uint8 [n, 8, 16, 16, 1]."""
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    frames = loading.load(load_experiment(RECIPE).data).held_out["sample"]
    return np.asarray(frames[: count * _FRAMES]).reshape(-1, _FRAMES, *frames.shape[1:])


def _row(way: str, run_dir: str, clips: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
    options = WAYS[way]
    seeds = np.arange(len(clips), dtype=np.int64)
    if options is None:
        steps = int(way.split()[-2])
        search = {"name": "complete", "window": 5, "steps": steps}
        flat = {
            "image": clips.reshape(-1, *clips.shape[2:]),
            "mask": mask.reshape(-1, *mask.shape[2:]),
            "seed": np.repeat(seeds, _FRAMES),
        }
        filled, seconds = _asked(run_dir, search, flat)
        filled = filled.reshape(clips.shape)
        per_frame = float(steps)
    else:
        search = {"name": "complete_clip", **_COMMON, **options}
        filled, seconds = _asked(run_dir, search, {"clip": clips, "mask": mask, "seed": seeds})
        groups = -(-_FRAMES // options["group"])
        per_frame = (200 + groups * options["group_steps"] * options["group"]) / _FRAMES
    hole = np.broadcast_to(mask == 0, clips.shape)
    error = filled / 255.0 - clips / 255.0
    flicker = np.diff(error, axis=1)
    return {
        "filled": way,
        "passes of the generator a frame": f"{per_frame:.0f}",
        "PSNR in the hole": f"{-10 * np.log10(np.square(error[hole]).mean()):.2f}",
        "squared error of motion": f"{np.square(flicker[hole[:, 1:]]).mean():.4f}",
        "CPU seconds a clip": f"{seconds / len(clips):.2f}",
    }


def _asked(
    run_dir: str, search: dict[str, Any], inputs: dict[str, np.ndarray]
) -> tuple[np.ndarray, float]:
    """What a search of a run answers, and its seconds of CPU without tracing."""
    import tensorflow as tf

    from trainer.config.recipe import with_overrides
    from trainer.game.assembly import assemble
    from trainer.run.checkpoints import Checkpoints
    from trainer.run.directory import RunDirectory

    run = RunDirectory(run_dir)
    listed = "{" + ", ".join(f"{name}: {value}" for name, value in search.items()) + "}"
    experiment = with_overrides(run.read_experiment(), [f"export.searches=[{listed}]"])
    game = assemble(experiment, run.read_spec())
    Checkpoints(game, run.checkpoints).restore()
    function = tf.function(game.live.signatures[search["name"]].function, autograph=False)
    given = {name: tf.constant(rows) for name, rows in inputs.items()}
    traced = function.get_concrete_function(**given)
    begun = time.process_time()
    outputs = traced(**given)
    filled = next(array for name, array in outputs.items() if name != "loss").numpy()
    return filled, time.process_time() - begun
