"""Commands that train: a run, a run that goes on, the demonstration, the figures of theory."""

from pathlib import Path
from typing import Any

import click

from serving.json_output import json_option, print_json, say
from trainer.catalogue import require_own_modules
from trainer.commands.base import (
    SentenceCommand,
    experiment_options,
    hanging,
    look_at_data,
    on_terminal,
    set_option,
    start_tensorflow,
    with_data_dir,
)
from trainer.config.experiment import Experiment
from trainer.config.marked import marked_yaml
from trainer.config.places import (
    recorded_devices,
    require_demo,
    require_directory,
    require_inputs,
    require_own_data,
    require_run,
)
from trainer.config.recipe import load_experiment
from trainer.lab.figures import FIGURES, chosen, require_name
from trainer.run.supervisor import take_over


@click.command(cls=SentenceCommand)
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
        seen = look_at_data(experiment)
        say(as_json, _as_planned(experiment), f"{marked_yaml(experiment)}\n\n{seen}")
        return
    if not take_over(experiment.devices):
        require_inputs(experiment)
        require_directory("--run-dir", run_dir or f"runs/{experiment.name}")
    _say_what_takes_long(f"Training {experiment.name}")
    from trainer.training import train as train_run

    summary = train_run(experiment, run_dir or f"runs/{experiment.name}", progress=on_terminal())
    say(as_json, summary.as_dict(), summary.text)
    raise SystemExit(summary.exit_code)


@click.command(cls=SentenceCommand)
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


def _as_planned(experiment: Experiment) -> dict[str, Any]:
    """The resolved experiment as plain JSON values; null steps are as many as the epochs make."""
    values = experiment.as_dict()
    if experiment.train.epochs is not None:
        values["train"]["steps"] = None
    return values


@click.command(cls=SentenceCommand)
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


@click.command(cls=SentenceCommand)
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
        print_json([one.as_dict() for one in made])


def _say_what_takes_long(doing: str) -> None:
    """Starts TensorFlow, which takes seconds, and says so where somebody waits for it."""
    if on_terminal():
        click.echo(f"{doing}: starting TensorFlow …", err=True)
    start_tensorflow()
