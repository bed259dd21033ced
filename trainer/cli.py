"""The `gan` command: every command that it has."""

from importlib.metadata import version

import click

from trainer.commands import bulk, evaluating, recipes, serving, training
from trainer.commands.base import SentenceGroup
from trainer.submit.command import submit


@click.group(cls=SentenceGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("saddlepoint"), prog_name="saddlepoint")
def main() -> None:
    """Saddlepoint: train GANs, export them, serve them."""


for _command in (
    recipes.recipes,
    recipes.init,
    training.train,
    training.resume,
    training.demo,
    training.lab,
    submit,
    evaluating.evaluate,
    evaluating.compare,
    serving.export,
    serving.serve,
    serving.call,
    bulk.generate,
    bulk.translate,
    bulk.verify,
):
    main.add_command(_command)


if __name__ == "__main__":
    main()
