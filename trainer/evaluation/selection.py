"""Which checkpoint is the best: read off the evaluations of a run, by metric and direction."""

import logging
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from trainer.config.experiment import Experiment
from trainer.errors import ConfigError
from trainer.evaluation.results import Evaluation, MetricValue, best, fitting
from trainer.run.directory import RunDirectory

FILE = "evaluations.jsonl"

logger = logging.getLogger("saddlepoint")


class Choice(NamedTuple):
    """A checkpoint and why it was taken.

    Attributes:
        which: what `Checkpoints.restore` takes: "last", or a step.
        reason: for a reader, such as "best by fcd_10k_test_mnistcnn-3f2a = 3.2".
    """

    which: str
    reason: str


def history(rows: Iterable[dict[str, Any]]) -> list[Evaluation]:
    """The evaluations of a run from the rows of evaluations.jsonl, in their order.

    A row that is none, such as one of another Saddlepoint, is left out with a warning.
    """
    found = []
    for row in rows:
        try:
            found.append(Evaluation.from_dict(row))
        except ConfigError as error:
            logger.warning("%s: a row is left out: %s", FILE, error)
    return found


def best_steps(evaluations: Sequence[Evaluation]) -> dict[str, tuple[int, MetricValue]]:
    """Of every number that has a better direction: the step where it is best, and its value.

    The first of equally good steps counts; the newest evaluation of a step does.
    """
    series: dict[str, dict[int, MetricValue]] = {}
    for evaluation in evaluations:
        for number in evaluation.numbers:
            if evaluation.step is not None and number.direction:
                series.setdefault(number.name, {})[evaluation.step] = number
    found = {}
    for name, by_step in series.items():
        winner = best(list(by_step.values()))
        assert winner is not None
        found[name] = next((step, n) for step, n in sorted(by_step.items()) if n == winner)
    return found


def choose(run: RunDirectory, experiment: Experiment, which: str, kept: Iterable[int]) -> Choice:
    """The checkpoint that "last", a step, "best" or "best:NUMBER" means.

    "best" goes by `evaluate.best` of the recipe, else by the first number of the evaluations.

    Args:
        run: whose evaluations decide.
        experiment: of the run.
        which: see above; NUMBER is the beginning of a number's name, such as "recall".
        kept: steps of the checkpoints that the run still has.

    Raises:
        ConfigError: when nothing was evaluated, or no number, or several, have that name.
    """
    kind, _, asked = which.partition(":")
    if kind != "best":
        reason = "the last one" if which == "last" else "as asked"
        return Choice(which, reason)
    steps = set(kept)
    evaluations = [e for e in history(run.rows(FILE)) if e.step in steps]
    candidates = best_steps(evaluations)
    if not candidates:
        raise ConfigError(
            f"--checkpoint: received {which!r}, but no checkpoint that {run.path!r} keeps was "
            "evaluated; run `gan evaluate RUN_DIR --checkpoint all`, or train with "
            "--set evaluate.every=STEPS."
        )
    name = _name(asked or experiment.evaluate.best, candidates, which)
    step, number = candidates[name]
    return Choice(str(step), f"best by {name} = {number.value:.4g}")


def _name(asked: str | None, candidates: dict[str, tuple[int, MetricValue]], which: str) -> str:
    """The full name of the number that decides."""
    if asked is None:
        return next(iter(candidates))
    found = fitting(asked, {name: number.key for name, (_, number) in candidates.items()})
    if len(found) == 1:
        return found[0]
    problem = "several evaluated numbers begin" if found else "no evaluated number begins"
    raise ConfigError(
        f"--checkpoint: received {which!r}, but {problem} with {asked!r}; give one of "
        f"{', '.join(found or candidates)}."
    )
