"""`python -m benchmarks.peers PYTHON NAME PATH DOCUMENT`: a peer that says when it answers.

It starts `benchmarks.peers.NAME` with another interpreter on a free port, prints that port as a
line of JSON once PATH answers a POST of DOCUMENT, and ends with all that it started.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress

_POLL_SECONDS = 0.2
_START_SECONDS = 300.0
_STOP_SECONDS = 30.0


def main(python: str, name: str, path: str, document: str) -> int:
    """Runs until it is ended, or the peer ends.

    Raises:
        TimeoutError: the peer does not answer.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [python, "-m", f"benchmarks.peers.{name}", str(port)]
    peer = subprocess.Popen(command, stdout=sys.stderr, start_new_session=True)
    deadline = time.monotonic() + _START_SECONDS
    try:
        while not _answers(f"http://127.0.0.1:{port}{path}", document.encode()):
            if peer.poll() is not None:
                return peer.returncode
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} does not answer a POST to {path}.")
            time.sleep(_POLL_SECONDS)
        print(json.dumps({"rest_api_port": port}), flush=True)
        return peer.wait()
    finally:
        _end(peer)


def _answers(address: str, body: bytes) -> bool:
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=60):  # noqa: S310, an address of this machine
            return True
    except (OSError, http.client.HTTPException):
        return False


def _end(peer: "subprocess.Popen[bytes]") -> None:
    """Ends the peer, and what it leaves behind: it is a session of its own."""
    peer.terminate()
    with suppress(subprocess.TimeoutExpired):
        peer.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(peer.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
