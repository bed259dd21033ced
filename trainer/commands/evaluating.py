"""Commands that measure and compare."""

import click

from serving.json_output import json_option, say
from trainer.commands.base import (
    SentenceCommand,
    require_option,
    set_option,
    start_tensorflow,
    typed_command,
    with_data,
    with_data_dir,
)
from trainer.config.places import require_own_data, require_pairs, require_target


@click.command(cls=SentenceCommand)
@click.argument("target")
@click.option(
    "--reference",
    help="Real samples, such as folder:photos (all of them) or tfds:mnist:test; a run has its own.",
)
@click.option(
    "--reference-pairs",
    metavar="DIR",
    help="Instead of it, what each picture of the folder TARGET should be, under the same name.",
)
@click.option(
    "--data",
    metavar="SOURCE",
    help="Where the data of a run or an export lies now, such as folder:/new/photos.",
)
@click.option("--data-dir", help="Where prepared tensorflow-datasets lie.")
@click.option(
    "--checkpoint",
    default="last",
    show_default=True,
    help="Of a run: last, best, best:NUMBER, a step, or all that are kept.",
)
@require_option
@click.option("--report", help="Where the HTML page goes; default RUN_DIR/report.html, else none.")
@set_option
@json_option
def evaluate(
    target: str,
    reference: str | None,
    reference_pairs: str | None,
    data: str | None,
    data_dir: str | None,
    checkpoint: str,
    requirements: tuple[str, ...],
    report: str | None,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Measure how good TARGET is: a run, an export, or a file or folder of samples.

    \b
    Examples:
      gan evaluate runs/dcgan-mnist
      gan evaluate runs/dcgan-mnist --checkpoint all --require "fcd_10k<8"
      gan evaluate models/pets --set evaluate.num_samples=2000 --report pets.html
      gan evaluate samples.npz --reference tfds:mnist:test
      gan evaluate upscaled/ --reference-pairs originals/ --set "evaluate.metrics=[psnr, ssim]"
      gan evaluate models/pets --data folder:/new/photos
    """  # noqa: D301 - click reads the \b as "do not wrap"
    from trainer.evaluation.requirements import parse

    bounds = [parse(text) for text in requirements]
    require_target(target, reference, data)
    overrides = (*with_data(with_data_dir(overrides, data_dir), data),)
    if reference_pairs is not None:
        require_pairs(target, reference_pairs, reference, data)
    elif reference is None:
        require_own_data(target, overrides, "--data SOURCE")
    start_tensorflow()
    from trainer.evaluation.workflow import evaluate_path

    outcome = evaluate_path(
        target,
        overrides,
        reference=reference,
        truths=reference_pairs,
        checkpoint=checkpoint,
        requirements=bounds,
        report=report,
        command=typed_command(),
    )
    say(as_json, outcome.as_dict(), outcome.text)
    if not outcome.met:
        raise SystemExit(1)


@click.command(cls=SentenceCommand)
@click.argument("targets", nargs=-1, required=True)
@json_option
def compare(targets: tuple[str, ...], as_json: bool) -> None:
    """Put evaluated TARGETS side by side: runs, exports, or files of `gan evaluate --json`.

    Numbers of different protocols are refused.
    """
    from trainer.evaluation.comparison import compare_targets

    comparison = compare_targets(targets)
    say(as_json, comparison.as_dict(), comparison.render())
