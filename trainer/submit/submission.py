"""What becomes of a job: something to look at, and to hand over."""

import subprocess
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from trainer.errors import ConfigError, RunError

# Between two questions how a job is.
POLL_SECONDS = 30.0


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

    def wait(self) -> None:
        """Returns when what was submitted has done all that it was to do.

        Raises:
            RunError: when it ended otherwise.
        """


def wait_until(done: str, failed: Collection[str], state: Callable[[], str]) -> None:
    """Asks for the state of a job again and again, until it has ended.

    Args:
        done: the state of a job that has done all.
        failed: the states of one that will not; every other one goes on.
        state: asks for it.

    Raises:
        RunError: when the job failed.
    """
    while (found := state()) != done:
        if found in failed:
            raise RunError(f"The job ended as {found}; its logs say why.")
        time.sleep(POLL_SECONDS)


def handed_to(command: Sequence[str], text: str = "") -> str:
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
