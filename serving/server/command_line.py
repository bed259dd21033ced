"""The flags of `gan serve`: TF Serving's spelling on the command line, and the real binary."""

import itertools
import os
import shutil
from collections.abc import Callable, Mapping
from typing import Any

import click

from serving.errors import UsageError
from serving.server.options import TF_SERVING_ONLY, flags, tf_serving_flags

ENGINES = ("embedded", "tensorflow_model_server")
_PASSED_ON = "tensorflow_model_server"


class TfServingFlags(click.Command):
    """A command that takes flags as TF Serving does: `--a_b`, `--a-b`, `--flag`, `--flag=false`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Brings the arguments into click's form; TF Serving's further flags go to `ctx.meta`."""
        given = [normal_form(argument) for argument in args]
        pairs = list(itertools.pairwise(given))
        real = f"--engine={ENGINES[1]}" in given or ("--engine", ENGINES[1]) in pairs
        further = [argument for argument in given if _name(argument) in TF_SERVING_ONLY]
        if further and not real:
            raise click.UsageError(
                f"--{_name(further[0])} is TF Serving's own: the embedded endpoint has no such "
                f"flag. Leave it out, or add --engine {ENGINES[1]}.",
                ctx,
            )
        ctx.meta[_PASSED_ON] = further
        return super().parse_args(ctx, [each for each in given if each not in further])


def normal_form(argument: str) -> str:
    """Returns a flag with underscores, and with its value where it is a switch."""
    if not argument.startswith("--"):
        return argument
    name, equals, value = argument.partition("=")
    name = "--" + name[2:].replace("-", "_")
    kind, _, _ = flags().get(name[2:], (None, None, None))
    return f"{name}=true" if kind is bool and not equals else f"{name}{equals}{value}"


def server_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds every flag of the endpoint to a command."""
    for name, (kind, default, text) in reversed(list(flags().items())):
        if kind is bool:
            shown = click.option(f"--{name}", type=bool, default=default, metavar="", help=text)
        else:
            shown = click.option(
                f"--{name}", type=kind, default=default, show_default=default != "", help=text
            )
        command = shown(command)
    return command


def become_tf_serving(ctx: click.Context, values: Mapping[str, Any]) -> None:
    """Replaces this process by the real tensorflow_model_server with the same flags.

    Raises:
        UsageError: it is not on PATH, or a flag was given that only the embedded endpoint has.
    """
    program = shutil.which(ENGINES[1])
    if program is None:
        raise UsageError(
            f"engine: {ENGINES[1]} is not on PATH; install TF Serving, or leave --engine out for "
            "the embedded endpoint."
        )
    arguments = [program, *tf_serving_arguments(ctx, values), *ctx.meta[_PASSED_ON]]
    os.execv(program, arguments)  # noqa: S606 - no shell is needed


def tf_serving_arguments(ctx: click.Context, values: Mapping[str, Any]) -> list[str]:
    """Returns the flags for the real binary: ports, model and whatever else was given.

    Raises:
        UsageError: a flag was given that TF Serving does not have.
    """
    default = click.core.ParameterSource.DEFAULT
    given = {name for name in values if ctx.get_parameter_source(name) != default}
    for name in sorted(given - set(tf_serving_flags())):
        raise UsageError(f"{name}: {ENGINES[1]} has no such flag; leave it out.")
    chosen = given | {"port", "rest_api_port"}
    if values["model_base_path"]:
        chosen |= {"model_name", "model_base_path"}
    return [f"--{name}={_text(name, values[name])}" for name in flags() if name in chosen]


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if name == "model_base_path" and "://" not in value:
        return os.path.abspath(value)  # TF Serving takes no relative one
    return f"{value:g}" if isinstance(value, float) else str(value)


def _name(argument: str) -> str:
    return argument[2:].partition("=")[0] if argument.startswith("--") else ""
