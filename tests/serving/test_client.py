"""One client over both transports, against a real endpoint."""

import io
import threading
from concurrent import futures

import grpc
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving import Client, InvalidArgument, NotFound, RequestError, Unavailable, UsageError
from serving.client import Client as ClientClass
from serving.errors import DeadlineExceeded, FailedPrecondition


@pytest.fixture
def client(digits_server, target_of):
    with Client(target_of(digits_server), "digits", timeout=20.0) as client:
        yield client


@pytest.fixture
def point_client(points_server, target_of):
    with Client(target_of(points_server), "points") as client:
        yield client


@pytest.fixture(scope="module")
def expected(digits):
    return tf.saved_model.load(str(digits / "1")).signatures


def test_describe(client):
    document = client.describe()
    assert document["condition"]["num_classes"] == 10
    assert document is client.describe()


def test_generate(client, expected):
    samples = client.generate([3, 14, -5])
    wanted = expected["generate"](seed=tf.constant([3, 14, -5], tf.int64))
    assert (samples["image"].dtype, samples["label"].dtype) == (np.uint8, np.int64)
    np.testing.assert_array_equal(samples["image"], wanted["image"])
    np.testing.assert_array_equal(samples["label"], [3, 4, 5])


def test_generate_conditional(client, expected):
    samples = client.generate_conditional(range(4), [0, 9, 2, 2])
    wanted = expected["generate_conditional"](
        seed=tf.range(4, dtype=tf.int64), label=tf.constant([0, 9, 2, 2], tf.int64)
    )
    assert list(samples) == ["image"]
    np.testing.assert_array_equal(samples["image"], wanted["image"])


def test_one_label_for_all(client):
    np.testing.assert_array_equal(
        client.generate_conditional([1, 2], 7)["image"],
        client.generate_conditional([1, 2], [7, 7])["image"],
    )


def test_png(client):
    files, pixels = client.generate([1, 2], png=True), client.generate([1, 2])
    np.testing.assert_array_equal(files["label"], pixels["label"])
    for file, image in zip(files["image_bytes"], pixels["image"], strict=True):
        assert type(file) is bytes
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(file))), image[..., 0])
    conditional = client.generate_conditional([1, 2], [1, 2], png=True)
    np.testing.assert_array_equal(conditional["image_bytes"], files["image_bytes"])


def test_latents_decode_to_what_generate_gives(client):
    latents = client.latents([5, 6])
    assert (latents.dtype, latents.shape) == (np.float32, (2, 4))
    np.testing.assert_array_equal(
        client.decode(latents, [5, 6])["image"], client.generate([5, 6])["image"]
    )


def test_score(client):
    samples = client.generate(range(3))
    realism = client.score(samples["image"], samples["label"])
    assert (realism.dtype, realism.shape) == (np.float32, (3,))
    wanted = samples["image"].mean(axis=(1, 2, 3)) + samples["label"]
    np.testing.assert_allclose(realism, wanted, rtol=1e-6)


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


def test_chunks_are_joined_in_order(digits_server, target_of, client, monkeypatch):
    with Client(target_of(digits_server), "digits", chunk_rows=3) as chunked:
        sizes, call = [], chunked._transport.call

        def counting(signature, inputs, *rest):
            sizes.append((signature, len(next(iter(inputs.values())))))
            return call(signature, inputs, *rest)

        monkeypatch.setattr(chunked._transport, "call", counting)
        chunks = chunked.generate(range(8))
        files = chunked.generate(range(4), png=True)
    assert sizes[1:4] == [("generate", 3), ("generate", 3), ("generate", 2)]
    whole = client.generate(range(8))
    np.testing.assert_array_equal(chunks["image"], whole["image"])
    np.testing.assert_array_equal(chunks["label"], whole["label"])
    assert [type(file) for file in files["image_bytes"]] == [bytes] * 4


def test_messages_stay_small_by_default(client):
    description = client._described()
    assert client._rows_per_chunk(description) == 1024
    large = description.document | {
        "sample": {"output": "image", "shape": [512, 512, 3], "dtype": "uint8"}
    }
    rows = client._rows_per_chunk(type(description)(large))
    assert 1 <= rows <= 2


def test_messages_beyond_four_mebibytes_are_taken(digits_server):
    with Client(f"127.0.0.1:{digits_server.port}", "digits", chunk_rows=50_000) as client:
        assert client.generate(range(50_000))["image"].shape == (50_000, 8, 8, 1)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda c: c.generate([]), "seed: received shape [0]; expected rows"),
        (lambda c: c.generate([1.5]), "seed: received float64 values; expected int64"),
        (lambda c: c.generate(["a"]), "seed: received <U1 values; expected int64"),
        (lambda c: c.generate([2**63]), "seed: 9223372036854775808 does not fit int64"),
        (lambda c: c.generate([[1]]), "seed: received shape [1, 1]; expected [n]"),
        (lambda c: c.generate(5), "seed: received shape []; expected rows"),
        (lambda c: c.generate([[1], [1, 2]]), "seed: rows of unequal shapes"),
        (
            lambda c: c.generate_conditional([1], [10]),
            "label: 10 is out of range; this model accepts 0 to 9",
        ),
        (lambda c: c.generate_conditional([1], -1), "label: -1 is out of range"),
        (lambda c: c.generate_conditional([1, 2], [1]), "rows: every input needs equally many"),
        (
            lambda c: c.decode(np.zeros([1, 5], np.float32), [1]),
            "latent: received shape [1, 5]; expected [n, 4]",
        ),
        (
            lambda c: c.decode(np.zeros([1, 4], np.float32)),
            "decode: received the inputs ['latent']",
        ),
        (
            lambda c: c.score(np.zeros([1, 8, 8, 1]), [1]),
            "image: received float64 values; expected uint8",
        ),
        (lambda c: c.score(np.full([1, 8, 8, 1], 256), [1]), "image: 256 does not fit uint8"),
        (
            lambda c: c.score(np.zeros([8, 8, 1], np.uint8), [1] * 8),
            "image: received shape [8, 8, 1]; expected [n, 8, 8, 1]",
        ),
        (lambda c: c.predict("encode", {}), "signature: the model has no 'encode'; it has decode,"),
        (
            lambda c: c.predict("generate", {"x": [1]}),
            "generate: received the inputs ['x']; the model takes ['seed']",
        ),
    ],
)
def test_bad_input_is_named_before_it_is_sent(client, call, text):
    client.describe()
    client._transport.call = None  # whoever sends fails
    with pytest.raises(UsageError) as caught:
        call(client)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda c: c.generate([1], png=True), "signature: the model has no 'generate_png'"),
        (
            lambda c: c.generate_conditional([1], [1]),
            "labels: generate_conditional of this model takes no",
        ),
        (lambda c: c.decode(np.zeros([1, 4]), 1), "labels: decode of this model takes no labels"),
    ],
)
def test_what_an_unconditional_model_refuses(point_client, call, text):
    with pytest.raises(UsageError) as caught:
        call(point_client)
    assert text in str(caught.value)


def test_the_servers_text_is_kept(client, monkeypatch):
    monkeypatch.setattr("serving.description.Description.check_labels", lambda *_: None)
    with pytest.raises(InvalidArgument) as caught:
        client.generate_conditional([1], [77])
    assert caught.value.status == "INVALID_ARGUMENT"
    assert caught.value.text.startswith("assertion failed: [label out of range]")


def test_unknown_model_and_version(digits_server, target_of):
    for options, text in [
        ({"model": "no"}, "Servable not found for request: Latest(no)"),
        ({"model": "digits", "version": 7}, "Servable not found for request: Specific(digits, 7)"),
    ]:
        with (
            Client(target_of(digits_server), **options) as client,
            pytest.raises(NotFound) as caught,
        ):
            client.describe()
        assert caught.value.text == text


def test_a_model_that_does_not_describe_itself(half_plus_two_server, target_of):
    kinds = (FailedPrecondition, InvalidArgument)  # REST has one status for both
    with Client(target_of(half_plus_two_server)) as client, pytest.raises(kinds) as caught:
        client.generate([1])
    assert "describe" in caught.value.text


def test_a_pinned_version(digits_server, target_of):
    with Client(target_of(digits_server), "digits", version=1) as client:
        assert client.latents([1]).shape == (1, 4)


def test_nobody_there(target_of):
    class Nowhere:
        port = rest_api_port = 1

    with Client(target_of(Nowhere), timeout=5, max_retries=1) as client:
        with pytest.raises(Unavailable) as caught:
            client.generate([1])
        assert isinstance(caught.value, RequestError)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"target": "localhost"}, "target: 'localhost' names no endpoint"),
        ({"target": "ftp://host:1"}, "target: 'ftp://host:1' names no endpoint"),
        ({"target": "h:1", "timeout": 0}, "timeout: received 0"),
        ({"target": "h:1", "max_retries": -1}, "max_retries: received -1"),
        ({"target": "h:1", "chunk_rows": 0}, "chunk_rows: received 0"),
    ],
)
def test_bad_options(options, text):
    with pytest.raises(UsageError, match=text.replace("(", r"\(")):
        ClientClass(**options)


class Moody(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers UNAVAILABLE a few times, then a latent; or never in time."""

    def __init__(self, failures, text):
        self.failures = failures
        self.text = text
        self.calls = 0
        self.release = threading.Event()

    def Predict(self, request, context):
        signature = request.model_spec.signature_name
        if signature == "describe":
            reply = predict_pb2.PredictResponse()
            reply.outputs["description"].CopyFrom(tf.make_tensor_proto([self.text]))
            return reply
        self.calls += 1
        if self.failures is None:
            self.release.wait(5)
        elif self.calls <= self.failures:
            context.abort(grpc.StatusCode.UNAVAILABLE, "queue full")
        reply = predict_pb2.PredictResponse()
        reply.outputs["latent"].CopyFrom(tf.make_tensor_proto(np.ones([1, 4], np.float32)))
        return reply


@pytest.fixture
def moody(expected):
    text = expected["describe"](row=tf.constant([0], tf.int64))["description"].numpy()[0]
    server = grpc.server(futures.ThreadPoolExecutor(4))
    port = server.add_insecure_port("127.0.0.1:0")

    def start(failures):
        servicer = Moody(failures, text)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(servicer, server)
        server.start()
        return servicer, f"127.0.0.1:{port}"

    yield start
    server.stop(0).wait()


def test_unavailable_is_tried_again(moody):
    servicer, target = moody(failures=2)
    with Client(target) as client:
        np.testing.assert_array_equal(client.latents([1]), np.ones([1, 4]))
    assert servicer.calls == 3


def test_tries_are_limited_and_the_text_is_kept(moody):
    servicer, target = moody(failures=99)
    with Client(target, max_retries=2) as client, pytest.raises(Unavailable) as caught:
        client.latents([1])
    assert (servicer.calls, caught.value.text) == (3, "queue full")


def test_the_deadline_holds(moody):
    servicer, target = moody(failures=None)
    with Client(target, timeout=0.5) as client, pytest.raises(DeadlineExceeded):
        client.latents([1])
    servicer.release.set()
    assert servicer.calls == 1
