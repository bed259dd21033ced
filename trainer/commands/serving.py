"""Commands that export, serve, and call what is served."""

from typing import Any

import click

from serving.errors import UsageError
from serving.extras import require_grpc
from serving.json_output import json_option, say
from serving.server.command_line import ENGINES, TfServingFlags, become_tf_serving, server_flags
from serving.server.options import ServerOptions
from serving.versions import require_local_versions
from trainer.commands.base import SentenceCommand, set_option, start_tensorflow
from trainer.config.places import require_directory, require_run


@click.command(cls=SentenceCommand)
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


@click.command(cls=_ServeCommand, extra="serve")
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
        if as_json:
            raise UsageError(f"json: {engine} says nothing in JSON; leave it out.")
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


@click.command(cls=SentenceCommand, extra="serve")
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
