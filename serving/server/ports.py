"""Taking the address to listen on, with a sentence where it cannot be had."""

import errno
import socket

from serving.errors import ServingError, UsageError

_NO_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL)


def bind(flag: str, host: str, port: int) -> socket.socket:
    """Takes a port; nobody can connect before the socket listens.

    Args:
        flag: the one that named the port, for the error.
        host: the address of this machine.
        port: 0 for any free one.

    Raises:
        UsageError: the host is no address of this machine.
        ServingError: the port is not free, or not ours to take.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # With the protocol named, asyncio turns Nagle's algorithm off; else replies wait 40 ms.
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:  # a system without IPv6
        raise _unusable(flag, host, port, error) from error
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # old connections linger
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise _unusable(flag, host, port, error) from error
    return bound


def taken(flag: str, host: str, port: int, reason: str = "") -> ServingError:
    """Returns the error for a port that somebody else has."""
    why = f" ({reason})" if reason else ""
    return ServingError(
        f"{flag}: {port} on {host} cannot be used{why}; stop the program that has it or choose "
        f"another with --{flag}."
    )


def _unusable(flag: str, host: str, port: int, error: OSError) -> Exception:
    if isinstance(error, socket.gaierror) or error.errno in _NO_ADDRESS:
        return UsageError(
            f"host: {host!r} is no address of this machine ({error.strerror}); pass 127.0.0.1 for "
            "this machine alone, 0.0.0.0 for every address, or one of its own."
        )
    if error.errno == errno.EACCES:
        return ServingError(
            f"{flag}: {port} may not be taken ({error.strerror}); choose one above 1023 with "
            f"--{flag}."
        )
    return taken(flag, host, port, error.strerror or "")
