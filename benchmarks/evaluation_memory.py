"""Peak memory of `gan evaluate` on a large set of large images, as a user runs it.

The images are noise and the generator has played two steps: what they look like does not matter.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

_TRAIN = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--count", type=int, default=50_000, help="samples of each side")
    parser.add_argument("--side", type=int, default=128, help="pixels")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains two steps, evaluates in a process of its own, and returns the result."""
    count = 500 if arguments.quick else arguments.count
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_images(folder / "images.npz", count + _TRAIN, arguments.side)
        settings = _settings(folder, count)
        _gan("train", "dcgan-mnist", "--run-dir", str(folder / "run"), *settings)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        begun = time.perf_counter()
        said = _gan("evaluate", str(folder / "run"), "--json")
        seconds = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    if peak == before:
        raise RuntimeError("training took more memory than evaluation: nothing was measured")
    evaluation = json.loads(said)
    gib = peak / 2**20
    row = {
        "samples of each side": count,
        "size": f"{arguments.side}×{arguments.side}×3",
        "one side's bytes, GiB": count * arguments.side**2 * 3 / 2**30,
        "peak memory, GiB": gib,
        "minutes": seconds / 60.0,
        "numbers": ", ".join(number["key"] for number in evaluation["numbers"]),
    }
    verdict = f"Target: under 4 GiB: {'met' if gib < 4.0 else 'missed'}."
    return {"rows": [row], "verdict": verdict, "details": {"protocol": evaluation["protocol"]}}


def _settings(folder: Path, count: int) -> list[str]:
    values = {
        "data.source": f"npz:{folder}/images.npz",
        "data.holdout_share": count / (count + _TRAIN),
        "data.cache_dir": str(folder / "cache"),
        # Training reads from disk, so that evaluation is what takes memory.
        "data.cache_gib": 0,
        "network.base_filters": 4,
        "train.steps": 2,
        "evaluate.num_samples": count,
        "evaluate.cache_dir": str(folder / "cache"),
        "evaluate.metrics": "[frechet, kernel_distance, prdc, sliced_wasserstein, ms_ssim]",
    }
    return [word for key, value in values.items() for word in ("--set", f"{key}={value}")]


def _write_images(path: Path, count: int, side: int) -> None:
    """Noise, written a block at a time."""
    array = path.with_suffix(".npy")
    images = np.lib.format.open_memmap(array, "w+", np.uint8, (count, side, side, 3))
    random = np.random.RandomState(0)
    for start in range(0, count, 1000):
        block = images[start : start + 1000]
        block[...] = random.randint(0, 256, block.shape, np.uint8)
    images.flush()
    del images
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(array, "images.npy")
    array.unlink()


def _gan(*arguments: str) -> str:
    command = [sys.executable, "-m", "trainer.cli", *arguments]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return done.stdout
