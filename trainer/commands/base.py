"""What every command line of the project shares: options, and errors as one sentence."""

import json
import logging
import os
import shlex
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import click

from serving import extras
from serving.bulk.command import INTERRUPTED
from serving.errors import RequestError, ServingError, UsageError
from trainer.config.experiment import Experiment
from trainer.errors import RESTART, ConfigError, RunError, WorkerLostError


class SentenceCommand(click.Command):
    """Ends in a sentence and an exit code.

    It is 2 for usage and configuration errors, 1 for failures, 130 after Ctrl-C, and `RESTART` for
    a worker that has lost the others. `extra` is the part of the package that the command asks for
    (`serving.extras`).
    """

    def __init__(self, *args: Any, extra: str = "train", **kwargs: Any) -> None:
        """Takes what click's command takes, and the extra."""
        super().__init__(*args, **kwargs)
        self.extra = extra

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command with logging set up."""
        _prepare_logging()
        try:
            return super().invoke(ctx)
        except (ConfigError, UsageError) as error:
            raise _UsageSentence(str(error)) from error
        except (RunError, ServingError, RequestError) as error:
            raise _Sentence(str(error)) from error
        except WorkerLostError as error:
            raise _LostSentence(str(error)) from error
        except ModuleNotFoundError as error:
            sentence = extras.missing(error.name or "", self.extra, f"`{ctx.command_path}`")
            if sentence is None:
                raise
            raise _UsageSentence(sentence) from error
        except OSError as error:
            # A disk, a path or a permission that no check foresaw.
            where = f" ({error.filename})" if error.filename else ""
            raise _Sentence(
                f"{error.strerror or error}{where}; mend that and try again."
            ) from error
        except KeyboardInterrupt as error:
            raise _InterruptedSentence(str(error) or "Interrupted.") from error


class SentenceGroup(click.Group):
    """A group whose commands end as `SentenceCommand` does."""

    command_class = SentenceCommand


class _Sentence(click.ClickException):
    exit_code = 1

    def show(self, file: Any = None) -> None:
        """Prints the sentence to standard error."""
        click.echo(f"gan: {self.format_message()}", err=True)


class _UsageSentence(_Sentence):
    exit_code = 2


class _LostSentence(_Sentence):
    exit_code = RESTART


class _InterruptedSentence(_Sentence):
    exit_code = INTERRUPTED


def _prepare_logging() -> None:
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    logging.getLogger("saddlepoint").setLevel(logging.INFO)
    # tensorflow-datasets warns there of its own deprecated calls.
    logging.getLogger("absl").setLevel(logging.ERROR)


def start_tensorflow() -> None:
    """Imports TensorFlow and looks for devices without its start-up notices in the terminal.

    They are written to the file descriptor before TensorFlow's log level counts; setting
    TF_CPP_MIN_LOG_LEVEL to 0 or 1 keeps them. Of a `gs://` object that another process replaces it
    would know the old size for a while, and read the new one cut short.
    """
    os.environ.setdefault("GCS_STAT_CACHE_MAX_AGE", "0")
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2") < "2":
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        import tensorflow as tf

        tf.config.list_physical_devices()
        tf.get_logger().setLevel(logging.ERROR)
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def experiment_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """RECIPE, --data-dir and --set, which every command that trains takes."""
    options = (
        click.argument("recipe"),
        click.option("--data-dir", help="Where prepared tensorflow-datasets lie."),
        set_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a field of the recipe, such as train.steps=2000; may be repeated.",
)
require_option = click.option(
    "--require",
    "requirements",
    multiple=True,
    metavar="BOUND",
    help='Exit with 1 unless it holds, such as "fcd_10k<8"; may be repeated.',
)


def with_data_dir(overrides: tuple[str, ...], data_dir: str | None) -> list[str]:
    """The overrides with --data-dir as one of them."""
    if not data_dir:
        return [*overrides]
    place = json.dumps(os.path.expanduser(data_dir), ensure_ascii=False)
    return [*overrides, f"data.data_dir={place}"]


def with_data(overrides: Sequence[str], data: str | None) -> list[str]:
    """The overrides with a source of data, where one is named, as one of them."""
    if data is None:
        return [*overrides]
    # A mapping is read as YAML, a short spelling is one string.
    written = data if data.startswith("{") else json.dumps(data, ensure_ascii=False)
    return [*overrides, f"data.source={written}"]


def look_at_data(experiment: Experiment) -> str:
    """Returns what the data is, as comments that may stand under YAML.

    Raises:
        ConfigError: when it cannot be read, or does not suit the experiment.
    """
    if experiment.data.download:
        return "# data.download: the data is not looked at, for that might fetch it."
    # Of a user's own source nothing is known.
    if getattr(experiment.data.source, "has_splits", True):
        start_tensorflow()
    from trainer.data.survey import length, lines, refuse_unfit, survey

    found = survey(experiment.data)
    refuse_unfit(found, experiment)
    facts = [*lines(found), length(found, experiment)]
    heading = f"# Seen of {experiment.data.source}, which this can be trained on:"
    return "\n".join([heading, *(f"#   {what}: {words}" for what, words in facts)])


def typed_command() -> str:
    """What the person typed, as a line for a shell."""
    return shlex.join(["gan", *sys.argv[1:]])


def hanging(head: str, text: str) -> str:
    """A head and what stands beside it: one line, or several where a terminal is narrower."""
    if not sys.stdout.isatty():
        return head + text
    width = max(shutil.get_terminal_size().columns, 2 * len(head))
    return textwrap.fill(text, width, initial_indent=head, subsequent_indent=" " * len(head))


def on_terminal() -> bool:
    """Whether somebody is looking at a terminal."""
    return sys.stderr.isatty()
