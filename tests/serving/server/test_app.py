"""The endpoint as a whole: start, failure to start, new versions, the end."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from concurrent import futures
from pathlib import Path

import grpc
import httpx
import numpy as np
import pytest

from serving import Client, NotFound, ServingError, UsageError
from serving.server import Server
from tests.serving.server.calls import arrays, request_for, stub, wait_for, working

ROOT = Path(__file__).resolve().parents[3]


def served_threads():
    return [
        t
        for t in threading.enumerate()
        if t.name.split("_")[0] in ("interfaces", "work", "versions", "models")
    ]


def versions_of(server):
    """By version, its state and the code of its error."""
    reply = httpx.get(f"http://127.0.0.1:{server.rest_api_port}/v1/models/default").json()
    return {
        int(found["version"]): (found["state"], found["status"]["error_code"])
        for found in reply["model_version_status"]
    }


def test_a_missing_folder(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        Server(str(tmp_path / "no"), port=0, rest_api_port=0).start()


@pytest.mark.parametrize("child", [None, "best", "1"])
def test_a_folder_without_a_whole_version(tmp_path, child):
    if child:
        (tmp_path / child).mkdir()
    with pytest.raises(UsageError, match="holds no export; expected a folder named by an integer"):
        Server(str(tmp_path), port=0, rest_api_port=0).start()


@pytest.mark.parametrize("which", ["port", "rest_api_port"])
def test_a_port_in_use_is_named(half_plus_two, which):
    before = len(served_threads())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        ports = {"port": 0, "rest_api_port": 0, which: number}
        with pytest.raises(ServingError, match=rf"{which}: {number} .* --{which}\."):
            Server(str(half_plus_two), **ports).start()
    assert len(served_threads()) == before


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "2001:db8::1", "[::1]"])
def test_a_host_that_is_not_ours_is_not_blamed_on_the_port(half_plus_two, host):
    with pytest.raises(UsageError, match="no address of this machine") as caught:
        Server(str(half_plus_two), host=host, port=0, rest_api_port=0).start()
    assert str(caught.value).startswith(f"host: {host!r}") and "port" not in str(caught.value)


def test_an_empty_host(half_plus_two):
    with pytest.raises(UsageError, match="host: received an empty address"):
        Server(str(half_plus_two), host="")


def test_two_servers_do_not_share_a_port(half_plus_two, half_plus_two_server):
    with pytest.raises(ServingError, match="--port"):
        Server(str(half_plus_two), port=half_plus_two_server.port, rest_api_port=0).start()


def test_nothing_stays_when_no_version_loads(tmp_path):
    before = len(served_threads())
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"garbled")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    with pytest.raises(
        ServingError, match=r"no version of a model can be loaded.*Cannot parse file"
    ):
        Server(str(tmp_path), port=number, rest_api_port=0).start()
    assert len(served_threads()) == before
    with socket.socket() as again:
        again.bind(("127.0.0.1", number))


def test_an_older_version_serves_when_the_newest_is_broken(
    half_plus_two, publish, start_server, tmp_path
):
    publish(half_plus_two / "123", tmp_path, 1)
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "saved_model.pb").write_bytes(b"garbled")
    server = start_server(tmp_path)
    reply = httpx.get(f"http://127.0.0.1:{server.rest_api_port}/v1/models/default").json()
    broken, works = reply["model_version_status"]
    assert (works["version"], works["state"]) == ("1", "AVAILABLE")
    assert (broken["version"], broken["state"]) == ("2", "END")
    assert broken["status"]["error_code"] == "DATA_LOSS"
    assert "Cannot parse file" in broken["status"]["error_message"]


def test_versions_change_and_no_request_fails(digits, publish, start_server, tmp_path):
    publish(digits / "1", tmp_path, 1)
    server = start_server(tmp_path, file_system_poll_wait_seconds=0.05)
    answers, failures, done = [], [], threading.Event()

    def call(target):
        with Client(target, max_retries=0) as client:
            while not done.is_set():
                try:
                    answers.append(client.generate([1, 2])["image"].tobytes())
                except Exception as error:
                    failures.append(error)

    targets = [f"127.0.0.1:{server.port}", f"http://127.0.0.1:{server.rest_api_port}"]
    threads = [threading.Thread(target=call, args=[target]) for target in targets]
    for thread in threads:
        thread.start()

    def serves(version):
        states = versions_of(server).items()
        return [v for v, (state, _) in states if state == "AVAILABLE"] == [version]

    def failed(version):
        return versions_of(server).get(version, ("", "OK"))[1] != "OK"

    wait_for(lambda: len(answers) > 5)
    publish(digits / "1", tmp_path, 2)
    wait_for(lambda: serves(2))
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "saved_model.pb").write_bytes(b"garbled")
    wait_for(lambda: failed(3))
    (tmp_path / "2").rename(tmp_path / "4")
    wait_for(lambda: serves(4))
    shutil.rmtree(tmp_path / "4")
    wait_for(lambda: serves(1))
    count = len(answers)
    wait_for(lambda: len(answers) > count + 5)
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(set(answers)) == 1


def test_a_pinned_version_ends_with_not_found(digits, publish, start_server, tmp_path):
    publish(digits / "1", tmp_path, 1)
    server = start_server(tmp_path, file_system_poll_wait_seconds=0.05)
    with Client(f"127.0.0.1:{server.port}", version=1) as client:
        client.latents([1])
        publish(digits / "1", tmp_path, 2)
        wait_for(lambda: versions_of(server)[1][0] == "END")
        with pytest.raises(
            NotFound, match=r"Servable not found for request: Specific\(default, 1\)"
        ):
            client.latents([1])


def ask_rest(server, slow):
    url = f"http://127.0.0.1:{server.rest_api_port}/v1/models/default:predict"
    body = {"signature_name": "slow", "inputs": [slow]}
    return httpx.post(url, json=body, timeout=30).status_code == 200


def ask_grpc(server, slow):
    with stub(server) as prediction:
        reply = prediction.Predict(request_for({"n": np.array([slow])}, signature="slow"))
        return len(arrays(reply)["x"]) == 1


@pytest.mark.parametrize("ask", [ask_rest, ask_grpc])
def test_stop_waits_for_requests_under_way(half_plus_two, ask):
    with Server(str(half_plus_two), port=0, rest_api_port=0, grace_seconds=60) as server:
        pool = futures.ThreadPoolExecutor(1)
        reply = pool.submit(ask, server, 60_000)  # more than half a second
        wait_for(lambda: working(server) == 1)
    assert reply.result()
    with pytest.raises((httpx.ConnectError, grpc.RpcError)):
        ask(server, 1)


@pytest.mark.parametrize("options", [{"port": -1}, {"rest_api_port": 70_000}])
def test_a_number_that_is_no_port(tmp_path, options):
    ((name, number),) = options.items()
    with pytest.raises(UsageError, match=f"{name}: received {number}; expected 0"):
        Server(str(tmp_path), **options)


SERVE = """
import sys
from serving.server import serve
serve(sys.argv[1], port=0, rest_api_port=0,
      on_start=lambda server: (sys.stdout.write(f"{server.rest_api_port}\\n"), sys.stdout.flush()))
sys.stdout.write("drained\\n")
"""


@pytest.mark.integration
def test_serve_ends_with_sigterm(half_plus_two):
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(half_plus_two)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    with contextlib.closing(process.stdout):
        port = int(process.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)):
            process.send_signal(signal.SIGTERM)
            assert process.stdout.readline() == "drained\n"
    assert process.wait(20) == 0
