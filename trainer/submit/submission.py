"""What becomes of a job: something to look at, and to hand over."""

import subprocess
from typing import Any, Protocol

from trainer.errors import ConfigError, RunError


class Submission(Protocol):
    """A job as a platform takes it; `trainer.submit.platforms` names a class for each."""

    @property
    def document(self) -> Any:
        """Plain JSON values."""

    @property
    def text(self) -> str:
        """For a person, and for the platform's own tool."""

    def submit(self) -> str:
        """Hands it over.

        Returns:
            what the platform called it, in a line.

        Raises:
            ConfigError: when the tool for that is not installed.
            RunError: when the platform refuses it.
        """


def handed_to(command: list[str], text: str) -> str:
    """What a platform's own tool says when it is given a text.

    Raises:
        ConfigError: when there is no such tool.
        RunError: when it refuses.
    """
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise ConfigError(
            f"platform: {command[0]} is not on PATH; install it, or take what --dry-run prints to "
            "a machine that has it."
        ) from error
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise RunError(f"{command[0]} refused the job: {said or f'exit code {done.returncode}'}")
    return done.stdout.strip()
