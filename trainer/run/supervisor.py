"""A worker of a cluster as a process of its own, whose start is bounded and whose end is reported.

While TensorFlow waits for the other workers it holds Python's interpreter: in that process no
timeout fires and no signal arrives. So the program goes on in a child, and looks after it.
"""

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys
import threading

import click

from trainer.config.experiment import Devices
from trainer.errors import RESTART, ConfigError
from trainer.run.cluster import Cluster, of_environment

# "PROCESS DESCRIPTOR" of the socket to its supervisor, in the environment of the process that has
# one. What that process starts has the variable, too, but is not that process.
_SOCKET = "SADDLEPOINT_SUPERVISOR"
_UP = b"up"
_PR_SET_PDEATHSIG = 1  # of Linux's prctl


def take_over(devices: Devices) -> bool:
    """Lets the program go on in a child where several workers train; else returns.

    The process that called does not come back: it ends with the child's exit code, or with
    `RESTART` where the workers did not find one another within `devices.cluster_timeout`.
    TensorFlow may be imported before, but must not have computed anything.

    Returns:
        whether this is that child. What it alone finds wrong it must tell the others, who would
        wait for it: that can only be done once all are together (`Workers.together`).

    Raises:
        ConfigError: for a cluster in which this process has no place or no port, and in a program
            that has threads, which a child would lack.
    """
    cluster = of_environment(devices)
    if cluster is None or _own_socket() is not None:
        return cluster is not None
    cluster.require_own_port()
    _require_no_threads()
    supervisor = os.getpid()
    ours, childs = socket.socketpair()
    # Or both would write what is buffered.
    sys.stdout.flush()
    sys.stderr.flush()
    # From before there is a child until a thread hands it on, so that none is lost.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    child = os.fork()
    if child:
        code = RESTART
        try:
            childs.close()
            code = _supervise(child, ours, cluster, devices.cluster_timeout)
        finally:
            # What the program does from here on the child does.
            os._exit(code)
    ours.close()
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    _end_with(supervisor)
    os.environ[_SOCKET] = f"{os.getpid()} {childs.detach()}"
    return True


def _end_with(supervisor: int) -> None:
    """Lets Linux end this process with its supervisor, even where no thread of Python's can run.

    Elsewhere the thread of `Supervised` does, once TensorFlow lets go of the interpreter.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(RESTART)


def _own_socket() -> int | None:
    process, _, descriptor = os.environ.get(_SOCKET, "").partition(" ")
    return int(descriptor) if process == str(os.getpid()) else None


def _require_no_threads() -> None:
    others = [t.name for t in threading.enumerate() if t is not threading.current_thread()]
    if others:
        raise ConfigError(
            f"devices.cluster: this program has threads ({', '.join(others)}), so it cannot become "
            "a worker, which goes on in a process of its own; train before they start, or start "
            "`python -m trainer.task RECIPE` on every machine."
        )


def _supervise(child: int, ours: socket.socket, cluster: Cluster, seconds: float) -> int:
    _hand_signals_to(child)
    if _is_up_within(seconds, ours):
        return _as_exit_code(_end_of(child))
    absent = ", ".join(cluster.absent()) or "one of them"
    click.echo(
        f"gan: The {cluster.size} workers did not find one another within {seconds:g} s "
        f"(devices.cluster_timeout): {absent} did not come up. Start all of them again.",
        err=True,
    )
    os.kill(child, signal.SIGKILL)
    _end_of(child)
    return RESTART


def _end_of(child: int) -> int:
    """Waits for it: its exit code, or the number of a signal below 0."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _hand_signals_to(child: int) -> None:
    """Hands SIGTERM on, which is blocked here; a terminal sends SIGINT to the child itself.

    A thread does: a signal that comes just before a wait of the main thread would not end it, and a
    handler of Python's would run only afterwards.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def hand_on() -> None:
        while True:
            os.kill(child, signal.sigwait([signal.SIGTERM]))

    threading.Thread(target=hand_on, daemon=True).start()


def _is_up_within(seconds: float, ours: socket.socket) -> bool:
    """Whether the child said in time that all are there, or ended."""
    ready, _, _ = select.select([ours], [], [], seconds)
    return bool(ready)


def _as_exit_code(code: int) -> int:
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
    # Told to stop before training began to listen for it.
    return RESTART if -code == signal.SIGTERM else 128 - code


# ---- In the child --------------------------------------------------------------------------------


class Supervised:
    """What a worker tells its supervisor; of a process that has none, nothing is told."""

    def __init__(self) -> None:
        number = _own_socket()
        self._socket = None if number is None else socket.socket(fileno=os.dup(number))
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
