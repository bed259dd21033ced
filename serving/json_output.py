"""`--json` of every command: one JSON document on standard output, and nothing beside it."""

import contextlib
import functools
import json
import math
import sys
from collections.abc import Callable
from typing import Any

import click

_STDOUT = "saddlepoint.stdout"
_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --json, which the command receives as `as_json`.

    With it, what code prints while the command runs, such as a network of the user's own, goes to
    standard error.
    """

    @functools.wraps(command)
    def invoked(*args: Any, as_json: bool, **kwargs: Any) -> Any:
        if not as_json:
            return command(*args, as_json=as_json, **kwargs)
        click.get_current_context().meta[_STDOUT] = sys.stdout
        with contextlib.redirect_stdout(sys.stderr):
            return command(*args, as_json=as_json, **kwargs)

    return _option(invoked)


def say(as_json: bool, document: Any, text: str) -> None:
    """Prints what came of a command: one JSON document, or text."""
    if as_json:
        print_json(document)
    else:
        click.echo(text)


def print_json(document: Any) -> None:
    """Prints a document on the standard output that `json_option` keeps for it.

    JSON has no numbers that are not finite; they are null.
    """
    click.echo(_strict(document), file=click.get_current_context().meta[_STDOUT])


def _strict(document: Any) -> str:
    try:
        return json.dumps(document, allow_nan=False)
    except ValueError:
        return json.dumps(_with_nulls(document), allow_nan=False)


def _with_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_nulls(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_nulls(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
