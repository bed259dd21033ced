"""How many files, and so connections, the system lets this process hold open."""

import logging
import os
import resource

_log = logging.getLogger(__name__)

_RESERVED = 64  # files that are no connections: models that come, logs
_MOST = 2**20  # some systems allow no more, whatever the hard limit says


def raise_limit() -> None:
    """Raises the limit of this process to the highest that the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as error:
        _log.warning("the limit of %d open files cannot be raised: %s", soft, error)


def max_grpc_connections() -> int:
    """Returns how many gRPC connections there is room for: half of what the limit leaves."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = _MOST if soft == resource.RLIM_INFINITY else soft
    return max(1, (limit - _num_open() - _RESERVED) // 2)


def max_http_connections(wanted: int) -> int:
    """Returns `wanted`, or the other half where that is less; a line of log says so."""
    room = max_grpc_connections()
    if wanted > room:
        _log.warning(
            "max_connections: %d HTTP connections are held open at most, not %d, for the system "
            "allows this process %d open files; raise that limit (ulimit -n) for more.",
            room,
            wanted,
            resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        )
    return min(room, wanted)


def _num_open() -> int:
    try:
        return len(os.listdir("/dev/fd"))
    except OSError:  # a system that does not tell
        return _RESERVED
