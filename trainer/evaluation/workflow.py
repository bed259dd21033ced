"""`gan evaluate`: a path in; numbers, a page, a row in the run, and verdicts out."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from trainer.config.recipe import to_yaml
from trainer.errors import ConfigError
from trainer.evaluation import gallery, observer, selection, table, targets
from trainer.evaluation import reference as references
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.evidence import Evidence
from trainer.evaluation.report import Report, html
from trainer.evaluation.requirements import Requirement, Verdict, check
from trainer.evaluation.results import Evaluation
from trainer.evaluation.targets import Target
from trainer.files import join, write_atomically
from trainer.run.directory import RunDirectory

logger = logging.getLogger("saddlepoint")


@dataclass(frozen=True)
class Outcome:
    """What `evaluate_path` made.

    Attributes:
        evaluations: one a checkpoint; the last one is what verdicts and page are about.
        history: all evaluations of the run, these included; empty where there is no run.
        verdicts: one a requirement.
        report: where the page lies; None where there is none.
    """

    evaluations: list[Evaluation]
    history: list[Evaluation]
    verdicts: list[Verdict]
    report: str | None

    @property
    def met(self) -> bool:
        """Whether every requirement is met."""
        return all(verdict.met for verdict in self.verdicts)

    def as_dict(self) -> dict[str, Any]:
        """The evaluation as plain JSON values; several as a list under "evaluations"."""
        rows = [evaluation.as_dict() for evaluation in self.evaluations]
        document = rows[0] if len(rows) == 1 else {"evaluations": rows}
        verdicts = [verdict.as_dict() for verdict in self.verdicts]
        return document | {"requirements": verdicts, "report": self.report}

    @property
    def text(self) -> str:
        """For a person."""
        lines = [table.render(self.evaluations[-1], self.history)]
        lines += [verdict.sentence for verdict in self.verdicts]
        return "\n\n".join([*lines, *([f"  report  {self.report}"] if self.report else [])])


def evaluate_path(
    path: str,
    overrides: Sequence[str] = (),
    *,
    reference: str | None = None,
    checkpoint: str = "last",
    requirements: Sequence[Requirement] = (),
    report: str | None = None,
    command: str = "",
) -> Outcome:
    """Evaluates a run, an export or samples.

    Args:
        path: see `targets.open_target`.
        overrides: `KEY=VALUE` of `evaluate.*`.
        reference: real samples, where the target does not say what it was trained on.
        checkpoint: of a run: last, best, best:NUMBER, a step, or all.
        requirements: to be checked.
        report: where an HTML page is written; null is report.html in a run, and none elsewhere.
        command: what the person typed, for the page.

    Raises:
        ConfigError: when target, reference, checkpoint or requirements cannot be.
    """
    target = targets.open_target(path, overrides, reference=reference)
    if target.game is None and checkpoint != "last":
        raise ConfigError(
            f"--checkpoint: received {checkpoint!r}, but {path!r} is no run; leave it out."
        )
    real = references.load(target.experiment)
    _refuse_other_data(target, real)
    where = report or (join(path, "report.html") if target.game is not None else None)
    if report is not None:
        _make_parent(report)
    keep = _recorder(target)
    evaluations: list[Evaluation] = []
    for at_step in _checkpoints(target, checkpoint):
        evaluation, evidence = evaluate(at_step, real)
        keep(evaluation)
        evaluations.append(evaluation)
    verdicts = check(requirements, evaluations[-1])
    history = _history(target)
    if where is not None:
        where = _write(where, _report(evidence, evaluations[-1], verdicts, history, command))
    return Outcome(evaluations, history, verdicts, where)


def _refuse_other_data(target: Target, real: references.Reference) -> None:
    """A generator is measured against the data that it was trained on, or against a --reference."""
    found = real.dataset.spec.fingerprint
    if target.data_fingerprint and target.data_fingerprint != found:
        raise ConfigError(
            f"TARGET: {target.name!r} was trained on other data than {real.source} is now "
            f"(fingerprints {target.data_fingerprint[:12]} and {found[:12]}); put the data back "
            "and leave data.* alone, or export it and give a --reference."
        )


def _make_parent(report: str) -> None:
    """The folder of the page, before anything is measured.

    Raises:
        ConfigError: when it cannot be made.
    """
    parent = os.path.dirname(report)
    try:
        if parent:
            tf.io.gfile.makedirs(parent)
    except (OSError, tf.errors.OpError) as error:
        raise ConfigError(
            f"--report: {report!r} cannot be written ({error}); give another path."
        ) from error


def _write(path: str, report: Report) -> str | None:
    """Writes the page and returns where; the numbers are worth more than the page."""
    try:
        write_atomically(path, html(report).encode())
    except (OSError, tf.errors.OpError) as error:
        logger.warning("%s cannot be written: %s", path, error)
        return None
    return path


def _checkpoints(target: Target, which: str) -> Iterator[Target]:
    """The target with each of its chosen checkpoints restored, one after the other."""
    if target.game is None:
        yield target
        return
    checkpoints = targets.checkpoints_of(target)
    kept = checkpoints.kept()
    if which == "all" and kept:
        chosen = [str(step) for step in kept]
    else:
        run = RunDirectory(target.name)
        chosen = [selection.choose(run, target.experiment, which, kept).which]
    for step in chosen:
        yield targets.at_step(target, checkpoints, step)


def _recorder(target: Target) -> Callable[[Evaluation], None]:
    """Adds evaluations of a run to it, unless it is being trained, which then writes there."""
    if target.game is None:
        return lambda evaluation: None
    run, checkpoints = RunDirectory(target.name), targets.checkpoints_of(target)

    def keep(evaluation: Evaluation) -> None:
        try:
            with run.locked():
                observer.record(run, checkpoints, evaluation.as_dict())
                run.sync()
        except (ConfigError, OSError, tf.errors.OpError) as error:
            logger.warning("The evaluation is not added to %s: %s", run.path, error)

    return keep


def _history(target: Target) -> list[Evaluation]:
    if target.game is None:
        return []
    return selection.history(RunDirectory(target.name).rows(selection.FILE))


def _report(
    evidence: Evidence,
    evaluation: Evaluation,
    verdicts: list[Verdict],
    history: list[Evaluation],
    command: str,
) -> Report:
    target = evidence.target
    rows: list[dict[str, Any]] = []
    if target.game is not None:
        rows = RunDirectory(target.name).rows("metrics.jsonl")
    return Report(
        evaluation=evaluation,
        verdicts=tuple(verdicts),
        pictures=tuple(gallery.grids(evidence)),
        neighbours=tuple(gallery.neighbours(evidence)),
        distance=f"features of {evidence.extractor.name}",
        classes=tuple(gallery.classes(evidence)),
        history=tuple(history),
        metric_rows=tuple(rows),
        config=to_yaml(target.experiment) if target.recipe else "",
        command=command,
    )
