"""A worker of a cluster as a process of its own, whose start is bounded and whose end is told.

While TensorFlow waits for the other workers it holds Python's interpreter: in that process no
timeout fires and no signal arrives. So the command starts itself once more and looks after it.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import click

from trainer.config.experiment import Devices
from trainer.errors import RESTART
from trainer.run.cluster import Cluster, of_environment

# The number of the socket to the supervisor, in the environment of its child.
_SOCKET = "SADDLEPOINT_SUPERVISOR"
_UP = b"up"


def take_over(devices: Devices) -> bool:
    """Carries this command out in a child where several workers train; else returns.

    It ends with the child's exit code, or with `RESTART` where the workers did not find one
    another within `devices.cluster_timeout`.

    Returns:
        whether this is that child. What it alone finds wrong it must tell the others, who would
        wait for it: that can only be done once all are together (`Workers.together`).

    Raises:
        ConfigError: for a cluster in which this process has no place or no port.
        SystemExit: at the end.
    """
    cluster = of_environment(devices)
    if cluster is None or _SOCKET in os.environ:
        return cluster is not None
    cluster.require_own_port()
    raise SystemExit(_supervise(cluster, devices.cluster_timeout))


def _supervise(cluster: Cluster, seconds: float) -> int:
    ours, childs = socket.socketpair()
    with ours, childs:
        environment = {**os.environ, _SOCKET: str(childs.fileno())}
        child = subprocess.Popen(
            [sys.executable, *sys.orig_argv[1:]], env=environment, pass_fds=[childs.fileno()]
        )
        childs.close()
        with _signals_for(child):
            if not _is_up_within(seconds, ours):
                absent = ", ".join(cluster.absent()) or "one of them"
                click.echo(
                    f"gan: The {cluster.size} workers did not find one another within "
                    f"{seconds:g} s (devices.cluster_timeout): {absent} did not come up. Start all "
                    "of them again.",
                    err=True,
                )
                child.kill()
                child.wait()
                return RESTART
            return _told(child.wait())


@contextlib.contextmanager
def _signals_for(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Hands SIGTERM on; a terminal sends SIGINT to the child itself."""
    before = (
        signal.signal(signal.SIGTERM, lambda number, frame: child.send_signal(number)),
        signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    try:
        yield
    finally:
        for number, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
            signal.signal(number, handler)


def _is_up_within(seconds: float, ours: socket.socket) -> bool:
    """Whether the child said in time that all are there, or ended."""
    ready, _, _ = select.select([ours], [], [], seconds)
    return bool(ready)


def _told(code: int) -> int:
    """The child's exit code as a shell has it, with a sentence for an end that said nothing."""
    if code >= 0:
        return code
    name = signal.Signals(-code).name
    if -code == signal.SIGABRT:
        click.echo(
            f"gan: TensorFlow ended this worker ({name}), as it may when it loses the others; "
            "start all of them again: they go on from the last checkpoint.",
            err=True,
        )
        return RESTART
    return 128 - code


# ---- In the child --------------------------------------------------------------------------------


class Supervised:
    """What a worker tells its supervisor; of a process that has none, nothing is told."""

    def __init__(self) -> None:
        number = os.environ.pop(_SOCKET, None)
        self._socket = socket.socket(fileno=int(number)) if number else None
        if self._socket is not None:
            threading.Thread(target=self._follow, daemon=True).start()

    def report_up(self) -> None:
        """All workers are there; from now on the others' ends are noticed by TensorFlow."""
        if self._socket is not None:
            self._socket.sendall(_UP)

    def _follow(self) -> None:
        """Ends this process, in a thread of its own, when the supervisor has ended."""
        assert self._socket is not None
        with contextlib.suppress(OSError):
            self._socket.recv(1)
        os._exit(RESTART)
