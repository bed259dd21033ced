"""A network of the test's own, where host names are this machine: Linux namespaces."""

import ctypes
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

# clone(2)'s numbers of the kinds of namespaces.
_KINDS = {"user": 0x10000000, "net": 0x40000000, "mnt": 0x00020000}
_LIBC = ctypes.CDLL(None, use_errno=True)
_SCRIPT = 'ip link set lo up && mount --bind "$1" /etc/hosts && exec "$2" "$3" "$4"'


class NoNetworkError(Exception):
    """Why there can be no such network here."""


@dataclass(frozen=True)
class Namespaces:
    """Those of a process.

    Attributes:
        process: its number.
        kinds: which of its namespaces are not everybody's.
    """

    process: int
    kinds: tuple[str, ...]

    def enter(self) -> None:
        """Puts this process, which must have a single thread, into them."""
        folder = os.getcwd()
        for kind in self.kinds:
            descriptor = os.open(f"/proc/{self.process}/ns/{kind}", os.O_RDONLY)
            if _LIBC.setns(descriptor, _KINDS[kind]):
                raise OSError(ctypes.get_errno(), f"setns: {kind}")
            os.close(descriptor)
        os.chdir(folder)


class Network:
    """A process that holds namespaces, and a socket that listens in them.

    Attributes:
        namespaces: for others to enter.
        listener: on port 443 of loopback there; any process may serve it.
    """

    def __init__(self, hosts: Sequence[str], folder: str | os.PathLike[str]) -> None:
        """Makes it.

        Args:
            hosts: names that are 127.0.0.1 there.
            folder: for the table of hosts.

        Raises:
            NoNetworkError: where the system gives none.
        """
        missing = [tool for tool in ("unshare", "ip", "mount") if shutil.which(tool) is None]
        if missing:
            raise NoNetworkError(f"a network of one's own takes {' and '.join(missing)}")
        table = os.path.join(folder, "hosts")
        with open(table, "w") as file:
            # Some versions of TensorFlow write names with their final dot.
            file.writelines(f"127.0.0.1 {host} {host}.\n" for host in ("localhost", *hosts))
        # Who is not root becomes it inside.
        is_root = os.geteuid() == 0
        line = ["unshare", *(() if is_root else ("--user", "--map-root-user")), "--net", "--mount"]
        ours, theirs = socket.socketpair()
        with ours, theirs:
            line += ["sh", "-c", _SCRIPT, "sh", table, sys.executable, __file__]
            self._holder = subprocess.Popen(
                [*line, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            theirs.close()
            _, sockets, _, _ = socket.recv_fds(ours, 1, 1)
        if not sockets:
            reason = self._holder.communicate()[1].decode().strip()
            raise NoNetworkError(f"the system gives no network of one's own ({reason})")
        self.listener = socket.socket(fileno=sockets[0])
        kinds = ("net", "mnt") if is_root else ("user", "net", "mnt")
        self.namespaces = Namespaces(self._holder.pid, kinds)

    def close(self) -> None:
        """Ends it, once no process is in it any more."""
        self._holder.communicate()


def _hold(descriptor: int) -> None:
    """Gives away the socket, and keeps the namespaces as long as the standard input is open."""
    with socket.socket(fileno=descriptor) as channel:
        listener = socket.create_server(("127.0.0.1", 443), backlog=128)
        socket.send_fds(channel, [b"."], [listener.fileno()])
    sys.stdin.read()


if __name__ == "__main__":
    _hold(int(sys.argv[1]))
