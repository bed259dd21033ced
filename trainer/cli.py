"""The `gan` command: reads flags, calls the library, prints what came of it."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from serving.bulk.command import PASSING_ON, checked, generate_options, summary
from serving.bulk.command import run as generate_in_bulk
from serving.bulk.translate import checked as checked_translation
from serving.bulk.translate import run as translate_in_bulk
from serving.bulk.translate import translate_options
from serving.extras import require_grpc
from serving.server.command_line import ENGINES, TfServingFlags, become_tf_serving, server_flags
from serving.server.options import ServerOptions
from serving.versions import require_local_versions
from trainer.catalogue import require_own_modules
from trainer.commands import (
    SentenceCommand,
    SentenceGroup,
    experiment_options,
    hanging,
    json_option,
    look_at_data,
    on_terminal,
    require_option,
    say,
    set_option,
    start_tensorflow,
    typed_command,
    with_data,
    with_data_dir,
)
from trainer.config.experiment import Experiment
from trainer.config.marked import marked_yaml
from trainer.config.places import (
    recorded_devices,
    require_demo,
    require_directory,
    require_inputs,
    require_output,
    require_own_data,
    require_pairs,
    require_run,
    require_target,
)
from trainer.config.recipe import (
    load_experiment,
    recipe_chapters,
    recipe_names,
    recipe_text,
)
from trainer.errors import ConfigError
from trainer.lab.figures import FIGURES, chosen, require_name
from trainer.run.supervisor import take_over
from trainer.submit.command import submit


@click.group(cls=SentenceGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("saddlepoint"), prog_name="saddlepoint")
def main() -> None:
    """Saddlepoint: train GANs, export them, serve them."""


@main.command()
@click.argument("name", required=False)
@json_option
def recipes(name: str | None, as_json: bool) -> None:
    """List every recipe by chapter, one line each; with NAME print that one."""
    if name is not None:
        if name not in recipe_names():
            raise ConfigError(f"NAME: received {name!r}; accepted are {', '.join(recipe_names())}.")
        experiment = load_experiment(name)
        say(as_json, experiment.as_dict(), recipe_text(name).rstrip())
        return
    lines = {name: load_experiment(name).description for name in recipe_names()}
    width = max(map(len, lines))
    blocks = [
        "\n".join([heading, *(hanging(f"  {name:{width}}  ", lines[name]) for name in names)])
        for heading, names in recipe_chapters().items()
    ]
    say(as_json, lines, "\n\n".join(blocks))


@main.command()
@click.argument("data")
@click.option("--out", metavar="RECIPE.yaml", help="Where it goes; default DATA's name, here.")
@click.option("--data-dir", help="Where prepared tensorflow-datasets lie.")
@json_option
def init(data: str, out: str | None, data_dir: str | None, as_json: bool) -> None:
    """Look at DATA and write a recipe that fits: a start for training on it.

    DATA is a folder of pictures (its subfolders may be the classes), an .npz file of arrays, a
    table (.csv, .parquet), lines of text (.txt), a FASTA file, a file of SMILES (.smi), or
    tfds:NAME.

    \b
    Examples:
      gan init photos
      gan init faces.npz --out recipes/faces.yaml
      gan init clients.csv
      gan init tfds:mnist --data-dir ~/tensorflow_datasets
    """  # noqa: D301 - click reads the \b as "do not wrap"
    if data.startswith("tfds:"):
        start_tensorflow()
    from trainer.data.first_recipe import write_first_recipe

    path, recipe = write_first_recipe(data, out, data_dir)
    say(as_json, {"recipe": path, "seen": dict(recipe.seen)}, recipe.report(path))


@main.command()
@experiment_options
@click.option("--run-dir", help="Where the run is written; default runs/NAME.")
@click.option("--dry-run", is_flag=True, help="Print every field, look at the data, and stop.")
@json_option
def train(
    recipe: str,
    data_dir: str | None,
    overrides: tuple[str, ...],
    run_dir: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Train RECIPE, a name that `gan recipes` lists or a YAML file.

    The same command again goes on where it stopped.

    \b
    Examples:
      gan train cgan-digits
      gan train dcgan-mnist --data-dir ~/tensorflow_datasets --set train.steps=20000
      gan train mine.yaml --set data.source=folder:photos --set data.size=[64,64]
    """  # noqa: D301 - click reads the \b as "do not wrap"
    experiment = load_experiment(recipe, with_data_dir(overrides, data_dir), run_dir)
    require_own_modules(experiment)
    if dry_run:
        say(as_json, _as_planned(experiment), marked_yaml(experiment))
        look_at_data(experiment, as_json)
        return
    if not take_over(experiment.devices):
        require_inputs(experiment)
        require_directory("--run-dir", run_dir or f"runs/{experiment.name}")
    _say_what_takes_long(f"Training {experiment.name}")
    from trainer.training import train as train_run

    summary = train_run(experiment, run_dir or f"runs/{experiment.name}", progress=on_terminal())
    say(as_json, summary.as_dict(), summary.text)
    raise SystemExit(summary.exit_code)


def _as_planned(experiment: Experiment) -> dict[str, Any]:
    """The resolved experiment as plain JSON values; null steps are as many as the epochs make."""
    values = experiment.as_dict()
    if experiment.train.epochs is not None:
        values["train"]["steps"] = None
    return values


def _say_what_takes_long(doing: str) -> None:
    """Starts TensorFlow, which takes seconds, and says so where somebody waits for it."""
    if on_terminal():
        click.echo(f"{doing}: starting TensorFlow …", err=True)
    start_tensorflow()


main.add_command(submit)


@main.command()
@click.argument("run_dir")
@set_option
@json_option
def resume(run_dir: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Go on with the run in RUN_DIR, with the settings that it recorded.

    What --set may change: train.steps or train.epochs (upwards), run.*, evaluate.*, devices.*,
    and paths.

    \b
    Examples:
      gan resume runs/pets
      gan resume runs/pets --set train.steps=100000
    """  # noqa: D301 - click reads the \b as "do not wrap"
    require_run(run_dir, overrides)
    if not take_over(recorded_devices(run_dir, overrides)):
        require_own_data(run_dir, overrides, "--set data.source=SOURCE")
    _say_what_takes_long(f"Resuming {run_dir}")
    from trainer.training import resume as resume_run

    summary = resume_run(run_dir, overrides, progress=on_terminal())
    say(as_json, summary.as_dict(), summary.text)
    raise SystemExit(summary.exit_code)


@main.command()
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


@main.command()
@click.argument("targets", nargs=-1, required=True)
@json_option
def compare(targets: tuple[str, ...], as_json: bool) -> None:
    """Put evaluated TARGETS side by side: runs, exports, or files of `gan evaluate --json`.

    Numbers of different protocols are refused.
    """
    from trainer.evaluation.comparison import compare_targets

    comparison = compare_targets(targets)
    say(as_json, comparison.as_dict(), comparison.render())


@main.command()
@click.argument("run_dir")
@click.option("--to", "to", required=True, help="Model directory; a numbered version is added.")
@click.option(
    "--checkpoint",
    default="last",
    show_default=True,
    help="last, a step, best (by evaluate.best of the recipe), or best:NUMBER such as best:recall.",
)
@click.option(
    "--mix",
    metavar="WHERE=SHARE",
    help="A share of the weights is another checkpoint's: of a step that is kept, or of a run.",
)
@set_option
@json_option
def export(
    run_dir: str,
    to: str,
    checkpoint: str,
    mix: str | None,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write RUN_DIR's generator as a SavedModel that TF Serving loads.

    What --set may change: export.*, such as the searches that the model offers.

    \b
    Examples:
      gan export runs/faces --to models/faces
      gan export runs/faces --to models/faces-searches --set export.searches=[project,complete]
      gan export runs/larger --to models/larger --mix runs/larger-pixels=0.2
    """  # noqa: D301 - click reads the \b as "do not wrap"
    require_run(run_dir)
    require_directory("--to", to)
    start_tensorflow()
    from trainer.exporting import export_run

    exported = export_run(run_dir, to, checkpoint, overrides, mix=mix)
    say(
        as_json,
        exported._asdict(),
        f"Exported {exported.path}: step {exported.step}, {exported.reason}.\n"
        f"  next  gan serve {to}",
    )


class _ServeCommand(TfServingFlags, SentenceCommand):
    """Flags as TF Serving spells them, errors as every command of ours words them."""


@main.command(cls=_ServeCommand, extra="serve")
@click.argument("model_dir", required=False, default="")
@server_flags
@click.option(
    "--engine",
    default=ENGINES[0],
    show_default=True,
    type=click.Choice(ENGINES),
    help="What serves: this package, or the real binary with the same flags.",
)
@json_option
@click.pass_context
def serve(ctx: click.Context, model_dir: str, engine: str, as_json: bool, **values: Any) -> None:
    """Serve the newest version in MODEL_DIR over gRPC and REST, as TF Serving does.

    \b
    Examples:
      gan serve models/pets --web
      gan serve models/pets --enable_batching --batching_parameters_file=batching.txt
      gan serve --model_config_file=models.txt --host 0.0.0.0 --api_key_env KEY
    """  # noqa: D301 - click reads the \b as "do not wrap"
    values["model_base_path"] = model_dir or values["model_base_path"]
    if engine != ENGINES[0]:
        become_tf_serving(ctx, values)
    # All of these refuse at once what TensorFlow would take seconds to get to.
    server_options = ServerOptions(**values)
    server_options.require_models()
    server_options.require_files()
    if values["model_base_path"]:
        require_local_versions(values["model_base_path"])
    start_tensorflow()
    from serving import server

    def announce(started: server.Server) -> None:
        ports = {"port": started.port, "rest_api_port": started.rest_api_port}
        say(as_json, ports, started.greeting)

    server.serve(on_start=announce, **values)


@main.command(extra="serve")
@click.argument("host")
@click.option("--model", help="Name of the served model; default the only one there is.")
@click.option("--version", "model_version", type=int, help="Version to ask; default the newest.")
@click.option("--label-name", help="Version label to ask, such as stable.")
@click.option("--signature", help="Default generate, with --label generate_conditional.")
@click.option("--seed", "seeds", type=int, multiple=True, help="May be repeated; default 0.")
@click.option(
    "--label", "labels", multiple=True, help="Name or number, one for all or one a row; or all."
)
@click.option("--label-index", "label_indices", type=int, multiple=True, help="Number alone.")
@click.option("--text", "texts", multiple=True, help="One for all or one a row.")
@click.option("--count", type=int, help="How many samples, with seeds from --seed on.")
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=VALUE",
    help="An input: a picture or .npy file, a name, a number or a text.",
)
@click.option("--code", "codes", multiple=True, metavar="NAME=NUMBER", help="A part of latents.")
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="NAME=NUMBER",
    help="An attribute of all; others are the data's means.",
)
@click.option("--out", help="A folder, or a .png, .npz, .npy or .csv file.")
@click.option("--timeout", default=30.0, show_default=True, help="Seconds.")
@click.option("--ca-certificate", help="PEM file of who vouches for the server.")
@click.option("--client-certificate", help="PEM file, where the server asks who calls.")
@click.option("--client-key", help="PEM file of its private key.")
@click.option("--api-key", envvar="SADDLEPOINT_API_KEY", help="Or in SADDLEPOINT_API_KEY.")
@json_option
def call(
    host: str,
    model: str | None,
    model_version: int | None,
    label_name: str | None,
    signature: str | None,
    seeds: tuple[int, ...],
    labels: tuple[str, ...],
    label_indices: tuple[int, ...],
    texts: tuple[str, ...],
    count: int | None,
    inputs: tuple[str, ...],
    codes: tuple[str, ...],
    attributes: tuple[str, ...],
    out: str | None,
    timeout: float,
    as_json: bool,
    **access: Any,
) -> None:
    """Ask the model behind HOST, an address that `gan serve` prints: gRPC's or REST's.

    \b
    Examples:
      gan call localhost:8500 --seed 1 --label cat --out cat.png
      gan call http://localhost:8501/v1/models/pets --count 100 --out pets/
      gan call https://gan.example.org --signature latents --seed 1 --seed 2 --json
      gan call localhost:8500 --signature score --input image=image.png --label 3
      gan call localhost:8500 --signature translate --input image=a.png --out b.png
      gan call localhost:8500 --signature classify --input image=a.png --input image=b.png
      gan call localhost:8500 --text "a red bird" --count 4 --out birds/
      gan call localhost:8500 --seed 1 --code tilt=0.5 --out tilted.npy
      gan call localhost:8500 --seed 1 --attribute smile=1 --count 4 --out smiles/
      gan call localhost:8500 --signature describe
    """  # noqa: D301 - click reads the \b as "do not wrap"
    from serving import call as calling

    request = calling.Request(
        signature,
        seeds,
        labels,
        label_indices,
        texts,
        count,
        calling.named("--input", inputs),
        calling.named("--code", codes),
        calling.named("--attribute", attributes),
        out,
    )
    if not host.startswith(("http://", "https://")):
        require_grpc()
        start_tensorflow()
    with calling.client_for(
        host, model, version=model_version, version_label=label_name, timeout=timeout, **access
    ) as client:
        response = calling.ask(client, request)
    say(as_json, response.as_dict(), response.text)


@main.command(context_settings=PASSING_ON, extra="serve")
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


@main.command(extra="serve")
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


@main.command(extra="serve")
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


@main.command()
@click.option("--dir", "folder", default="demo", show_default=True, type=Path)
@set_option
@json_option
def demo(folder: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Do all of it on the built-in digits: train, export, serve, call, measure."""
    load_experiment("cgan-digits", overrides)  # refuses at once what is wrong in an override
    require_demo(folder)
    start_tensorflow()
    from trainer.demo import run_demo

    report = run_demo(folder, overrides, progress=on_terminal())
    say(as_json, report.as_dict(), report.text)


@main.command()
@click.argument("name", required=False)
@click.option("--out", metavar="DIR", help="Where the files go; default lab, here.")
@json_option
def lab(name: str | None, out: str | None, as_json: bool) -> None:
    """Draw the figure NAME of the theory, played by the library's own losses; without it list them.

    It writes NAME.png, NAME.svg and the numbers behind them, NAME.json, into DIR. A figure takes up
    to a minute, all of them a few minutes. docs/theory.md explains each.

    \b
    Examples:
      gan lab
      gan lab dirac
      gan lab all --out figures
    """  # noqa: D301 - click reads the \b as "do not wrap"
    if name is None:
        require_name(out)
        shown = {figure: entry.shows for figure, entry in FIGURES.items()}
        width = max(map(len, shown))
        lines = (hanging(f"{figure:{width}}  ", line) for figure, line in shown.items())
        say(as_json, shown, "\n".join(lines))
        return
    names, folder = chosen(name), out or "lab"
    require_directory("--out", folder)
    _say_what_takes_long(f"Drawing {', '.join(names)}")
    from trainer.lab.writing import make

    made = []
    for figure in names:
        made.append(make(figure, folder))
        if not as_json:
            click.echo(made[-1].text)
    if as_json:
        click.echo(json.dumps([one.as_dict() for one in made]))


if __name__ == "__main__":
    main()
