"""More connections than the system lets one process hold."""

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.serving.server.calls import wait_for

ROOT = Path(__file__).resolve().parents[3]
SERVE = """
import resource, sys
from serving.server import serve
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]), int(sys.argv[3])))
serve(sys.argv[1], port=0, rest_api_port=0,
      on_start=lambda s: print(s.port, s.rest_api_port, flush=True))
"""


@contextlib.contextmanager
def limited(base, soft, hard, log):
    """A server in a process that may hold so many files open, and its two ports."""
    with open(log, "w") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(base), str(soft), str(hard)],
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
    with process, contextlib.closing(process.stdout):
        try:
            yield process, [int(port) for port in process.stdout.readline().split()]
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            finally:
                process.kill()


def answers(port):
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=1).status_code == 200
    return False


@pytest.mark.integration
@pytest.mark.parametrize("flooded", ["rest", "grpc"])
def test_idle_connections_beyond_the_limit(half_plus_two, tmp_path, flooded):
    log = tmp_path / "log"
    with limited(half_plus_two, 256, 256, log) as (_, ports), contextlib.ExitStack() as idle:
        port = ports[flooded == "rest"]
        for _ in range(400):
            connection = idle.enter_context(socket.socket())
            connection.settimeout(5)
            connection.connect(("127.0.0.1", port))
        if flooded == "rest":
            wait_for(lambda: "HTTP: " in log.read_text() and not answers(ports[1]))
        else:
            assert answers(ports[1])  # either interface has a half to itself
        idle.close()
        wait_for(lambda: answers(ports[1]))
    said = [line for line in log.read_text().splitlines() if line[:2] not in ("I0", "WA")]
    assert len(said) <= 6, said
    assert "Traceback" not in log.read_text()


def test_no_descriptors_left(half_plus_two, start_server, monkeypatch, caplog):
    """Something else in the process has them all; clients wait in line until it gives some back."""
    server = start_server(half_plus_two)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as client, httpx.Client() as before:
        client.settimeout(15)
        before.get(f"http://127.0.0.1:{server.rest_api_port}/healthz")
        resource.setrlimit(resource.RLIMIT_NOFILE, (client.fileno(), hard))
        try:
            client.connect(("127.0.0.1", server.rest_api_port))
            client.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            wait_for(lambda: "no connection can be accepted" in caplog.text)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert client.recv(15) == b"HTTP/1.1 200 OK"
    assert len([r for r in caplog.records if r.name == "serving.server.acceptor"]) == 1


@pytest.mark.integration
def test_the_soft_limit_is_raised_to_the_hard_one(half_plus_two, tmp_path):
    with limited(half_plus_two, 200, 1500, tmp_path / "log") as (process, (_, port)):
        assert resource.prlimit(process.pid, resource.RLIMIT_NOFILE) == (1500, 1500)
        assert answers(port)
    assert "max_connections: " in (tmp_path / "log").read_text()
