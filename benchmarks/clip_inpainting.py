"""The holes of clips, filled frame by frame or along the clip: error, flicker and steps.

Held-out clips of moving digits lose the middle 8x8 pixels of every frame, and a generator of frames
fills them: each frame by itself, from the latent of the frame before, or in groups that are held
together (Lahiri et al. 2019, "Faster unsupervised semantic inpainting: a GAN based approach").
Errors are of missing pixels alone, on a scale from 0 to 1: the squared error as PSNR, and the mean
squared error of the change from a frame to the next, which is flicker. The paper's tables were not
at hand; what it claims is fewer steps, 80 times, and less flicker at an equal error. The last row
asks for the steps: how many a frame needs from the latent of the frame before it.
"""

import argparse
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
    "groups of 4, consistency 0.1 of fillings": {
        "group": 4,
        "group_steps": 50,
        "consistency": 0.1,
        "consistent": "fillings",
    },
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--steps", type=int, help="of training; default the recipe's")
    parser.add_argument("--search", type=int, default=1000, help="steps of a frame by itself")
    parser.add_argument("--clips", type=int, default=24, help="held-out clips")
    parser.add_argument("--work", type=Path, default=Path("runs/inpainted"), help="folder of runs")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains the generator where it is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

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
    rows = [_row(way, made.run_dir, clips, mask) for way in WAYS]
    alone = 10 if arguments.quick else arguments.search
    return {
        "rows": [*rows, _reused(made.run_dir, clips, mask, alone)],
        "details": {
            "recipe": RECIPE,
            "steps of training": made.steps,
            "clips": len(clips),
            "hole": "the middle 8x8 of 16x16",
            "problems": trained.problems({RECIPE: made}),
        },
    }


def held_out_clips(count: int) -> np.ndarray:
    """The clips of which the recipe's held-out frames are, uint8 [n, 8, 16, 16, 1]."""
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    frames = loading.load(load_experiment(RECIPE).data).held_out["sample"]
    return np.asarray(frames[: count * _FRAMES]).reshape(-1, _FRAMES, *frames.shape[1:])


def _row(way: str, run_dir: str, clips: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
    from benchmarks.searched import asked

    options = WAYS[way]
    seeds = np.arange(len(clips), dtype=np.int64)
    if options is None:
        steps = int(way.split()[-2])
        search = {"name": "complete", "window": 5, "steps": steps}
        flat = {"image": _frames(clips), "mask": _frames(mask), "seed": np.repeat(seeds, _FRAMES)}
        answer, seconds = asked(run_dir, search, flat)
        filled = answer["image"].reshape(clips.shape)
        per_frame = float(steps)
    else:
        search = {"name": "complete_clip", **_COMMON, **options}
        answer, seconds = asked(run_dir, search, {"clip": clips, "mask": mask, "seed": seeds})
        filled = answer["clip"]
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


def _reused(run_dir: str, clips: np.ndarray, mask: np.ndarray, steps: int) -> dict[str, Any]:
    """How much sooner a frame arrives that begins at the latent found for the frame before it.

    The loss to reach is the one that the frame's own search from a drawn latent has after `steps`;
    frames are those after the first.
    """
    from benchmarks.searched import Completion, steps_to
    from trainer import catalogue

    completion = Completion(run_dir, catalogue.Complete(start="random", window=5))
    later, earlier = _frames(clips[:, 1:]), _frames(clips[:, :-1])
    known = _frames(mask[:, 1:])
    alone = completion.path(later, known, steps)
    before = completion.path(earlier, known, steps).latent
    taken = steps_to(completion.path(later, known, steps, start=before).loss, alone.loss[-1])
    return {
        "filled": f"from the frame before, to the loss of {steps} steps from a drawn latent",
        "steps, median": f"{np.median(taken):.0f}",
        "times fewer, median": f"{np.median(steps / np.maximum(taken, 1.0)):.3g}",
        "never there": f"{np.isinf(taken).mean():.3g}",
    }


def _frames(clips: np.ndarray) -> np.ndarray:
    """[n, t, …] → [n · t, …]."""
    return clips.reshape(-1, *clips.shape[2:])
