"""The command line of bulk generation, for `gan generate` and `python -m serving.batch` alike."""

import sys
from collections.abc import Callable
from typing import Any

import click

from serving.bulk import formats
from serving.bulk.endings import check_folder
from serving.errors import ServingError, UsageError
from serving.json_output import json_option, say
from serving.versions import require_local_versions

# What a runner knows is passed on to it as it stands.
PASSING_ON = {"ignore_unknown_options": True, "allow_extra_args": True}
_COUNTED = ("per_class", "rows", "captions", "interpolate")  # each says how many by itself
INTERRUPTED = 130  # the exit code of what Ctrl-C ended, as shells have it

_OPTIONS = (
    click.argument("model_dir"),
    click.option("--count", type=int, help="How many samples."),
    click.option("--out", required=True, help="Where they go: a folder, also gs://…."),
    click.option("--version", type=int, help="Export to use; default the newest."),
    click.option("--format", type=click.Choice(formats.NAMES), help="Default by the samples."),
    click.option("--compression", help="Within the format: deflate, gzip, zstd, … or none."),
    click.option("--seed", default=0, show_default=True, help="Sample i has seed SEED + i."),
    click.option("--label", help="Class of every sample, or all; default by the data's shares."),
    click.option("--label-index", type=int, help="Its number, whatever the classes are called."),
    click.option("--text", help="What every sample is to show, for models of text."),
    click.option("--attribute", multiple=True, metavar="NAME=NUMBER", help="Of every sample."),
    click.option("--code", multiple=True, metavar="NAME=NUMBER", help="A part of every latent."),
    click.option("--per-class", type=int, metavar="N", help="N of every class."),
    click.option("--proportions", metavar="LABEL=SHARE,…", help="COUNT split by these shares."),
    click.option("--rows", metavar="FILE", help="A .csv or .parquet: seed and condition a sample."),
    click.option("--signature", help="What --rows go through; default generate_conditional."),
    click.option("--captions", metavar="FILE", help="A caption a line, for models of text."),
    click.option("--grid", multiple=True, metavar="CODE=V,V", help="Every combination per seed."),
    click.option("--interpolate", multiple=True, metavar="A:B", help="The way between two seeds."),
    click.option("--steps", default=8, show_default=True, help="Samples on each way."),
    click.option("--min-realism", type=float, help="Keep samples with at least this score."),
    click.option("--classifier", metavar="DIR", help="SavedModel that --min-confidence asks."),
    click.option("--min-confidence", type=float, help="Keep samples of which it is so sure."),
    click.option("--best-of", type=int, metavar="N", help="Keep the COUNT most real ones of N."),
    click.option("--rows-per-shard", type=int, help="Samples per shard; default by the whole."),
    click.option("--batch-size", type=int, help="Rows per call of the model; default by a try."),
    click.option("--workers", type=int, help="Processes; default one a core, 0 none."),
    click.option(
        "--runner",
        help="A Beam runner, such as DaskRunner, or its class; with its own options.",
    ),
)


def generate_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """MODEL_DIR and the options of `gan generate`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def checked(options: dict[str, Any], runner_options: list[str]) -> dict[str, Any]:
    """Returns the values of `generate_options` as `run` takes them, without TensorFlow.

    Raises:
        UsageError: an option is wrong, whatever the model, or there is no model.
        click.UsageError: one is missing or unknown.
    """
    if runner_options and options["runner"] is None:
        # What click would say, had it not been told to let others' options pass.
        raise click.NoSuchOption(runner_options[0].partition("=")[0])
    _require_count(options)
    for name in ("count", "per_class", "rows_per_shard", "batch_size"):
        if options[name] is not None and options[name] < 1:
            raise UsageError(f"{name}: received {options[name]}; expected 1 or more.")
    check_folder(options["out"])
    options = dict(options)
    index = options.pop("label_index")
    if index is not None and options["label"] is not None:
        raise UsageError("label: received a label and a label_index; pass one of them.")
    if index is not None:
        options["label"] = index
    options |= {
        "attributes": _attributes(options.pop("attribute")),
        "proportions": _proportions(options["proportions"]),
        "grid": _grid((*options["grid"], *options.pop("code"))),
        "interpolate": _pairs(options["interpolate"]),
    }
    require_local_versions(options["model_dir"])
    return options


def run(options: dict[str, Any], runner_options: list[str], progress: bool) -> dict[str, Any]:
    """Generates by the values that `checked` returns, and returns the manifest.

    Raises:
        UsageError: an option is wrong.
        ServingError: the run failed.
    """
    # TensorFlow comes with these.
    from serving.bulk import hardware
    from serving.bulk.driver import generate
    from serving.bulk.execution import ExecutionOptions

    hardware.use_one_thread()

    options = dict(options)
    workers, runner = options.pop("workers"), options.pop("runner")
    execution = ExecutionOptions(workers, runner, tuple(runner_options), progress)
    return generate(options.pop("model_dir"), options.pop("out"), execution=execution, **options)


def summary(manifest: dict[str, Any], out: str) -> str:
    """What came of it, for people."""
    count = manifest["count"]
    text = f"Wrote {count} {'sample' if count == 1 else 'samples'} to {out}"
    if "share" in manifest:
        text += f", {100 * manifest['share']:.1f} % of {manifest['drawn']} drawn"
    return text


@click.command(context_settings={**PASSING_ON, "help_option_names": ["-h", "--help"]})
@generate_options
@json_option
@click.pass_context
def main(context: click.Context, as_json: bool, **options: Any) -> None:
    """Write samples of an export to a directory, as `gan generate` does."""
    out = options["out"]
    try:
        options = checked(options, context.args)
        manifest = run(options, context.args, sys.stderr.isatty())
        say(as_json, manifest, summary(manifest, out))
    except (UsageError, ServingError) as error:
        click.echo(f"serving.batch: {error}", err=True)
        raise SystemExit(2 if isinstance(error, UsageError) else 1) from error
    except KeyboardInterrupt as error:
        click.echo(f"serving.batch: {error}", err=True)
        raise SystemExit(INTERRUPTED) from error


def _require_count(options: dict[str, Any]) -> None:
    if options["count"] is None and not any(options[name] for name in _COUNTED):
        others = ", ".join(f"'--{name.replace('_', '-')}'" for name in _COUNTED)
        raise click.UsageError(f"Missing option '--count', or one of {others}: how many samples?")


def _proportions(text: str | None) -> dict[str, float] | None:
    if text is None:
        return None
    shares: dict[str, float] = {}
    for part in text.split(","):
        label, sign, share = part.rpartition("=")
        number = _number(share)
        if not sign or number is None or label.strip() in shares:
            raise UsageError(
                f"proportions: {part!r} is no LABEL=SHARE of its own; write cat=0.7,dog=0.3."
            )
        shares[label.strip()] = number
    return shares


def _attributes(texts: tuple[str, ...]) -> dict[str, float] | None:
    found: dict[str, float] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        number = _number(value)
        if not sign or number is None or name in found:
            raise UsageError(
                f"attribute: {text!r} is no NAME=NUMBER of its own; write smile=1, each name once."
            )
        found[name] = number
    return found or None


def _grid(texts: tuple[str, ...]) -> dict[str, list[float]] | None:
    grid: dict[str, list[float]] = {}
    for text in texts:
        name, sign, values = text.partition("=")
        numbers = [_number(value) for value in values.split(",")]
        if not sign or None in numbers or name in grid:
            raise UsageError(
                f"code: {text!r} is no CODE=NUMBER, nor CODE=NUMBER,NUMBER,… of a grid; write "
                "codes.0=1.5, each code once."
            )
        grid[name] = [number for number in numbers if number is not None]
    return grid or None


def _pairs(texts: tuple[str, ...]) -> list[tuple[int, int]] | None:
    pairs = []
    for text in texts:
        try:
            a, b = map(int, text.split(":"))
        except ValueError as error:
            raise UsageError(f"interpolate: {text!r} is no SEED:SEED; write 1:2.") from error
        pairs.append((a, b))
    return pairs or None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
