"""`gan evaluate`: a path in; numbers, a page, a row in the run and the results of a gate out."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from trainer.config.recipe import to_yaml
from trainer.errors import ConfigError
from trainer.evaluation import gallery, observer, selection, table, targets
from trainer.evaluation import reference as references
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.evaluating import evaluate
from trainer.evaluation.report import Report, html
from trainer.evaluation.requirements import GateResult, Requirement, check
from trainer.evaluation.results import Evaluation
from trainer.evaluation.targets import Target
from trainer.files import join, write_atomically
from trainer.run.diagnosis import Diagnosis
from trainer.run.directory import RunDirectory

logger = logging.getLogger("saddlepoint")


@dataclass(frozen=True)
class Outcome:
    """What `evaluate_path` made.

    Attributes:
        evaluations: one a checkpoint; the last one is what gate and page are about.
        history: all evaluations of the run, these included; empty where there is no run.
        gate: one result a requirement.
        report: where the page lies; None where there is none.
    """

    evaluations: list[Evaluation]
    history: list[Evaluation]
    gate: list[GateResult]
    report: str | None

    @property
    def met(self) -> bool:
        """Whether every requirement is met."""
        return all(result.met for result in self.gate)

    def as_dict(self) -> dict[str, Any]:
        """The evaluation as plain JSON values; several as a list under "evaluations"."""
        rows = [evaluation.as_dict() for evaluation in self.evaluations]
        document = rows[0] if len(rows) == 1 else {"evaluations": rows}
        gate = [result.as_dict() for result in self.gate]
        return document | {"requirements": gate, "report": self.report}

    @property
    def text(self) -> str:
        """For a person."""
        lines = [table.render(self.evaluations[-1], self.history)]
        lines += [result.sentence for result in self.gate]
        return "\n\n".join([*lines, *([f"  report  {self.report}"] if self.report else [])])


def evaluate_path(
    path: str,
    overrides: Sequence[str] = (),
    *,
    reference: str | None = None,
    truths: str | None = None,
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
        truths: a folder of what each picture of a folder should be, by the names of files.
        checkpoint: of a run: last, best, best:NUMBER, a step, or all.
        requirements: to be checked.
        report: where an HTML page is written; null is report.html in a run, and none elsewhere.
        command: what the person typed, for the page.

    Raises:
        ConfigError: when target, reference, checkpoint or requirements cannot be.
        KeyboardInterrupt: when somebody interrupts it; the text says what is kept.
    """
    target = targets.open_target(path, overrides, reference=reference, truths=truths)
    if target.game is None and checkpoint != "last":
        raise ConfigError(
            f"--checkpoint: received {checkpoint!r}, but {path!r} is no run; leave it out."
        )
    evaluations: list[Evaluation] = []
    with _saying_what_is_kept(target, evaluations):
        real = target.pairs or references.load(target.experiment, target.trained_on)
        _refuse_other_data(target, real)
        where = report or (join(path, "report.html") if target.game is not None else None)
        if report is not None:
            _make_parent(report)
        keep = _recorder(target)
        for at_step in _checkpoints(target, checkpoint):
            evaluation, context = evaluate(at_step, real)
            keep(evaluation)
            evaluations.append(evaluation)
    gate = check(requirements, evaluations[-1])
    history = _history(target)
    if where is not None:
        where = _write(where, _report(context, evaluations[-1], gate, history, command))
    return Outcome(evaluations, history, gate, where)


@contextmanager
def _saying_what_is_kept(target: Target, evaluations: list[Evaluation]) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        again = "the same command begins again, with the real features that it has kept."
        if target.game is None or not evaluations:
            raise KeyboardInterrupt(f"Interrupted before all was measured; {again}") from None
        steps = ", ".join(str(evaluation.step) for evaluation in evaluations)
        raise KeyboardInterrupt(
            f"Interrupted: the evaluations of step {steps} are kept in {target.name}; ask for the "
            "others by --checkpoint STEP."
        ) from None


def _refuse_other_data(target: Target, real: references.Reference) -> None:
    """A generator is measured against the data that it was trained on, or against a --reference."""
    found = real.dataset.spec.fingerprint
    if not target.has_reference and target.trained_on != found:
        raise ConfigError(
            f"TARGET: {target.name!r} was trained on other data than {real.source} is now "
            f"(fingerprints {target.trained_on[:12]} and {found[:12]}); say by --data where its "
            "own data lies, and leave data.* alone, or export it and give a --reference."
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
    context: EvaluationContext,
    evaluation: Evaluation,
    gate: list[GateResult],
    history: list[Evaluation],
    command: str,
) -> Report:
    target = context.target
    rows: list[dict[str, Any]] = []
    advice: list[str] = []
    if target.game is not None:
        run = RunDirectory(target.name)
        rows = run.rows("metrics.jsonl")
        diagnosis = Diagnosis(target.experiment, target.game.live.spec)
        advice = [sentence for row in rows for sentence in diagnosis.look(row)]
    return Report(
        evaluation=evaluation,
        gate=tuple(gate),
        pictures=tuple(gallery.grids(context)),
        texts=gallery.texts(context),
        neighbours=tuple(gallery.neighbours(context)),
        distance=f"features of {context.extractor.name}",
        classes=tuple(gallery.classes(context)),
        quiz=gallery.quiz(context),
        history=tuple(history),
        metric_rows=tuple(rows),
        advice=tuple(advice),
        config=to_yaml(target.experiment) if target.recipe else "",
        command=command,
    )
