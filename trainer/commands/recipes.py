"""Commands that show recipes and write the first one."""

import click

from serving.json_output import json_option, say
from trainer.commands.base import SentenceCommand, hanging, start_tensorflow
from trainer.config.recipe import load_experiment, recipe_chapters, recipe_names, recipe_text
from trainer.errors import ConfigError


@click.command(cls=SentenceCommand)
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


@click.command(cls=SentenceCommand)
@click.argument("data")
@click.option("--out", metavar="RECIPE.yaml", help="Where it goes; default DATA's name, here.")
@click.option("--data-dir", help="Where prepared tensorflow-datasets lie.")
@json_option
def init(data: str, out: str | None, data_dir: str | None, as_json: bool) -> None:
    """Look at DATA and write a recipe that fits: a start for training on it.

    DATA is a folder of pictures (its subfolders may be the classes), an .npz file of arrays, a
    table (.csv, .parquet), lines of text (.txt), a FASTA file, a file of SMILES (.smi), tfds:NAME,
    or a source with its options, as a recipe has it.

    \b
    Examples:
      gan init photos
      gan init faces.npz --out recipes/faces.yaml
      gan init clients.csv
      gan init '{name: table, path: clients.csv, delimiter: ;, leave_out: [id]}'
      gan init tfds:mnist --data-dir ~/tensorflow_datasets
    """  # noqa: D301 - click reads the \b as "do not wrap"
    if data.startswith("tfds:"):
        start_tensorflow()
    from trainer.data.first_recipe import write_first_recipe

    path, recipe = write_first_recipe(data, out, data_dir)
    say(as_json, {"recipe": path, "seen": dict(recipe.seen)}, recipe.report(path))
