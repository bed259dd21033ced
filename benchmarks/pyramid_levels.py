"""What the chain of a pyramid costs, and what one network at full size makes in the same time.

LAPGAN on pictures of 32 pixels from 16: the Fréchet distance of samples that are chained, of what
the last level makes of true coarse pictures (errors of the level before left out), and of a DCGAN
that is trained as many minutes at 32 pixels.

Reference: Denton et al. 2015, "Deep generative image models using a Laplacian pyramid of
adversarial networks" (CIFAR-10 at 32 pixels; log-likelihoods by Parzen windows -1799 ± 826, of a
GAN at one scale -3617 ± 353, which do not compare with distances).
"""

import argparse
from typing import Any

from benchmarks import trained

RECIPE = "dcgan-digits"
# The paper's convolutions over the coarse picture at the last level, and a DCGAN at the first one.
# Levels judge by themselves; R1 keeps each from winning, as in `lapgan-digits`.
_PYRAMID = (
    "round={name: pyramid, levels: 2}",
    "network={name: dcgan, base_filters: 32, discriminator_normalization: none}",
    "networks={generator_1: {name: laplacian, filters: 64}}",
    "penalties=[{name: r1, gamma: 1.0}]",
)
_ONE_SCALE = ("network.base_filters=32",)
_METRICS, _DISTANCE = "evaluate.metrics=[frechet]", "fd"
ROWS = ("LAPGAN, chained", "LAPGAN, true coarse pictures", "one scale, equal time")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", default="npz:../shared/data/cifar10_lossless")
    parser.add_argument("--steps", type=int, default=10_000, help="of LAPGAN")
    trained.add_arguments(parser, "runs/pyramid", seeds=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    start_tensorflow()
    seeds = range(arguments.seeds)
    pyramids = _made({seed: pyramid_job(arguments, seed) for seed in seeds}, arguments)
    good = trained.succeeded(pyramids)
    others = _made(
        {seed: one_scale_job(arguments, seed, one.seconds) for seed, one in good.items()}, arguments
    )
    numbers: dict[str, list[float]] = {
        ROWS[0]: _distances(good),
        ROWS[1]: [_of_last_level(one.run_dir) for one in good.values()],
        ROWS[2]: _distances(trained.succeeded(others)),
    }
    minutes = trained.spread([one.seconds / 60 for one in good.values()])
    return {
        "rows": [
            {
                "samples": row,
                "Fréchet distance": trained.spread(values),
                "minutes": minutes,
                "seeds": len(values),
            }
            for row, values in numbers.items()
        ],
        "details": {
            "data": arguments.data,
            "steps of LAPGAN": 20 if arguments.quick else arguments.steps,
            "runs": [{"samples": row, "distances": values} for row, values in numbers.items()],
            "problems": trained.problems(pyramids) + trained.problems(others),
        },
    }


def pyramid_job(arguments: argparse.Namespace, seed: int) -> trained.Job:
    """The run of LAPGAN with a seed."""
    steps = 20 if arguments.quick else arguments.steps
    overrides = (*_PYRAMID, *_data(arguments), f"train.steps={steps}", f"seed={seed}")
    return trained.Job(f"lapgan-{steps}-{seed}", RECIPE, overrides, (_METRICS,))


def one_scale_job(arguments: argparse.Namespace, seed: int, seconds: float) -> trained.Job:
    """The run of a DCGAN with a seed, which ends after so many seconds."""
    length = trained.as_long_as(seconds)
    overrides = (*_ONE_SCALE, *_data(arguments), *length, f"seed={seed}")
    return trained.Job(f"one-scale-{seconds:.0f}s-{seed}", RECIPE, overrides, (_METRICS,))


def _data(arguments: argparse.Namespace) -> tuple[str, ...]:
    return (f"data.source={arguments.data}", "data.size=32", "evaluate.every=null")


def _made(
    jobs: dict[int, trained.Job], arguments: argparse.Namespace
) -> dict[int, trained.Trained]:
    return trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)


def _distances(runs: dict[int, trained.Trained]) -> list[float]:
    return [one.numbers[_DISTANCE] for one in runs.values() if one.numbers]


def _of_last_level(run_dir: str) -> float:
    """The distance of what the last level makes of true pictures of half the size."""
    import keras

    from trainer.evaluation.workflow import evaluate_path

    outcome = evaluate_path(run_dir, (_METRICS, "evaluate.signature=translate"))
    keras.backend.clear_session()
    (number,) = (n for n in outcome.evaluations[0].numbers if n.key == _DISTANCE)
    return number.value
