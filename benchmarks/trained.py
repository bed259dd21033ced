"""Runs that a benchmark trains and evaluates by the product's own commands, several side by side.

Each run lies in a folder of its own name, with what came of it in `trained.json`; one that is not
finished is resumed, so a benchmark that was broken off goes on where it was.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

Place = TypeVar("Place", bound=Hashable)

_GAN = (sys.executable, "-m", "trainer.cli")


@dataclass(frozen=True)
class Trained:
    """What came of one run.

    Attributes:
        run_dir: where it lies.
        steps: that were played.
        examples: real ones that they saw.
        seconds: of training, compilation and evaluation apart.
        numbers: by key of the metric; empty where it was not evaluated.
        problem: the last line of a command that failed; empty where all is well.
    """

    run_dir: str
    steps: int = 0
    examples: int = 0
    seconds: float = 0.0
    numbers: Mapping[str, float] | None = None
    problem: str = ""


@dataclass(frozen=True)
class Job:
    """A run to be made.

    Attributes:
        name: of its folder.
        recipe: a name or a path.
        overrides: `KEY=VALUE` of the recipe.
        evaluation: further ones of the evaluation; None leaves it out.
    """

    name: str
    recipe: str
    overrides: Sequence[str] = ()
    evaluation: Sequence[str] | None = ()


def add_arguments(
    parser: argparse.ArgumentParser,
    work: str | Path,
    *,
    seeds: int | None = None,
    workers: int | None = None,
) -> None:
    """The options that benchmarks of trainings share, with their defaults.

    Args:
        parser: of the benchmark.
        work: folder of its runs.
        seeds: how many; None for a benchmark that has no such option.
        workers: runs side by side; None as there.
    """
    if seeds is not None:
        parser.add_argument("--seeds", type=int, default=seeds, help="seeds 0, 1, … of training")
    if workers is not None:
        parser.add_argument("--workers", type=int, default=workers, help="runs side by side")
    parser.add_argument("--work", type=Path, default=Path(work), help="folder of runs")


def plainly(steps: int, seed: int = 0) -> list[str]:
    """Overrides of a run of so many steps that nothing interrupts: one picture, one checkpoint."""
    every = [f"run.{name}_every={steps}" for name in ("sample", "checkpoint")]
    return [f"train.steps={steps}", f"seed={seed}", *every, "run.instruments_every=null"]


def as_long_as(seconds: float) -> list[str]:
    """Overrides of a run that ends when it has trained for so many seconds."""
    return ["train.steps=1000000", at_most(seconds)]


def at_most(seconds: float) -> str:
    """The override of a run that also ends when it has trained for so many seconds."""
    return f"run.time_budget_minutes={max(seconds / 60.0, 0.01):.3f}"


def make(
    jobs: Mapping[Place, Job], folder: Path, *, workers: int, threads: int
) -> dict[Place, Trained]:
    """Trains and evaluates every job, `workers` at a time, each on so many threads.

    Returns:
        What came of each, under the place in its benchmark that the job has, such as a game and a
        seed.
    """

    def one(job: Job) -> Trained:
        kept = folder / job.name / "trained.json"
        if kept.exists():
            return Trained(**json.loads(kept.read_text(encoding="utf-8")))
        trained = _trained(job, folder, threads)
        print(f"{job.name}: {_in_words(trained)}", file=sys.stderr, flush=True)
        if not trained.problem:
            kept.write_text(json.dumps(asdict(trained)), encoding="utf-8")
        return trained

    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(jobs, pool.map(one, jobs.values()), strict=True))


def succeeded(made: Mapping[Place, Trained]) -> dict[Place, Trained]:
    """Those without a problem."""
    return {place: one for place, one in made.items() if not one.problem}


def problems(made: Mapping[Any, Trained]) -> list[str]:
    """What went wrong in the others."""
    return [one.problem for one in made.values() if one.problem]


def _trained(job: Job, folder: Path, threads: int) -> Trained:
    from trainer.evaluation.card import examples_per_step, training_seconds
    from trainer.run.directory import RunDirectory

    run_dir = str(folder / job.name)
    failed = _command(["train", job.recipe, "--run-dir", run_dir, *_flags(job.overrides)], threads)
    if isinstance(failed, str):
        return Trained(run_dir, problem=failed)
    run = RunDirectory(run_dir)
    experiment = run.read_experiment()
    steps = experiment.train.steps
    seconds = training_seconds(experiment, run.rows("metrics.jsonl"), steps) or 0.0
    examples = steps * examples_per_step(experiment)
    if job.evaluation is None:
        return Trained(run_dir, steps, examples, seconds)
    said = _command(["evaluate", run_dir, *_flags(job.evaluation)], threads)
    if isinstance(said, str):
        return Trained(run_dir, steps, examples, seconds, problem=said)
    numbers = {n["key"]: n["value"] for n in said["numbers"]}
    return Trained(run_dir, steps, examples, seconds, numbers)


def _command(arguments: Sequence[str], threads: int) -> Any:
    """What a command of `gan` printed as JSON; if it failed the sentence that says why."""
    limits = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    done = subprocess.run(
        [*_GAN, *arguments, "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, **dict.fromkeys(limits, str(threads))},
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return next((line for line in said if line.startswith("gan: ")), said[-1])
    return json.loads(done.stdout)


def _flags(overrides: Iterable[str]) -> list[str]:
    return [part for override in overrides for part in ("--set", override)]


def _in_words(trained: Trained) -> str:
    numbers = ", ".join(f"{k} {v:.4g}" for k, v in (trained.numbers or {}).items())
    return trained.problem or f"{trained.steps} steps in {trained.seconds:.0f} s; {numbers}"


def spread(values: Sequence[float], form: str = ".3g") -> str:
    """Mean and standard deviation over runs, as a cell of a table."""
    if not values:
        return "not run"
    if len(values) == 1:
        return f"{values[0]:{form}}"
    return f"{np.mean(values):{form}} ± {np.std(values, ddof=1):.2g}"


class Before(NamedTuple):
    """What an older result says of games that are not asked for anew.

    Attributes:
        rows: of its table, by their place.
        runs: single ones, from its details.
    """

    rows: dict[tuple[Any, ...], dict[str, Any]]
    runs: list[dict[str, Any]]


def measured_before(
    path: Path,
    place: Sequence[str],
    asked: Collection[tuple[Any, ...]],
    of_runs: Sequence[str] | None = None,
) -> Before:
    """What a result holds that new runs do not replace; nothing where there is no result.

    Args:
        path: of the result.
        place: the columns that say which game a row or a run is of.
        asked: the places of the new runs.
        of_runs: the columns that say it of a run, where a run has several rows.
    """
    if not path.exists():
        return Before({}, [])
    document = json.loads(path.read_text(encoding="utf-8"))
    rows = {
        tuple(row[column] for column in place): {**row, "commit": _commit(row, document)}
        for row in document["rows"]
        if "not run" not in row.values()
    }
    runs = document["details"]["runs"]
    columns = of_runs or place
    return Before(rows, [r for r in runs if tuple(r[column] for column in columns) not in asked])


def _commit(row: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    return str(row.get("commit", document["commit"]))
