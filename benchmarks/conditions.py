"""How well games hear a label, and what it costs or brings: every way to tell it, at equal steps.

Everything but the way is the same in all rows: networks, batch, steps, samples, data. `gan_test` is
the share of samples that a classifier of real examples reads as the class asked for; recall and the
Fréchet distance are of all classes together, and averaged within classes (`intra_recall`, beside
that of training examples; `intra_fcd` where a class has more test examples than there are
features). Conditional diversity is the distance of two samples of one class, in units of any two
real ones. `gan_train` is the accuracy on real examples of a classifier that learned generated ones
alone, which needs both, beside that of a classifier of as many real ones.

That labels make samples better is the last column: how many times smaller the Fréchet distance is
than that of the same game without labels.

References: Odena et al. 2017 (AC-GAN); Miyato & Koyama 2018, table 1 (projection beside
concatenation); Gong et al. 2019 (twin classifier); Ravuri & Vinyals 2019 (GAN-train).
"""

import argparse
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks import trained

_PLAIN = "unconditional"
_TWIN = "{name: classification, twin_weight: 1.0}"
_GENERATOR = "network.generator_conditioning=normalization"
# Name → overrides of the data's recipe.
GAMES: dict[str, tuple[str, ...]] = {
    _PLAIN: ("condition=none",),
    "concatenation": (),
    "conditional batch norm": (_GENERATOR,),
    "projection": (_GENERATOR, "network.discriminator_conditioning=projection"),
    "AC-GAN": ("terms=[classification]",),
    "AC-GAN, fakes named too": ("terms=[{name: classification, fake_weight: 1.0}]",),
    "AC-GAN, twin": (f"terms=[{_TWIN}]",),
}
_DATA = {"digits": "digits", "mnist": "tfds:mnist", "fashion": "tfds:fashion_mnist"}
_COLUMNS = (
    *("gan_test", "conditional_diversity", "recall", "precision", "fcd"),
    *("intra_recall", "intra_recall_real", "intra_fcd", "gan_train", "gan_train_real"),
)
_METRICS = (
    "evaluate.metrics=[frechet, prdc, gan_test, conditional_diversity, intra_prdc, intra_frechet{}]"
)
_RESULT = "conditions.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", default="digits", choices=list(_DATA))
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--filters", type=int, default=64, help="of both networks")
    parser.add_argument("--gan-train", action="store_true", help="train classifiers on samples too")
    parser.add_argument("--data-dir", help="where prepared tensorflow-datasets lie")
    trained.add_arguments(parser, "runs/conditions", seeds=3, workers=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    jobs = {
        (game, seed): _job(arguments, game, seed)
        for game in arguments.games
        for seed in range(arguments.seeds)
    }
    runs = trained.make(jobs, arguments.work, workers=arguments.workers, threads=1)
    asked = [(arguments.data, game) for game in arguments.games]
    before = trained.measured_before(arguments.results / _RESULT, ("data", "game"), asked)
    of_game = {
        game: [one for (name, _), one in runs.items() if name == game] for game in arguments.games
    }
    plain = [n["fcd"] for n in _numbers(of_game.get(_PLAIN, [])) if "fcd" in n]
    anew = {
        (arguments.data, game): _row(arguments.data, game, of_game[game], plain)
        for game in GAMES
        if game in of_game
    }
    places = [(data, game) for data in _DATA for game in GAMES]
    return {
        "rows": [anew.get(p) or before.rows.get(p) or _not_run(*p) for p in places],
        "details": {
            "recipe": "cgan-digits",
            "overrides": list(_base(arguments)),
            "games": GAMES,
            "runs": before.runs
            + [
                {"data": arguments.data, "game": g, "seed": s, "numbers": one.numbers}
                for (g, s), one in runs.items()
            ],
            "problems": trained.problems(runs),
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
            "train.precision=mixed_bfloat16",
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


def _numbers(runs: list[trained.Trained]) -> list[Mapping[str, float]]:
    return [one.numbers or {} for one in runs if not one.problem]


def _row(data: str, game: str, runs: list[trained.Trained], plain: list[float]) -> dict[str, Any]:
    """Means over the runs; beside them what real samples score, where a run measured it.

    Args:
        data: of the runs.
        game: its name.
        runs: of its seeds.
        plain: Fréchet distances of the runs without labels.
    """
    found = _numbers(runs)
    if not found:
        return _not_run(data, game)
    columns = {key: [n[key] for n in found if key in n] for key in _COLUMNS}
    distance = columns["fcd"]
    real = [n["conditional_diversity_real"] for n in found if "conditional_diversity_real" in n][:1]
    return {
        "data": data,
        "game": game,
        **{key: trained.spread(values) if values else "" for key, values in columns.items()},
        "diversity of real": trained.spread(real) if real else "",
        "times closer than unconditional": f"{np.mean(plain) / np.mean(distance):.3g}"
        if plain and distance
        else "",
        "steps": max(one.steps for one in runs),
        "seconds, fastest": round(min(one.seconds for one in runs if not one.problem)),
        "seeds": len(found),
    }


def _not_run(data: str, game: str) -> dict[str, Any]:
    return {"data": data, "game": game, "gan_test": "not run"}
