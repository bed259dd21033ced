"""Exports to generate from: a recipe's players after one step of training."""

from pathlib import Path

SHAPES = {"28x28x1": (28, 28, 1), "64x64x3": (64, 64, 3)}


def make(name: str, folder: Path) -> Path:
    """Trains a DCGAN of a shape for one step and exports it; returns the model directory."""
    import numpy as np

    from trainer.export import export_run
    from trainer.recipe import load_experiment
    from trainer.run import train

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
