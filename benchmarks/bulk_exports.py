"""Exports to generate from: a recipe's players after one step of training."""

from pathlib import Path
from typing import Any

import numpy as np

SHAPES = {"28x28x1": (28, 28, 1), "64x64x3": (64, 64, 3)}


def make(name: str, folder: Path) -> Path:
    """Trains a DCGAN of a shape for one step and exports it; returns the model directory."""
    from trainer.config.recipe import load_experiment
    from trainer.exporting import export_run
    from trainer.training import train

    models = folder / name
    if models.exists():
        return models
    images = folder / f"{name}.npz"
    noise = np.random.default_rng(0).integers(0, 256, (256, *SHAPES[name]), np.uint8)
    np.savez(images, images=noise, labels=np.arange(256) % 10)
    overrides = [f"data.source=npz:{images}", "train.steps=1", "train.batch_size=64"]
    experiment = load_experiment("cgan-mnist", overrides)
    train(experiment, str(folder / f"run-{name}"), progress=False)
    export_run(str(folder / f"run-{name}"), str(models), "last")
    return models


class Predicting:
    """The generator of a run as a script has it: a Keras model that is asked by `predict`."""

    def __init__(self, run_dir: Path | str) -> None:
        """Assembles the generator, with the weights it began with."""
        from trainer.game.assembly import assemble
        from trainer.run.directory import RunDirectory

        run = RunDirectory(str(run_dir))
        spec = run.read_spec()
        self._generator: Any = assemble(run.read_experiment(), spec).gan.networks["generator"]
        self._num_classes = spec.num_classes
        self._latent_size = self._generator.input["latent"].shape[-1]

    def images(self, seeds: list[int]) -> np.ndarray:
        """Returns uint8 [len(seeds), height, width, channels]."""
        size = self._latent_size
        latents = np.stack([np.random.default_rng(seed).standard_normal(size) for seed in seeds])
        labels = np.eye(self._num_classes)[np.array(seeds) % self._num_classes]
        samples = self._generator.predict({"latent": latents, "condition": labels}, verbose=0)[
            "sample"
        ]
        return np.clip(127.5 * samples + 127.5, 0, 255).astype(np.uint8)
