"""The command line of a folder that goes through a model: `gan translate`."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from serving.bulk import formats
from serving.bulk.endings import check_folder
from serving.errors import UsageError
from serving.versions import require_local_versions

_OPTIONS = (
    click.argument("model_dir"),
    click.argument("folder", metavar="IN"),
    click.option("--out", required=True, help="Where the results go: a folder, also gs://…."),
    click.option("--signature", help="What the files go through; default translate."),
    click.option("--seed", default=0, show_default=True, help="File i has seed SEED + i."),
    click.option(
        "--input",
        "inputs",
        multiple=True,
        metavar="NAME=VALUE",
        help="What else it takes: a folder of the same names, or one file or value for all.",
    ),
    click.option("--tile", type=int, help="Side of the tiles that larger pictures are cut into."),
    click.option("--overlap", type=int, help="Lines that tiles share; default by the model."),
    click.option("--version", type=int, help="Export to use; default the newest."),
    click.option("--format", type=click.Choice(formats.NAMES), help="Default by the results."),
    click.option("--compression", help="Within the format: deflate, gzip, zstd, … or none."),
    click.option("--rows-per-shard", type=int, help="Files per shard; default by the whole."),
    click.option("--batch-size", type=int, help="Rows per call of the model; default by a try."),
    click.option("--workers", type=int, help="Processes; default one a core, 0 none."),
)


def translate_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """MODEL_DIR, IN and the options of `gan translate`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def checked(options: dict[str, Any]) -> dict[str, Any]:
    """Returns the values of `translate_options` as `run` takes them, without TensorFlow.

    Raises:
        UsageError: an option is wrong, whatever the model, or there is no model.
    """
    check_folder(options["out"])
    options = options | {"inputs": _named(options["inputs"])}
    require_local_versions(options["model_dir"])
    return options


def run(options: dict[str, Any], progress: bool) -> dict[str, Any]:
    """Takes a folder through a model by the values that `checked` returns; the manifest.

    Raises:
        UsageError: an option is wrong.
        ServingError: the run failed.
    """
    options = dict(options)
    # TensorFlow comes with these.
    from serving.batch import ExecutionOptions, generate
    from serving.bulk import hardware

    hardware.use_one_thread()
    execution = ExecutionOptions(options.pop("workers"), progress=progress)
    model_dir, out = options.pop("model_dir"), options.pop("out")
    return generate(model_dir, out, execution=execution, files=options.pop("folder"), **options)


def _named(texts: Sequence[str]) -> dict[str, str]:
    named: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not (name and sign) or name in named:
            raise UsageError(f"input: {text!r} is no NAME=VALUE of its own; write label=cat.")
        named[name] = value
    return named
