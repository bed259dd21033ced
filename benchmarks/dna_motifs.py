"""Sequences of DNA and proteins: motifs, position matrices, couplings, and designs judged exactly.

Every number of generated sequences stands beside a Markov chain of second order that counted the
training sequences, and beside training sequences against held-out ones, which no generator can do
better than. `motifs` is the toy of the paper, `proteins` a family with one coupled pair (1.373 bits
by construction), `splice` the splice junctions of UCI, told apart by their class, with sequences
that are there twice left out. `design` searches sequences of high affinity, after training on the
weakest two fifths of random ones: a predictor is trained beside the game, and what is found is
judged by the formula that the affinities are made by.

Rows that are not asked for stay as they were last measured, or say that they were not run.

Reference: Killoran et al. 2017, "Generating and designing DNA with deep generative models", who
play WGAN-GP with 5 blocks of 100 filters for 100 000 steps; here it is R1 with one turn of the
discriminator and 3 blocks of 64 (`--paper` plays theirs).
"""

import argparse
import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import harness, trained

_RESULT = "dna_motifs.json"
_ADAM = "{name: adam, learning_rate: 3e-4, beta_1: 0.0, beta_2: 0.99}"
_R1 = (
    "network.filters=64",
    "network.blocks=3",
    "objective=non_saturating",
    "penalties=[{name: r1, gamma: 1.0}]",
    "round.discriminator_turns=1",
    f"optimizers.generator={_ADAM}",
    f"optimizers.discriminator={_ADAM}",
)
_RECIPE, _PAPER = "killoran-motifs", "killoran-paper"
_SITES = "{EI: [30, GT], IE: [28, AG]}"
# What `design` looks through, and how it is called.
_WAYS = {"through the generator": "generator", "through free symbols": "symbols"}
_TOP = 10


class _Measure(NamedTuple):
    """A number of the evaluation.

    Attributes:
        key: of it; those of what stands beside it end in _markov and _real.
        options: of its metric.
    """

    key: str
    options: str


_NGRAMS = _Measure("ngram_js", "{name: ngrams, n: 6}")
_MATRIX = _Measure("position_matrix", "position_matrix")
# Data → what is measured of it, by what a row is called.
MEASURES: Mapping[str, Mapping[str, _Measure]] = {
    "motifs": {
        "motif exactly once": _Measure("motif_once", "motif"),
        "evenness of its place": _Measure("motif_evenness", "motif"),
        "words of 6, bits": _NGRAMS,
    },
    "proteins": {
        "coupled pair, bits": _Measure("coupling", "coupling"),
        "position matrix": _MATRIX,
        "words of 3, bits": _Measure("ngram_js", "{name: ngrams, n: 3}"),
    },
    "splice": {
        "GT and AG at their places": _Measure("sites", "sites"),
        "position matrix": _MATRIX,
        "words of 6, bits": _NGRAMS,
    },
}
DATA = (*MEASURES, "design")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", nargs="+", default=list(DATA), choices=DATA)
    parser.add_argument("--steps", type=int, default=40_000, help="of every training")
    parser.add_argument("--paper", action="store_true", help="the paper's players and penalty")
    parser.add_argument("--folder", type=Path, default=Path("../shared/data"), help="of the data")
    trained.add_arguments(parser, "runs/dna", seeds=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    table = arguments.folder / "sequences" / "splice_junction.csv"
    asked = [name for name in arguments.data if name != "splice" or table.exists()]
    seeds = range(arguments.seeds)
    jobs = {(n, s): _job(arguments, n, s, table) for n in asked for s in seeds}
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    before = trained.measured_before(
        arguments.results / _RESULT, ("data", "measure"), [(name,) for name in asked], ("data",)
    )
    rows: list[dict[str, Any]] = []
    for name in DATA:
        runs = [one for (n, _), one in made.items() if n == name and not one.problem]
        anew = _designed(runs, arguments) if name == "design" else _measured(name, runs)
        old = [row for (data, _), row in before.rows.items() if data == name]
        rows += anew if runs or not old else old
    return {
        "rows": rows,
        "details": {
            "recipe": _PAPER if arguments.paper else _RECIPE,
            "overrides": [] if arguments.paper else list(_R1),
            "runs": before.runs
            + [
                {"data": n, "seed": s, "numbers": one.numbers, "problem": one.problem}
                for (n, s), one in made.items()
            ],
            "left out": [name for name in arguments.data if name not in asked],
        },
    }


def _job(arguments: argparse.Namespace, name: str, seed: int, table: Path) -> trained.Job:
    steps = 20 if arguments.quick else arguments.steps
    every = [f"run.{what}_every={min(steps, 1000)}" for what in ("log", "sample", "checkpoint")]
    overrides = (
        *(() if arguments.paper else _R1),
        *_data(name, arguments, table),
        *every,
        f"seed={seed}",
        f"train.steps={steps}",
        "run.instruments_every=null",
    )
    metrics = {measure.options for measure in MEASURES.get(name, {}).values()}
    evaluation = (
        f"evaluate.num_samples={200 if arguments.quick else 5000}",
        f"evaluate.metrics=[{', '.join(sorted(metrics))}]",
    )
    folder = f"{name}-{'paper' if arguments.paper else 'r1'}-{steps}-{seed}"
    recipe = _PAPER if arguments.paper else _RECIPE
    return trained.Job(folder, recipe, overrides, evaluation if metrics else None)


def _data(name: str, arguments: argparse.Namespace, table: Path) -> Sequence[str]:
    """Overrides of the recipe for the data."""
    if name == "proteins":
        return ["data.source=protein_family"]
    if name == "splice":
        path = arguments.work / "splice.fasta"
        write_fasta(table, path)
        options = f"path: '{path.resolve()}', label: class, unique: true, sites: {_SITES}"
        source = f"data.source={{name: fasta, {options}}}"
        return [source, "condition=label", "data.holdout_share=0.2"]
    if name == "design":
        return ["data.source=affinities", "wrappers=[predict]"]
    return []


def write_fasta(table: Path, path: Path) -> None:
    """The splice junctions as FASTA, with their class in the header."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    path.parent.mkdir(parents=True, exist_ok=True)
    records = (f">{row['name']} class={row['class']}\n{row['sequence']}\n" for row in rows)
    path.write_text("".join(records), encoding="utf-8")


def _measured(name: str, runs: Sequence[trained.Trained]) -> list[dict[str, Any]]:
    """A row a number of the evaluation."""
    rows = []
    for measure, (key, _) in MEASURES[name].items():
        numbers = [one.numbers or {} for one in runs]
        sides = {"generated": key, "Markov chain": f"{key}_markov", "training": f"{key}_real"}
        rows.append(
            {"data": name, "measure": measure}
            | {
                side: trained.spread([n[k] for n in numbers if k in n])
                for side, k in sides.items()
                if not numbers or any(k in n for n in numbers)
            }
            | _protocol(runs)
        )
    return rows


def _protocol(runs: Sequence[trained.Trained]) -> dict[str, Any]:
    if not runs:
        return {}
    return {
        "steps": runs[0].steps,
        "minutes": trained.spread([one.seconds / 60 for one in runs]),
        "seeds": len(runs),
        "commit": harness.commit(),
    }


# ---- Designs ------------------------------------------------------------------------------------


def _designed(
    runs: Sequence[trained.Trained], arguments: argparse.Namespace
) -> list[dict[str, Any]]:
    """Affinities, by the formula: of designs, of generated sequences, and of training ones."""
    from trainer.data.sources.affinities import affinity

    rows = []
    for way, through in _WAYS.items():
        found = [_top(_designs(one.run_dir, through, arguments), affinity) for one in runs]
        rows.append(
            {
                "data": "design",
                "measure": f"affinity of the {_TOP} best, {way}",
                "generated": trained.spread([float(values.mean()) for values, _ in found]),
                "predicted": trained.spread([float(said.mean()) for _, said in found]),
                **({"training": f"{_best_known():.3g}"} if runs else {}),
                **_protocol(runs),
            }
        )
    return rows


def _top(
    made: Mapping[str, np.ndarray], affinity: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """True affinities of the designs of which most was promised, and what was promised."""
    best = np.argsort(made["predicted"])[-_TOP:]
    ids = np.array([["ACGT".index(chr(letter)) for letter in made["text"][i]] for i in best])
    return affinity(ids), made["predicted"][best]


def _designs(run_dir: str, through: str, arguments: argparse.Namespace) -> Mapping[str, np.ndarray]:
    import keras

    from trainer.config.recipe import with_overrides
    from trainer.game.assembly import assemble
    from trainer.run.checkpoints import Checkpoints
    from trainer.run.directory import RunDirectory

    run = RunDirectory(run_dir)
    steps, count = (5, 16) if arguments.quick else (200, 100)
    search = f"{{name: design, through: {through}, steps: {steps}}}"
    experiment = with_overrides(run.read_experiment(), [f"export.searches=[{search}]"])
    game = assemble(experiment, run.read_spec())
    Checkpoints(game, run.checkpoints).restore()
    made = game.live.run("design", {"seed": np.arange(count, dtype=np.int64)})
    keras.backend.clear_session()
    return made


def _best_known() -> float:
    """The highest affinity that any sequence of the data has."""
    from trainer.catalogue import Affinities
    from trainer.data.sources.affinities import draw

    return float(draw(Affinities())[1].max())
