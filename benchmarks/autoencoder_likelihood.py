"""The likelihood of a VAE on pictures of black and white, in nats a held-out picture.

Dense layers 200-200, 50 latents, a Bernoulli of each pixel; training pictures are binarised anew at
every use, held-out ones once. Beside the bound stands the importance-sampled log-likelihood
(`--samples` latents a picture) and two trivial models: every pixel alone with the mean of the
training pictures, and a coin for each. Published for this network: 90.85 ± .20 for minus the bound,
86.83 ± .26 for 5 000 samples; Burda et al. 2016, "Importance weighted autoencoders", have 86.76.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import trained

DATA = {"digits": [], "mnist": ["data.source=tfds:mnist"]}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", default="mnist", choices=list(DATA))
    parser.add_argument("--data-dir", type=Path, help="of prepared tensorflow-datasets")
    parser.add_argument("--steps", type=int, default=300_000, help="640 epochs of 60 000, by 128")
    parser.add_argument("--samples", type=int, default=5000, help="latents a picture")
    parser.add_argument("--pictures", type=int, default=10_000, help="held-out ones")
    trained.add_arguments(parser, "runs/likelihood", seeds=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains and evaluates what is not yet, and returns the result."""
    jobs = {seed: _job(arguments, seed) for seed in range(arguments.seeds)}
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    runs = [one for one in trained.succeeded(made).values() if one.numbers]
    numbers = [one.numbers or {} for one in runs]
    row = {
        "model": "VAE 200-200-50",
        "minus the bound": trained.spread([-n["elbo"] for n in numbers], ".4g"),
        "minus log p": trained.spread([-n["log_likelihood"] for n in numbers], ".4g"),
        "published": "90.85, 86.83" if arguments.data == "mnist" else "",
        "steps": runs[0].steps if runs else "",
        "minutes": trained.spread([one.seconds / 60 for one in runs]),
        "seeds": len(runs),
    }
    details = {"samples": _samples(arguments), "problems": trained.problems(made)}
    return {"rows": [row, *_trivial(jobs[0])], "details": details}


def _samples(arguments: argparse.Namespace) -> int:
    return 5 if arguments.quick else int(arguments.samples)


def _job(arguments: argparse.Namespace, seed: int) -> trained.Job:
    steps, samples = 20 if arguments.quick else arguments.steps, _samples(arguments)
    overrides = [
        *DATA[arguments.data],
        *([f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []),
        "data.binarise=true",
        "network={name: mlp, units: [200, 200]}",
        "prior={name: gaussian, size: 50}",
        "optimizers.generator={name: adam, learning_rate: 1e-3, beta_1: 0.9, "
        f"schedule: {{name: cosine, steps: {steps}}}}}",
        "train.batch_size=128",
        f"evaluate.metrics=[{{name: likelihood, samples: {samples}}}]",
        f"evaluate.num_samples={arguments.pictures}",
        *trained.plainly(steps, seed),
    ]
    name = f"vae-{arguments.data}-{steps}-{samples}-{seed}"
    return trained.Job(name, "vae-digits", overrides)


def _trivial(job: trained.Job) -> list[dict[str, Any]]:
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    data = loading.load(load_experiment(job.recipe, list(job.overrides)).data)
    alone = pixels_alone(data.train.samples, data.held_out.samples)
    nothing = float(data.spec.sample.size * np.log(2.0))
    return [
        {"model": "every pixel alone", "minus log p": f"{alone:.4g}"},
        {"model": "a coin for every pixel", "minus log p": f"{nothing:.4g}"},
    ]


def pixels_alone(train: np.ndarray, held_out: np.ndarray) -> float:
    """Nats a picture of 0 and 255 under independent pixels of the training levels' means."""
    p = np.clip(train.mean(axis=0) / 255.0, 1e-4, 1.0 - 1e-4)
    white = held_out / 255.0
    return float(-(white * np.log(p) + (1.0 - white) * np.log(1.0 - p)).sum(axis=(1, 2, 3)).mean())
