"""Other servers are started with interpreters of their own, asked their way, and ended."""

import json
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from benchmarks.endpoints import Process
from benchmarks.serving_peers import OURS, PEERS

SERVER = """#!{python}
import http.server, os, pathlib, subprocess, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(" ".join(sys.argv[1:3]).encode())
child = subprocess.Popen(["sleep", "600"])
pathlib.Path(__file__).with_suffix(".child").write_text(str(child.pid))
http.server.HTTPServer(("127.0.0.1", int(sys.argv[3])), Handler).serve_forever()
"""


def interpreter(tmp_path, text):
    path = tmp_path / "python"
    path.write_text(text.format(python=sys.executable))
    path.chmod(0o755)
    return str(path)


def command(pid):
    """What a process runs; nothing once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def started(python):
    return Process([sys.executable, "-m", "benchmarks.peers", python, "some_server", "/here", "{}"])


def test_a_peer_runs_until_it_is_ended_with_all_that_it_started(tmp_path):
    with started(interpreter(tmp_path, SERVER)) as process:
        address = f"http://127.0.0.1:{process.ports['rest_api_port']}/here"
        with urllib.request.urlopen(address, b"{}") as reply:
            assert reply.read() == b"-m benchmarks.peers.some_server"
        child = int((tmp_path / "python.child").read_text())
        assert command(child) == b"\0".join([b"sleep", b"600", b""])
    deadline = time.monotonic() + 30
    while command(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_peer_that_ends_before_it_answers_is_told_of(tmp_path):
    with pytest.raises(RuntimeError, match="ended with 3"):
        started(interpreter(tmp_path, "#!/bin/sh\nexit 3\n"))


@pytest.mark.parametrize(
    ("peer", "document"),
    [
        (OURS, {"signature_name": "generate", "inputs": {"seed": [4, 5]}}),
        (PEERS["BentoML"], {"seed": [4, 5]}),
    ],
)
def test_seeds_are_asked_for_as_each_server_takes_them(peer, document):
    assert json.loads(peer.document(range(4, 6))) == document


@pytest.mark.parametrize(
    ("peer", "reply"),
    [
        (OURS, b'{"outputs": [[1], [2]]}'),
        (PEERS["Flask"], b'{"outputs": {"image": [[1], [2]]}}'),
        (PEERS["BentoML"], b"[[1], [2]]"),
    ],
)
def test_images_are_found_in_each_reply(peer, reply):
    np.testing.assert_array_equal(peer.images(reply), [[1], [2]])
