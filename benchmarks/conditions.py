"""How well games hear a label, and what it costs or brings: every way to tell it, at equal steps.

Everything but the way is the same in all rows: networks, batch, steps, samples, data. `gan_test` is
the share of samples that a classifier of real examples reads as the class asked for; recall and the
Fréchet distance are of all classes together; conditional diversity is the distance of two samples
of one class, in units of any two real ones. `gan_train` is the accuracy on real examples of a
classifier that learned generated ones alone, which needs both.

References: Odena et al. 2017 (AC-GAN); Miyato & Koyama 2018, table 1 (projection beside
concatenation); Gong et al. 2019 (twin classifier); Ravuri & Vinyals 2019 (GAN-train).
"""

import argparse
from pathlib import Path
from typing import Any

from benchmarks import trained

_TWIN = "{name: classification, twin_weight: 1.0}"
_GENERATOR = "network.generator_conditioning=normalization"
# Name → overrides of the data's recipe.
GAMES: dict[str, tuple[str, ...]] = {
    "unconditional": ("condition=none",),
    "concatenation": (),
    "conditional batch norm": (_GENERATOR,),
    "projection": (_GENERATOR, "network.discriminator_conditioning=projection"),
    "AC-GAN": ("terms=[classification]",),
    "AC-GAN, fakes named too": ("terms=[{name: classification, fake_weight: 1.0}]",),
    "AC-GAN, twin": (f"terms=[{_TWIN}]",),
}
_DATA = {"digits": "digits", "mnist": "tfds:mnist", "fashion": "tfds:fashion_mnist"}
_COLUMNS = ("gan_test", "conditional_diversity", "recall", "precision", "fcd", "gan_train")
_METRICS = "evaluate.metrics=[frechet, prdc, gan_test, conditional_diversity{}]"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", default="digits", choices=list(_DATA))
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0, 1, …")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--filters", type=int, default=64, help="of both networks")
    parser.add_argument("--gan-train", action="store_true", help="train classifiers on samples too")
    parser.add_argument("--data-dir", help="where prepared tensorflow-datasets lie")
    parser.add_argument("--workers", type=int, default=1, help="runs side by side, a thread each")
    parser.add_argument("--work", type=Path, default=Path("runs/conditions"), help="folder of runs")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    jobs = {
        (game, seed): _job(arguments, game, seed)
        for game in arguments.games
        for seed in range(arguments.seeds)
    }
    runs = trained.make(jobs, arguments.work, workers=arguments.workers, threads=1)
    return {
        "rows": [
            _row(game, [one for (name, _), one in runs.items() if name == game])
            for game in arguments.games
        ],
        "details": {
            "data": arguments.data,
            "recipe": "cgan-digits",
            "overrides": list(_base(arguments)),
            "games": {name: GAMES[name] for name in arguments.games},
            "runs": [
                {"game": g, "seed": s, "numbers": one.numbers, "problem": one.problem}
                for (g, s), one in runs.items()
            ],
        },
    }


def _base(arguments: argparse.Namespace) -> tuple[str, ...]:
    steps = 20 if arguments.quick else arguments.steps
    pictures = (
        ()
        if arguments.data == "digits"
        else (
            f"data.source={_DATA[arguments.data]}",
            "prior.size=100",
            "evaluate.num_samples=10000",
        )
    )
    place = (f"data.data_dir={arguments.data_dir}",) if arguments.data_dir else ()
    return (
        *(f"run.{name}_every={steps}" for name in ("log", "sample", "checkpoint")),
        *(f"train.steps={steps}", f"network.base_filters={arguments.filters}"),
        *(*pictures, *place),
    )


def _job(arguments: argparse.Namespace, game: str, seed: int) -> trained.Job:
    folder = game.replace(" ", "-").replace(",", "")
    name = f"{arguments.data}-{folder}-{arguments.filters}-{arguments.steps}-{seed}"
    metrics = _METRICS.format(", gan_train" if arguments.gan_train else "")
    overrides = (*_base(arguments), *GAMES[game], f"seed={seed}")
    return trained.Job(name, "cgan-digits", overrides, (metrics,))


def _row(game: str, runs: list[trained.Trained]) -> dict[str, Any]:
    """Means over the runs; beside them what real samples score, where a run measured it."""
    found = [one.numbers or {} for one in runs if not one.problem]
    columns = {key: [n[key] for n in found if key in n] for key in _COLUMNS}
    return {
        "game": game,
        **{key: trained.spread(values) if values else "" for key, values in columns.items()},
        "diversity of real": trained.spread(
            [n[key] for n in found if (key := "conditional_diversity_real") in n][:1]
        )
        if game != "unconditional"
        else "",
        "steps": max((one.steps for one in runs), default=0),
        "seconds, fastest": round(min((one.seconds for one in runs if not one.problem), default=0)),
        "seeds": len(found),
    }
