"""What both clients do where a test needs models or servers of its own."""

import asyncio
import contextlib
import http.server
import inspect
import itertools
import json
import shutil
import socketserver
import ssl
import subprocess
import threading
from concurrent import futures

import grpc
import httpx
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving import (
    AsyncClient,
    Client,
    FailedPrecondition,
    InvalidArgument,
    RequestError,
    ServingError,
    Unauthenticated,
    Unavailable,
    UsageError,
)
from serving.description import Description
from serving.errors import (
    DeadlineExceeded,
    HandshakeFailed,
    InternalError,
    ResourceExhausted,
)
from serving.messages import Call, Endpoint
from serving.request_builder import MAX_CHUNK_ROWS, RequestBuilder
from serving.rest_transport import _Way


def test_both_clients_take_the_same():
    def taken(client):
        methods = inspect.getmembers(client, inspect.isfunction)
        return {n: str(inspect.signature(m)).partition(" ->")[0] for n, m in methods if n[0] != "_"}

    assert taken(AsyncClient) == taken(Client) and len(taken(Client)) > 15


@pytest.fixture
def point_client(points_server, target_of, client_class):
    with client_class(target_of(points_server), "points") as client:
        yield client


def test_a_model_without_labels(point_client):
    samples = point_client.generate([1, 2])
    assert list(samples) == ["sample"]
    assert (samples["sample"].dtype, samples["sample"].shape) == (np.float32, (2, 2))
    np.testing.assert_allclose(
        point_client.score(samples["sample"]), np.linalg.norm(samples["sample"], axis=1), rtol=1e-6
    )
    np.testing.assert_array_equal(
        point_client.decode(point_client.latents([1, 2]))["sample"], samples["sample"]
    )
    way = point_client.interpolate(1, 2, 3)
    np.testing.assert_allclose(way["latent"][1], way["latent"][[0, 2]].mean(0), atol=1e-7)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda c: c.generate([1], png=True), "signature: the model has no 'generate_png'"),
        (
            lambda c: c.generate_conditional([1], [1]),
            "signature: the model has no 'generate_conditional'; it has decode, describe,",
        ),
        (lambda c: c.decode(np.zeros([1, 4]), 1), "labels: decode of this model takes no labels"),
        (lambda c: c.decode(np.zeros([1, 4]), png=True), "png: the samples of this model are no"),
    ],
)
def test_what_an_unconditional_model_refuses(point_client, call, text):
    with pytest.raises(UsageError) as caught:
        call(point_client)
    assert text in str(caught.value)


def test_the_samples_are_those_of_the_model(digits, digits_server, target_of, client_class):
    signatures = tf.saved_model.load(str(digits / "1")).signatures
    with client_class(target_of(digits_server), "digits") as client:
        images = client.generate_conditional(range(4), [0, 9, 2, 2])["image"]
    wanted = signatures["generate_conditional"](
        seed=tf.range(4, dtype=tf.int64), label=tf.constant([0, 9, 2, 2], tf.int64)
    )
    np.testing.assert_array_equal(images, wanted["image"])


def test_messages_beyond_four_mebibytes_are_taken(digits, start_server):
    server = start_server(digits, max_request_rows=0)
    with Client(f"127.0.0.1:{server.port}", chunk_rows=70_000) as client:
        assert client.generate(range(70_000))["image"].nbytes > 4 * 2**20


def test_a_model_that_does_not_describe_itself(half_plus_two_server, target_of, client_class):
    kinds = (FailedPrecondition, InvalidArgument)  # REST has one status for both
    with client_class(target_of(half_plus_two_server)) as client, pytest.raises(kinds) as caught:
        client.generate([1])
    assert "describe" in caught.value.text


def test_a_version_label_reaches_the_server(digits, start_server, target_of, client_class):
    server = start_server(digits, version_labels={"stable": 1})
    with client_class(target_of(server), version_label="stable") as client:
        assert client.latents([1]).shape == (1, 4)


def test_a_newer_version_is_described_again(
    digits, points, tmp_path, publish, start_server, target_of, client_class
):
    """Points take over from images: the first refusal or reply shows it."""
    publish(digits / "1", tmp_path / "base", 1)
    server = start_server(tmp_path / "base", file_system_poll_wait_seconds=0.05)
    with client_class(target_of(server), timeout=10) as client:
        assert "image" in client.generate([1])
        publish(points / "1", tmp_path / "base", 2)
        for _ in range(200):
            if _serves(server, 2):
                break
            threading.Event().wait(0.05)
        samples = client.decode(np.zeros([1, 4], np.float32), None)
        assert list(samples) == ["sample"]


def _serves(server, version):
    url = f"http://127.0.0.1:{server.rest_api_port}/v1/models/default/versions/{version}"
    reply = httpx.get(url)
    return reply.status_code == 200 and "AVAILABLE" in reply.text


def test_nobody_there(target_of, client_class):
    class Nowhere:
        port = rest_api_port = 1

    with client_class(target_of(Nowhere), timeout=5, max_retries=1) as client:
        with pytest.raises(Unavailable) as caught:
            client.generate([1])
        assert isinstance(caught.value, RequestError)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"target": "localhost"}, "target: 'localhost' names no endpoint"),
        ({"target": "ftp://host:1"}, "target: 'ftp://host:1' names no endpoint"),
        ({"target": "http://"}, "target: 'http://' is no address"),
        ({"target": "http://h:999999"}, "target: 'http://h:999999' is no address"),
        ({"target": "h:1", "timeout": 0}, "timeout: received 0"),
        ({"target": "h:1", "timeout": float("nan")}, "timeout: received nan"),
        ({"target": "h:1", "max_retries": -1}, "max_retries: received -1"),
        ({"target": "h:1", "max_concurrency": 0}, "max_concurrency: received 0"),
        ({"target": "h:1", "chunk_rows": 0}, "chunk_rows: received 0"),
        ({"target": "h:1", "version": 1, "version_label": "a"}, "version: received a version and"),
        ({"target": "h:1", "client_key": "k"}, "client_certificate: it and client_key go together"),
        ({"target": "http://h:1", "ca_certificate": "c"}, "target: 'http://h:1' is not encrypted"),
        ({"target": "h:1", "ca_certificate": "/no"}, "certificate: '/no': No such file"),
        ({"target": "https://h:1", "ca_certificate": "/no"}, "certificate: '/no' cannot be used"),
        ({"target": "h:1", "api_key": "a\nb"}, "api_key: only printable ASCII"),
    ],
)
def test_bad_options(options, text):
    with pytest.raises(UsageError) as caught:
        Client(**options)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("target", "files", "is_encrypted", "address"),
    [
        ("h:1", {}, False, "h:1"),
        ("grpc://h:1", {}, False, "h:1"),
        ("grpcs://h:1", {}, True, "h:1"),
        ("h:1", {"ca_certificate": "c"}, True, "h:1"),
        ("https://h:1", {}, True, "https://h:1"),
    ],
)
def test_the_target_says_how_to_travel(target, files, is_encrypted, address):
    from serving.messages import Certificates

    endpoint = Endpoint(target, certificates=Certificates(files.get("ca_certificate")))
    assert (endpoint.is_encrypted, endpoint.address) == (is_encrypted, address)


# ---- Plans, without a server ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def text(digits):
    signatures = tf.saved_model.load(str(digits / "1")).signatures
    return signatures["describe"](row=tf.constant([0], tf.int64))["description"].numpy()[0]


def reply(text, version=1, **outputs):
    from serving.messages import Reply

    described = {"description": np.array([text], object)}
    return Reply(outputs or described, version)


@pytest.mark.parametrize(
    ("side", "name"), [("inputs", "score"), ("outputs", "generate"), ("outputs", "generate_png")]
)
def test_messages_stay_small_by_default(text, side, name):
    """Inputs count as outputs do, and a file of a picture as its pixels."""
    document = json.loads(text)
    builder, rows = RequestBuilder(False), {"seed": np.zeros(9, np.int64)}
    small = Description(document)
    assert builder._rows_per_call(small, small.signature(name), rows) == MAX_CHUNK_ROWS
    kept = "generate" if side == "outputs" else name
    document["fields"][kept][side]["image"]["shape"] = [512, 512, 3]
    large = Description(document)
    if side == "inputs":
        rows = {"image": np.zeros([9, 512, 512, 3], np.uint8), "label": np.zeros(9, np.int64)}
    assert 1 <= builder._rows_per_call(large, large.signature(name), rows) <= 2


def latent_rows(call):
    return np.ones([len(call.inputs["seed"]), 4], np.float32)


def test_a_request_answered_by_two_versions_is_asked_again(text):
    plan = RequestBuilder(False, chunk_rows=2).ask("latents", seeds=range(4))
    next(plan)
    calls = plan.send([reply(text)])
    assert [len(call.inputs["seed"]) for call in calls] == [2, 2]
    mixed = [reply(text, version, latent=latent_rows(calls[0])) for version in (1, 2)]
    assert [call.signature for call in plan.send(mixed)] == ["latents", "latents"]
    with pytest.raises(StopIteration) as done:
        plan.send([reply(text, 2, latent=latent_rows(call)) for call in calls])
    assert done.value.value["latent"].shape == (4, 4)


def test_a_request_that_two_versions_keep_answering_fails(text):
    plan = RequestBuilder(False, chunk_rows=2).ask("latents", seeds=range(4))
    next(plan)
    calls = plan.send([reply(text)])
    mixed = [reply(text, version, latent=latent_rows(calls[0])) for version in (1, 2)]
    plan.send(mixed)
    with pytest.raises(ServingError, match="changed its version while it answered"):
        plan.send(mixed)


@pytest.mark.parametrize(("is_pinned", "reads"), [(False, 2), (True, 1)])
def test_a_description_grows_old_unless_the_version_is_pinned(text, is_pinned, reads):
    now = [0.0]
    builder = RequestBuilder(is_pinned, clock=lambda: now[0])
    count = 0
    for now[0] in (1.0, 50.0, 100.0, 101.0):
        plan = builder.describe()
        try:
            next(plan)
            count += 1
            plan.send([reply(text, None)])
        except StopIteration:
            pass
    assert count == reads


# ---- A server with moods -------------------------------------------------------------------------


class Moody(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers UNAVAILABLE a few times, then a latent; or never in time."""

    def __init__(self, failures, text):
        self.failures = failures
        self.text = text
        self.calls = 0
        self.most = 0
        self.metadata = None
        self.release = threading.Event()
        self._now = 0
        self._lock = threading.Lock()

    def Predict(self, request, context):
        self.metadata = dict(context.invocation_metadata())
        signature = request.model_spec.signature_name
        if signature == "describe":
            reply = predict_pb2.PredictResponse()
            reply.outputs["description"].CopyFrom(tf.make_tensor_proto([self.text]))
            return reply
        with self._lock:
            self.calls += 1
            self._now += 1
            self.most = max(self.most, self._now)
        if self.failures is None:
            self.release.wait(5)
        elif self.calls <= self.failures:
            context.abort(grpc.StatusCode.UNAVAILABLE, "queue full")
        self.release.wait(0.02)
        with self._lock:
            self._now -= 1
        reply = predict_pb2.PredictResponse()
        seeds = tf.make_ndarray(request.inputs["seed"])
        rows = np.repeat(seeds[:, None], 4, axis=1).astype(np.float32)
        reply.outputs["latent"].CopyFrom(tf.make_tensor_proto(rows))
        return reply


@pytest.fixture
def moody(text):
    server = grpc.server(futures.ThreadPoolExecutor(8))
    port = server.add_insecure_port("127.0.0.1:0")

    def start(failures):
        servicer = Moody(failures, text)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(servicer, server)
        server.start()
        return servicer, f"127.0.0.1:{port}"

    yield start
    server.stop(0).wait()


def test_unavailable_is_tried_again(moody, client_class):
    servicer, target = moody(failures=2)
    with client_class(target) as client:
        np.testing.assert_array_equal(client.latents([1]), np.ones([1, 4]))
    assert servicer.calls == 3


def test_tries_are_limited_and_the_text_is_kept(moody, client_class):
    servicer, target = moody(failures=99)
    with client_class(target, max_retries=2) as client, pytest.raises(Unavailable) as caught:
        client.latents([1])
    assert (servicer.calls, caught.value.text) == (3, "queue full")


def test_whatever_the_model_describes_may_be_asked_again(moody, client_class):
    servicer, target = moody(failures=1)
    document = json.loads(servicer.text)
    document["fields"]["draw_lots"] = document["fields"]["latents"]
    servicer.text = json.dumps(document).encode()
    with client_class(target) as client:
        np.testing.assert_array_equal(client.call("draw_lots", seed=[3])["latent"], [[3.0] * 4])
    assert servicer.calls == 2


def test_the_deadline_holds(moody, client_class):
    servicer, target = moody(failures=None)
    with client_class(target, timeout=0.5) as client, pytest.raises(DeadlineExceeded):
        client.latents([1])
    servicer.release.set()
    assert servicer.calls == 1


def test_as_many_messages_travel_together_as_are_allowed(moody, client_class):
    servicer, target = moody(failures=0)
    with client_class(target, chunk_rows=1, max_concurrency=3) as client:
        np.testing.assert_array_equal(client.latents(range(9))[:, 0], range(9))
    assert (servicer.calls, servicer.most) == (9, 3)


def test_a_failing_message_ends_the_request(moody, client_class):
    servicer, target = moody(failures=99)
    options = {"chunk_rows": 1, "max_concurrency": 2, "max_retries": 0}
    with client_class(target, **options) as client, pytest.raises(Unavailable):
        client.latents(range(50))
    assert servicer.calls < 50


def test_the_api_key_travels_over_grpc(moody, client_class):
    servicer, target = moody(failures=0)
    with client_class(target, api_key="secret") as client:
        client.latents([1])
    assert servicer.metadata["x-api-key"] == "secret"


# ---- HTTP, without a server ----------------------------------------------------------------------


def rest(**options):
    from serving.rest_transport import RestMessages

    return RestMessages(Endpoint("http://h:1/gan/", "a/b", **options))


def test_the_address_and_the_api_key_over_rest():
    assert rest().url == "http://h:1/gan/v1/models/a%2Fb:predict"
    assert rest(version=3).url.endswith("/versions/3:predict")
    assert rest(label="sta ble").url.endswith("/labels/sta%20ble:predict")
    assert rest(api_key="secret").headers["x-api-key"] == "secret"


@pytest.mark.parametrize(
    ("status", "content", "kind", "text"),
    [
        (401, b'{"error": "no key"}', Unauthenticated, "no key"),
        (413, b'{"error": "too long"}', ResourceExhausted, "too long"),
        (503, b"<html>busy", Unavailable, "<html>busy"),
        (502, b"", Unavailable, "HTTP status 502"),
        (418, b'{"error": "tea"}', RequestError, "tea"),
        (200, b"{}", InternalError, "the reply does not hold the outputs"),
        (200, b'{"outputs": [[1], [1, 2]]}', InternalError, "lists of [1, 2] values"),
        (200, b'{"outputs": [[1], 2]}', InternalError, "the reply does not hold the outputs"),
        (200, b"nonsense", InternalError, "the reply does not hold the outputs"),
    ],
)
def test_answers_that_are_none(status, content, kind, text):
    call = Call("latents", {}, {"latent": "float32"})
    with pytest.raises(kind) as caught:
        rest().reply(call, status, content)
    assert text in caught.value.text


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4, 1), (1, 0), (0,)])
def test_numbers_arrive_as_they_are_nested(shape):
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    content = json.dumps({"outputs": values.tolist()}).encode()
    reply = rest().reply(Call("latents", {}, {"latent": "float32"}), 200, content)
    np.testing.assert_array_equal(reply.outputs["latent"], values)
    assert reply.outputs["latent"].dtype == np.float32


def test_a_message_that_is_no_answer(text):
    from serving.grpc_transport import GrpcMessages

    call = Call("latents", {}, {"latent": "float32"})
    with pytest.raises(InternalError, match="the reply does not hold the outputs"):
        GrpcMessages(Endpoint("h:1")).reply(call, predict_pb2.PredictResponse())


def test_a_refused_certificate_is_not_tried_again():
    error = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")
    assert isinstance(rest().error(error, 1.0, _Way()), HandshakeFailed)


class Forgetful(socketserver.StreamRequestHandler):
    """Answers so many requests on a connection, and ends it as the next one arrives."""

    answers = 1

    def handle(self):
        for number in itertools.count():
            length = 0
            while (line := self.rfile.readline()).strip():
                name, _, value = line.decode().lower().partition(":")
                length = int(value) if name == "content-length" else length
            self.server.requests += bool(self.rfile.read(length))
            if not length or number == self.answers:
                return
            content = json.dumps({"outputs": [self.server.text.decode()]}).encode()
            self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(content))
            self.wfile.write(content)


@pytest.fixture
def forgetful(text):
    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Forgetful) as server:
        server.text, server.requests = text, 0
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_request_that_dies_on_a_kept_connection_is_sent_again(forgetful, client_class):
    server, target = forgetful
    with client_class(target, max_retries=0) as client:
        for _ in range(3):
            getattr(client, "client", client)._builder = RequestBuilder(
                False
            )  # the description is forgotten
            assert client.describe()["name"] == "tiny"
    assert server.requests == 5


def test_a_request_that_dies_on_a_new_connection_is_not(forgetful, client_class, monkeypatch):
    server, target = forgetful
    monkeypatch.setattr(Forgetful, "answers", 0)
    with client_class(target, max_retries=0) as client, pytest.raises(Unavailable):
        client.describe()
    assert server.requests == 1


# ---- TLS -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Self-signed pairs for 127.0.0.1: the server's, a client's and a stranger's."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here, which would make certificates")
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("server", "client", "stranger"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
             "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}",
             "-addext", "subjectAltName=IP:127.0.0.1"],
            cwd=folder, check=True, capture_output=True,
        )  # fmt: skip
    return folder


class Canned(http.server.BaseHTTPRequestHandler):
    """Answers every POST with a description."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        content = json.dumps({"outputs": [self.server.text.decode()]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture(params=["grpcs", "https"])
def secure(request, certificates, text):
    """The address of a server that asks its clients for a certificate."""
    with contextlib.ExitStack() as stack:
        start = _secure_grpc if request.param == "grpcs" else _secure_http
        yield f"{request.param}://127.0.0.1:{start(stack, certificates, text)}"


def _secure_grpc(stack, folder, text):
    server = grpc.server(futures.ThreadPoolExecutor(4))
    pair = ((folder / "server.key").read_bytes(), (folder / "server.pem").read_bytes())
    credentials = grpc.ssl_server_credentials(
        [pair], (folder / "client.pem").read_bytes(), require_client_auth=True
    )
    servicer = Moody(0, text)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(servicer, server)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    stack.callback(lambda: server.stop(0).wait())
    return port


def _secure_http(stack, folder, text):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=folder / "client.pem")
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.verify_mode = ssl.CERT_REQUIRED
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Canned)
    server.handle_error = lambda *_: None
    server.text = text
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    stack.callback(thread.join)
    stack.callback(server.shutdown)
    return server.server_port


def test_mutual_tls(secure, certificates, client_class):
    files = {
        "ca_certificate": str(certificates / "server.pem"),
        "client_certificate": str(certificates / "client.pem"),
        "client_key": str(certificates / "client.key"),
    }
    with client_class(secure, **files) as client:
        assert client.describe()["name"] == "tiny"


def test_a_server_whose_certificate_does_not_match(secure, certificates, client_class):
    stranger = str(certificates / "stranger.pem")
    with client_class(secure, ca_certificate=stranger, timeout=10) as client:
        with pytest.raises(HandshakeFailed) as caught:
            client.describe()
    assert caught.value.status == "UNAVAILABLE"


def test_a_client_without_a_certificate_is_not_let_in(secure, certificates, client_class):
    authority = str(certificates / "server.pem")
    options = {"ca_certificate": authority, "timeout": 10, "max_retries": 1}
    with client_class(secure, **options) as client, pytest.raises(Unavailable):
        client.describe()


# ---- Its life ------------------------------------------------------------------------------------


def test_a_closed_client_says_so(digits_server, target_of, client_class):
    with client_class(target_of(digits_server), "digits") as client:
        client.generate([1])
        client.close()
        with pytest.raises(UsageError, match="client: it was closed; make another one"):
            client.generate([1])


def test_one_client_in_several_event_loops(digits_server, target_of):
    """One after the other, and in a thread while the first is still there."""

    async def ask():
        return (await client.generate([1]))["label"].tolist()

    client = AsyncClient(target_of(digits_server), "digits")
    assert [asyncio.run(ask()) for _ in range(3)] == [[1]] * 3
    with asyncio.Runner() as runner, futures.ThreadPoolExecutor(1) as pool:
        assert runner.run(ask()) == pool.submit(asyncio.run, ask()).result() == runner.run(ask())
        runner.run(client.close())
