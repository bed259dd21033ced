"""The cloud training job: `python -m trainer.task RECIPE`, restartable by the same command.

On Vertex AI, which sets AIP_CHECKPOINT_DIR and AIP_MODEL_DIR, the run directory is the parent of
the first and the export goes to version 1 of the second.
"""

import logging
import os
from collections.abc import Iterator, Sequence

import click

from serving.bulk.command import PASSING_ON
from serving.json_output import json_option, say
from trainer.commands.base import (
    SentenceCommand,
    experiment_options,
    require_option,
    start_tensorflow,
    with_data_dir,
)
from trainer.config.places import require_directory, require_inputs
from trainer.config.recipe import load_experiment
from trainer.errors import RESTART, ConfigError
from trainer.evaluation.requirements import Requirement, parse, require_measured
from trainer.run.supervisor import take_over
from trainer.submit import hypertune

logger = logging.getLogger("saddlepoint")


@click.command(cls=SentenceCommand, context_settings=PASSING_ON)
@experiment_options
@click.option("--run-dir", help="Default: the parent of AIP_CHECKPOINT_DIR, else runs/RECIPE.")
@click.option("--model-dir", help="Where to export at the end; default: AIP_MODEL_DIR, else none.")
@click.option("--checkpoint", default="last", show_default=True, help="What to export; see gan.")
@require_option
@click.option("--tune", metavar="NUMBER", help="Evaluate, and tell Vertex AI's tuner this number.")
@json_option
@click.pass_context
def main(
    context: click.Context,
    recipe: str,
    data_dir: str | None,
    overrides: tuple[str, ...],
    run_dir: str | None,
    model_dir: str | None,
    checkpoint: str,
    requirements: tuple[str, ...],
    tune: str | None,
    as_json: bool,
) -> None:
    """Train RECIPE as a cloud job, going on from where an earlier start was cut off.

    With --require the run is evaluated before it is exported, and a run that falls short is not. A
    job that is told to stop ends with the exit code of one that is to be started again.

    A field of the recipe may also be an option, as a tuner appends what it tries:
    --train.batch_size=32 is --set train.batch_size=32.
    """
    if checkpoint == "all":
        raise ConfigError("--checkpoint: received 'all', but one checkpoint is exported; name it.")
    bounds = [parse(text) for text in requirements]
    overrides = (*overrides, *_fields(context.args))
    run_dir = run_dir or run_dir_of_job()
    experiment = load_experiment(recipe, with_data_dir(overrides, data_dir), run_dir)
    run_dir = run_dir or f"runs/{experiment.name}"
    model_dir = model_dir or os.environ.get("AIP_MODEL_DIR", "")
    for bound in bounds:
        require_measured(bound.name, "--require", experiment)
    if tune is not None:
        require_measured(tune, "--tune", experiment)
    if not take_over(experiment.devices):
        require_inputs(experiment)
        require_directory("--run-dir", run_dir)
        require_directory("--model-dir", model_dir)
    start_tensorflow()
    from trainer.exporting import export_run, is_version_whole
    from trainer.training import train

    summary = train(experiment, run_dir, progress=False)
    say(as_json, summary.as_dict(), summary.text)
    # Only the last start of a job goes on from here, and of several workers only the chief.
    if summary.ended_by == "signal":
        raise SystemExit(RESTART)
    if summary.worker:
        return
    if bounds or tune:
        checkpoint = _judge(bounds, tune, run_dir, with_data_dir((), data_dir), checkpoint)
    if model_dir and not is_version_whole(model_dir, 1):
        export_run(run_dir, model_dir, checkpoint)


def _fields(arguments: Sequence[str]) -> Iterator[str]:
    """The `KEY=VALUE` of options that are fields of the recipe."""
    for argument in arguments:
        if not argument.startswith("--") or "=" not in argument:
            raise ConfigError(
                f"{argument}: no such option; --help lists them, and a field of the recipe is "
                "written --FIELD=VALUE, such as --train.steps=2000."
            )
        yield argument.removeprefix("--")


def _judge(
    bounds: Sequence[Requirement],
    tune: str | None,
    run_dir: str,
    overrides: Sequence[str],
    checkpoint: str,
) -> str:
    """Evaluates the run, tells the tuner, and ends with 1 when a requirement is not met.

    Returns:
        the step that was evaluated: what is exported is what was judged.
    """
    from trainer.evaluation.workflow import evaluate_path

    outcome = evaluate_path(run_dir, overrides, checkpoint=checkpoint, requirements=bounds)
    if tune is not None:
        hypertune.report(tune, outcome.evaluations[-1])
    for result in outcome.gate:
        logger.info(result.sentence)
    if not outcome.met:
        raise SystemExit(1)
    return str(outcome.evaluations[-1].step)


def run_dir_of_job() -> str | None:
    """The parent of AIP_CHECKPOINT_DIR, where the environment has it."""
    checkpoints = os.environ.get("AIP_CHECKPOINT_DIR", "").rstrip("/")
    return checkpoints.rpartition("/")[0] or None


if __name__ == "__main__":
    main()
