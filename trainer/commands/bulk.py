"""Commands that generate in bulk, translate folders, and check what was written."""

from typing import Any

import click

from serving.bulk.command import PASSING_ON, checked, generate_options, summary
from serving.bulk.command import run as generate_in_bulk
from serving.bulk.translate import checked as checked_translation
from serving.bulk.translate import run as translate_in_bulk
from serving.bulk.translate import translate_options
from serving.json_output import json_option, say
from serving.versions import require_local_versions
from trainer.commands.base import SentenceCommand, on_terminal, start_tensorflow
from trainer.config.places import require_output


@click.command(cls=SentenceCommand, context_settings=PASSING_ON, extra="serve")
@generate_options
@json_option
@click.pass_context
def generate(context: click.Context, as_json: bool, **options: Any) -> None:
    """Write samples of an export to a directory; the same bytes every time.

    The same command again goes on where it stopped. With --runner, Apache Beam does the work, and
    every option that is not listed here is the runner's.

    \b
    Examples:
      gan generate models/pets --count 10000 --out pets
      gan generate models/pets --per-class 500 --out pets --format tfrecord
      gan generate models/pets --count 1000 --proportions cat=0.7,dog=0.3 --out pets
      gan generate models/pets --rows seeds.csv --out pets --format parquet
      gan generate models/pets --count 1000 --best-of 10000 --out pets
      gan generate models/pets --interpolate 1:2 --steps 16 --label cat --out way
    """  # noqa: D301 - click reads the \b as "do not wrap"
    out, options = options["out"], checked(options, context.args)
    start_tensorflow()
    manifest = generate_in_bulk(options, context.args, on_terminal())
    say(as_json, manifest, summary(manifest, out))


@click.command(cls=SentenceCommand, extra="serve")
@translate_options
@json_option
def translate(as_json: bool, **options: Any) -> None:
    """Take every picture below IN through an export, and write what comes of it.

    Pictures keep their names; captions, classes and scores become a table. The same command again
    goes on where it stopped.

    \b
    Examples:
      gan translate models/edges outlines --out filled
      gan translate models/zebras horses --signature translate_to_b --out zebras
      gan translate models/faces photos --signature complete --input mask=masks --out whole
      gan translate models/pets photos --signature caption --out captions
      gan translate models/digits scans --signature classify --out classes
    """  # noqa: D301 - click reads the \b as "do not wrap"
    out, options = options["out"], checked_translation(options)
    start_tensorflow()
    manifest = translate_in_bulk(options, on_terminal())
    say(as_json, manifest, summary(manifest, out))


@click.command(cls=SentenceCommand, extra="serve")
@click.argument("directory")
@click.option("--model", "model_dir", help="The export's directory: makes some samples again.")
@click.option("--share", default=0.01, show_default=True, help="Of the shards, to make again.")
@click.option("--classifier", help="Its SavedModel, where it chose the samples.")
@json_option
def verify(
    directory: str, model_dir: str | None, share: float, classifier: str | None, as_json: bool
) -> None:
    """Check what `gan generate` wrote to DIRECTORY, and with --model make some of it again."""
    require_output(directory)
    if model_dir:
        require_local_versions(model_dir)
    start_tensorflow()
    from serving import batch
    from serving.bulk import hardware

    hardware.use_one_thread()
    verdict = batch.verify(
        directory, model_dir, share=share, classifier=classifier, progress=on_terminal()
    )
    say(as_json, verdict.as_dict(), verdict.text)
    if not verdict.ok:
        raise SystemExit(1)
