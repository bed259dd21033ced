"""What an endpoint does when clients ask too much, are too slow, go away, or send garbage."""

import json
import re
import socket
import threading
import time
from concurrent import futures

import grpc
import httpx
import numpy as np
import pytest
from google.protobuf import text_format
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import prediction_service_pb2_grpc

from serving.server import Server
from tests.serving.server.calls import (
    arrays,
    refusal,
    request_for,
    stub,
    wait_for,
    waiting,
    working,
)

SLOW = 60_000  # steps: more than half a second


def post(server, body, **options):
    url = f"http://127.0.0.1:{server.rest_api_port}/v1/models/default:predict"
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    return httpx.post(url, content=content, timeout=60, **options)


def slow_call(server, steps=SLOW):
    with stub(server) as prediction:
        return prediction.Predict(request_for({"n": np.array([steps])}, signature="slow"))


def is_admitted(server):
    try:
        return httpx.get(f"http://127.0.0.1:{server.rest_api_port}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_overload_is_refused_at_once_and_the_rest_is_answered(half_plus_two, start_server):
    server = start_server(half_plus_two, grpc_max_threads=1, max_queue=1)
    with futures.ThreadPoolExecutor(2) as pool:
        pending = [pool.submit(slow_call, server) for _ in range(2)]
        wait_for(lambda: waiting(server) == 1)
        with stub(server) as prediction:
            code, text = refusal(
                prediction.Predict, request_for({"x": np.array([1.0], np.float32)})
            )
        reply = post(server, {"instances": [1.0]})
        assert not all(future.done() for future in pending)
        assert (code, reply.status_code) == ("UNAVAILABLE", 503)
        assert "The server is overloaded: 1 requests are waiting" in text
        url = f"http://127.0.0.1:{server.rest_api_port}"
        assert httpx.get(f"{url}/v1/models/default").status_code == 200  # needs no thread
        assert all(future.result().outputs for future in pending)
    assert post(server, {"instances": [1.0]}).status_code == 200


def test_bytes_of_requests_that_are_worked_on_are_bounded(half_plus_two, start_server):
    server = start_server(half_plus_two, max_queue_bytes=1)
    with futures.ThreadPoolExecutor(1) as pool, stub(server) as prediction:
        running = pool.submit(slow_call, server)  # alone it may be larger
        wait_for(lambda: working(server) == 1)
        x = request_for({"x": np.array([1.0], np.float32)})
        code, text = refusal(prediction.Predict, x)
        assert code == "UNAVAILABLE"
        assert re.search(r"requests of \d+ bytes are waiting already \(--max_queue_bytes\)", text)
        assert running.result().outputs
        assert prediction.Predict(x).outputs


def test_bodies_that_arrive_are_bounded_and_keep_out_no_request_that_is_there(
    half_plus_two, start_server
):
    server = start_server(half_plus_two, max_queue_bytes=1, max_request_bytes=1000)
    head = b"POST /v1/models/default:predict HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.rest_api_port)) as slow:
        slow.sendall(head + b" " * 600)
        wait_for(lambda: post(server, " " * 600).status_code == 503)
        reply = post(server, " " * 600)
        assert "bodies of 600 bytes are arriving already (--max_queue_bytes)" in reply.text
        assert reply.headers["connection"] == "close"
        with stub(server) as prediction:
            assert prediction.Predict(request_for({"x": np.array([1.0], np.float32)})).outputs
    wait_for(lambda: post(server, " " * 600).status_code == 400)


def test_a_client_that_goes_away_while_it_waits_costs_no_run(half_plus_two, start_server):
    server = start_server(half_plus_two, grpc_max_threads=1)
    with futures.ThreadPoolExecutor(1) as pool, stub(server) as prediction:
        running = pool.submit(slow_call, server)
        wait_for(lambda: working(server) == 1)
        endless = request_for({"n": np.array([2**30])}, signature="slow")  # would take hours
        call = prediction.Predict.future(endless)
        sent = socket.create_connection(("127.0.0.1", server.rest_api_port))
        body = b'{"signature_name": "slow", "inputs": [1000000000]}'
        sent.sendall(
            b"POST /v1/models/default:predict HTTP/1.1\r\nhost: x\r\ncontent-length: "
            + str(len(body)).encode()
            + b"\r\n\r\n"
            + body
        )
        wait_for(lambda: waiting(server) == 2)
        call.cancel()
        sent.close()
        assert running.result().outputs
    wait_for(lambda: working(server) == 0)


def test_a_deadline_is_answered_in_time_even_with_batching(half_plus_two, start_server):
    server = start_server(half_plus_two, enable_batching=True, rest_api_timeout_in_ms=300)
    body = {"signature_name": "slow", "inputs": [2**18]}
    began = time.monotonic()
    reply = post(server, body)
    assert time.monotonic() - began < 2
    assert (reply.status_code, "--rest_api_timeout_in_ms" in reply.text) == (504, True)


def test_rows_beyond_the_limit(digits, start_server):
    server = start_server(digits, max_request_rows=4)
    with stub(server) as prediction:
        code, text = refusal(prediction.Predict, request_for({"seed": np.arange(5)}))
        assert arrays(prediction.Predict(request_for({"seed": np.arange(4)})))["label"].size == 4
        latents = {"latent": np.zeros([4, 4], np.float32), "label": np.arange(4)}
        assert prediction.Predict(request_for(latents, signature="decode")).outputs
        wide = request_for({"seed": np.zeros([1, 5], np.int64)})
        assert "has 5 rows" in refusal(prediction.Predict, wide)[1]
    assert code == "INVALID_ARGUMENT"
    assert "has 5 rows; this server takes at most 4 rows" in text
    assert post(server, {"inputs": [1] * 5}).status_code == 400
    assert "has 6 rows" in post(server, {"inputs": [[1, 2, 3], [4, 5, 6]]}).text


def test_bodies_beyond_the_limit(half_plus_two, start_server):
    server = start_server(half_plus_two, max_request_bytes=1000)
    body = {"instances": [1.0] * 1000}
    whole = post(server, body)
    chunked = httpx.post(
        f"http://127.0.0.1:{server.rest_api_port}/v1/models/default:predict",
        content=(b"[" * 100 for _ in range(100)),
    )
    for reply in (whole, chunked):
        assert reply.status_code == 413
        assert "larger than 1000 bytes (--max_request_bytes)" in reply.json()["error"]
    assert post(server, {"instances": [1.0]}).status_code == 200


def test_messages_beyond_the_limit(half_plus_two, start_server):
    arguments = "grpc.max_receive_message_length=1000"
    server = start_server(half_plus_two, grpc_channel_arguments=arguments)
    with stub(server) as prediction:
        large = request_for({"x": np.zeros(1000, np.float32)})
        assert refusal(prediction.Predict, large)[0] == "RESOURCE_EXHAUSTED"
        assert prediction.Predict(request_for({"x": np.zeros(10, np.float32)})).outputs


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /v1/mod",
        b"GET /v1/models/default HTTP/1.1\r\nx: y\r\n",
        b"POST /v1/models/default:predict HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{",
    ],
)
def test_clients_that_dawdle_are_cut_off(half_plus_two, start_server, sent):
    server = start_server(half_plus_two, slow_client_timeout_seconds=0.3)
    with socket.create_connection(("127.0.0.1", server.rest_api_port), timeout=10) as slow:
        slow.sendall(sent)
        began = time.monotonic()
        try:
            answer = slow.recv(1000)
        except ConnectionResetError:
            answer = b""
        assert time.monotonic() - began < 5
    assert answer == b"" or b" 408 " in answer


def ask(connection):
    connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
    reply = b""
    while not reply.endswith(b"ok\n"):
        reply += connection.recv(1000)
    return reply[:15]


@pytest.mark.parametrize("seconds", [0.3, 75.0])
def test_idle_connections_are_kept_as_long_as_the_flag_says(half_plus_two, start_server, seconds):
    server = start_server(half_plus_two, keep_alive_seconds=seconds)
    with socket.create_connection(("127.0.0.1", server.rest_api_port), timeout=1) as connection:
        assert ask(connection) == b"HTTP/1.1 200 OK"
        if seconds < 1:
            assert connection.recv(1) == b""
        else:
            with pytest.raises(TimeoutError):
                connection.recv(1)
            assert ask(connection) == b"HTTP/1.1 200 OK"


def test_idle_connections_outlive_those_of_load_balancers(half_plus_two_server):
    assert half_plus_two_server.options.keep_alive_seconds > 60  # and above: the flag counts


def test_a_client_that_does_not_read_is_cut_off(half_plus_two, start_server):
    server = start_server(half_plus_two, slow_client_timeout_seconds=0.5, max_connections=1)
    body = json.dumps({"inputs": [1.0] * 1_000_000}).encode()
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(20)
        deaf.connect(("127.0.0.1", server.rest_api_port))
        head = f"POST /v1/models/default:predict HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}"
        deaf.sendall(head.encode() + b"\r\n\r\n" + body)
        wait_for(lambda: is_admitted(server))  # there is room for one client


def test_heads_and_connections_are_bounded(half_plus_two, start_server):
    server = start_server(half_plus_two, max_connections=2)
    address = ("127.0.0.1", server.rest_api_port)
    with socket.create_connection(address, timeout=10) as large:
        with pytest.raises(ConnectionError):
            large.sendall(b"GET / HTTP/1.1\r\n" + (b"x: " + b"y" * 4000 + b"\r\n") * 200)
            if not large.recv(100):
                raise ConnectionError
    held = [socket.create_connection(address, timeout=10) for _ in range(2)]
    assert [ask(connection) for connection in held] == [b"HTTP/1.1 200 OK"] * 2
    with socket.create_connection(address, timeout=10) as further:
        with pytest.raises(ConnectionError):
            further.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            if not further.recv(100):
                raise ConnectionError
    for connection in held:
        connection.close()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{"instances": [' + "9" * 400 + "]}", "Failed to process element: 0 of 'instances' list"),
        ('{"instances": [' + "9" * 5000 + "]}", "JSON Parse error: Invalid value"),
        ('{"inputs": ' + "[" * 100_000 + "]" * 100_000 + "}", "takes at most 32"),
        (
            '{"inputs": ' + '{"a":' * 100_000 + "1" + "}" * 100_000 + "}",
            "Missing named input: seed",
        ),
        ('{"inputs": [9223372036854775808]}', "Number is not of expected type: int64"),
        ('{"inputs": [1.5]}', "is not of expected type: int64"),
        (
            '{"signature_name": "generate_conditional", "inputs": {"seed": [1], "label": ["cat"]}}',
            'JSON Value: "cat" Type: String is not of expected type: int64',
        ),
    ],
)
def test_numbers_and_nests_that_are_none(digits_server, body, text):
    url = f"http://127.0.0.1:{digits_server.rest_api_port}/v1/models/digits:predict"
    reply = httpx.post(url, content=body, timeout=60)
    assert reply.status_code == 400
    assert text in reply.json()["error"]


def test_a_label_that_is_a_text(digits_server):
    inputs = {"seed": np.array([1]), "label": np.array([b"cat"], object)}
    with stub(digits_server) as prediction:
        request = request_for(inputs, "digits", "generate_conditional")
        assert refusal(prediction.Predict, request) == (
            "INVALID_ARGUMENT",
            "Expects arg[0] to be int64 but string is provided",
        )


@pytest.mark.parametrize("seed", [-1, -(2**63), 2**63 - 1])
def test_every_int64_is_a_seed(digits_server, seed):
    url = f"http://127.0.0.1:{digits_server.rest_api_port}/v1/models/digits:predict"
    reply = httpx.post(url, json={"inputs": [seed], "signature_name": "latents"})
    assert reply.status_code == 200


def test_latents_that_are_no_numbers(digits_server):
    latent = np.full([1, 4], np.nan, np.float32)
    with stub(digits_server) as prediction:
        inputs = {"latent": latent, "label": np.array([1])}
        reply = prediction.Predict(request_for(inputs, "digits", "decode"))
    assert arrays(reply)["image"].shape == (1, 8, 8, 1)


@pytest.mark.parametrize("garbage", [b"\xff" * 10, None])
def test_bytes_that_are_no_request(half_plus_two_server, garbage):
    data = request_for({"x": np.array([1.0], np.float32)}).SerializeToString()[:-3]
    with grpc.insecure_channel(f"127.0.0.1:{half_plus_two_server.port}") as channel:
        call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        code, text = refusal(call, data if garbage is None else garbage)
    assert code == "INTERNAL"
    assert "are no tensorflow.serving.PredictRequest" in text


def test_a_small_message_that_claims_a_huge_tensor(half_plus_two_server):
    request = request_for({})
    text = "dtype: DT_FLOAT tensor_shape { dim { size: 1000000000000 } } float_val: 1"
    text_format.Parse(text, request.inputs["x"])
    with stub(half_plus_two_server) as prediction:
        code, details = refusal(prediction.Predict, request)
        assert (code, "too large for the values sent" in details) == ("INVALID_ARGUMENT", True)
        request.inputs["x"].tensor_shape.dim[0].size = -1
        assert "not fully defined" in refusal(prediction.Predict, request)[1]


def test_long_names_do_not_break_the_status(half_plus_two_server):
    with stub(half_plus_two_server) as prediction:
        code, text = refusal(prediction.Predict, request_for({"ü" * 100_000: 1.0}))
    assert (code, text[:22]) == ("INVALID_ARGUMENT", "Signature input alias:")


def test_readiness_goes_first_when_the_server_stops(half_plus_two):
    server = Server(half_plus_two, port=0, rest_api_port=0).start()
    ready = f"http://127.0.0.1:{server.rest_api_port}/readyz"
    assert httpx.get(ready).status_code == 200
    stopping = threading.Thread(target=server.stop, kwargs={"delay": 2.0})
    with stub(server, health_pb2_grpc.HealthStub) as health, httpx.Client() as http:
        stopping.start()
        wait_for(lambda: http.get(ready).status_code == 503)
        assert health.Check(health_pb2.HealthCheckRequest(service="ModelService")).status == 2
        assert http.get(ready.replace("readyz", "healthz")).status_code == 200
    with stub(server, prediction_service_pb2_grpc.PredictionServiceStub) as prediction:
        assert prediction.Predict(request_for({"x": np.array([1.0], np.float32)})).outputs
    stopping.join()
