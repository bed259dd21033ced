"""Clips of digits made of boxes in motion: how well frames follow one another, and keep one style.

The flow of the digits is known exactly. The warp error is the mean absolute difference of a frame
from the one before it, moved by the true flow, over pixels that were there before: zero where a
clip is one digit in motion. Style is what stands in a digit's box: its variance along a clip is its
drift, and its variance among seeds of one clip is what there is of it. A generator without history,
trained against a judge of frames alone, stands beside.

Reference: Wang et al. 2018, "Video-to-video synthesis"; its own numbers are of Cityscapes.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import trained

RECIPE = "vid2vid-digits"
GAMES = {
    "vid2vid": [],
    "frame by frame": [
        "network.history=false",
        "round={name: clips, temporal: 0.0, warp: 0.0, flow: 0.0}",
    ],
}
_SEEDS = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--steps", type=int, help="of training; default the recipe's")
    parser.add_argument("--clips", type=int, default=64, help="held-out clips")
    parser.add_argument("--work", type=Path, default=Path("runs/moved"), help="folder of runs")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    start_tensorflow()
    steps = 20 if arguments.quick else arguments.steps
    length = [f"train.steps={steps}"] if steps else []
    jobs = {
        game: trained.Job(
            f"{game.replace(' ', '-')}-{steps or 'all'}", RECIPE, [*GAMES[game], *length], None
        )
        for game in arguments.games
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    given, real, flow = _held_out(arguments.clips)
    rows = []
    for game, one in trained.succeeded(made).items():
        clips = _clips(one.run_dir, given)
        rows.append({"game": game, **measured(clips, given, flow), "steps": one.steps})
    ceiling = {"game": "real clips", "warp error": f"{warp_error(real, given, flow):.4f}"}
    return {
        "rows": [*rows, ceiling],
        "details": {
            "recipe": RECIPE,
            "clips": len(given),
            "seeds of a clip": _SEEDS,
            "problems": trained.problems(made),
        },
    }


def _held_out(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes and digits uint8 [n, t, h, w, 1] and the flow of the recipe's held-out clips."""
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    examples = loading.load(load_experiment(RECIPE).data).held_out
    boxes, digits, flow = (np.asarray(examples[n][:count]) for n in ("clip", "sample", "flow"))
    return boxes, digits, flow


def _clips(run_dir: str, given: np.ndarray) -> np.ndarray:
    """What a run makes of boxes, with several seeds each: uint8 [seeds, n, t, h, w, 1]."""
    import keras

    import trainer

    opened = trainer.open_run(run_dir)
    made = [
        opened.ask("translate_clip", clip=given, seed=[seed] * len(given))["clip"]
        for seed in range(_SEEDS)
    ]
    keras.backend.clear_session()
    return np.stack(made)


def measured(clips: np.ndarray, given: np.ndarray, flow: np.ndarray) -> dict[str, str]:
    """Warp error and drift of clips of several seeds, as cells of a table."""
    styles = np.stack([in_boxes(of_seed, given) for of_seed in clips])
    among = styles[:, :, 0].var(axis=0).mean()
    along = styles.var(axis=2).mean()
    error = np.mean([warp_error(of_seed, given, flow) for of_seed in clips])
    return {
        "warp error": f"{error:.4f}",
        "variance of style along a clip": f"{along:.4f}",
        "among seeds": f"{among:.4f}",
    }


def warp_error(clips: np.ndarray, given: np.ndarray, flow: np.ndarray) -> float:
    """Mean |x_t - warp(x_{t-1}, w*_t)| on [0, 1] over pixels that no box has uncovered."""
    import tensorflow as tf

    from trainer.game.rounds.clips import warped

    x, boxes = clips / np.float32(255.0), given > 0
    kept = warped(tf.constant(x), tf.constant(flow)).numpy()
    there = ~(boxes[:, :-1] & ~boxes[:, 1:])
    return float(np.abs(x[:, 1:] - kept)[there].mean())


def in_boxes(clips: np.ndarray, given: np.ndarray) -> np.ndarray:
    """What stands in the box of each frame, on [0, 1]: [n, t, 64]."""
    found = [frame[box > 0] for frame, box in zip(_frames(clips), _frames(given), strict=True)]
    return np.stack(found).reshape(*clips.shape[:2], -1) / 255.0


def _frames(clips: np.ndarray) -> np.ndarray:
    return clips.reshape(-1, *clips.shape[2:])
