"""The load: what it counts, and what it calls a failure."""

import base64
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks import load
from benchmarks.load import Load
from benchmarks.processes import cpu_seconds_of_tree
from benchmarks.sample_requests import Wanted


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        until = time.process_time() + 0.005
        while self.path == "/work" and time.process_time() < until:
            pass
        if self.path == "/slow":
            time.sleep(1.5)
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(503 if self.path == "/busy" else 200)
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"0123456789")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def asked(address, path="/", **options):
    body = base64.b64encode(b"{}").decode()
    return Load("rest", address, body, os.getpid(), path, **({"seconds": 0.2} | options))


def test_a_closed_loop_counts_answers_and_times_both_sides(address):
    outcome = load.measure(asked(address, "/work", clients=3, seconds=0.5))
    assert outcome.requests > 3 and not outcome.failures
    assert 0 < outcome.p50_ms <= outcome.p99_ms <= outcome.max_ms < 5000
    assert outcome.client_cpu_seconds > 0 and outcome.server_cpu_seconds > 0


def test_a_load_lasts_until_the_first_reply(address):
    outcome = load.measure(asked(address, "/slow"))
    assert outcome.requests == 1 and outcome.seconds > 0.3


def test_an_open_loop_keeps_its_rate_whatever_the_answers_take(address):
    outcome = load.measure(asked(address, rate=100.0, seconds=1.0))
    assert 60 < outcome.requests < 140


@pytest.mark.parametrize(
    ("path", "least", "text"),
    [("/busy", 1, "503: 0123456789"), ("/", 11, "a reply of 10 bytes only")],
)
def test_an_error_or_a_short_reply_is_a_failure(address, path, least, text):
    with pytest.raises(RuntimeError, match=f"no request was answered: .*{text}"):
        load.measure(asked(address, path, least_bytes=least))


def test_processes_below_count_too():
    burn = "while True: pass"
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    parent = subprocess.Popen([sys.executable, "-c", nested], start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while load.cpu_seconds(parent.pid) < 0.5:  # the parent itself only waits
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert len(cpu_seconds_of_tree(parent.pid)) == 2
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
        parent.wait()


def test_nobody_there_is_a_failure():
    with pytest.raises(RuntimeError, match="ConnectionRefusedError"):
        load.measure(asked("127.0.0.1:9"))


@pytest.mark.parametrize(
    ("protocol", "signature", "least"),
    [
        ("grpc", "generate", 2 * 64),
        ("rest", "generate", 2 * 2 * 64),
        ("grpc", "generate_png", 2 * 60),
    ],
)
def test_what_no_reply_with_the_samples_can_be_shorter_than(protocol, signature, least):
    load = Wanted(protocol, signature, 2, (8, 8, 1)).load()
    assert load["least_bytes"] == least
    assert b"generate" in base64.b64decode(load["body"])
