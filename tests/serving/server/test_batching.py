"""Batching: the parameters file, rows that find their way back, and mates that are not harmed."""

import asyncio

import httpx
import numpy as np
import pytest

from serving import UsageError
from serving.server.batcher import Batcher
from serving.server.batching import BatchingParameters, batch_size, read_parameters
from serving.server.models import Servable
from serving.server.request_queue import ModelCall, QueueLimits
from serving.server.runtime import SavedModelRuntime
from serving.server.status import Code, StatusError
from tests.serving.server.calls import arrays, refusal, request_for, stub

TOGETHER = BatchingParameters(
    max_batch_size=64,
    batch_timeout_micros=200_000,
    num_batch_threads=2,
    allowed_batch_sizes=(8, 64),
)


@pytest.fixture(scope="module")
def load():
    """Loads exports as versions that a batcher can run."""
    loaded = {}

    def load(export):
        if export not in loaded:
            runtime = SavedModelRuntime(str(export))
            loaded[export] = Servable(export.parent.name, 1, runtime, unload=lambda _: None)
        return loaded[export]

    yield load
    for servable in loaded.values():
        servable.runtime.close()


@pytest.fixture(scope="module")
def digits_servable(digits, load):
    return load(digits / "1")


@pytest.fixture(scope="module")
def half_plus_two_servable(half_plus_two, load):
    return load(half_plus_two / "123")


def at_once(calls, parameters=TOGETHER):
    """Asks for all at the same moment; returns outputs, rows of the batch and errors, in order.

    Args:
        calls: version, signature, inputs and outputs of each.
        parameters: how they share batches.
    """

    async def run(batcher, servable, name, inputs, outputs):
        try:
            size = batch_size(inputs, parameters)
            call = ModelCall(servable, name, inputs, outputs, size, size)
            execution = await batcher.run(call)
            return execution.outputs, execution.batch_rows
        except StatusError as error:
            return error

    async def main():
        batcher = Batcher(QueueLimits(4, 100, 2**30), parameters)
        try:
            return await asyncio.gather(*(run(batcher, *call) for call in calls))
        finally:
            batcher.close()

    return asyncio.run(main())


def alone(servable, name, inputs, outputs):
    return servable.runtime.run(name, inputs, outputs)


@pytest.fixture
def parameters_file(tmp_path):
    def write(text):
        path = tmp_path / "batching.txt"
        path.write_text(text)
        return str(path)

    return write


def test_rows_find_their_way_back(digits_servable):
    seeds = [np.arange(start, start + size) for start, size in ((0, 1), (100, 5), (7, 3), (50, 2))]
    calls = [(digits_servable, "generate", {"seed": s}, ("image", "label")) for s in seeds]
    results = at_once(calls)
    for call, (outputs, rows) in zip(calls, results, strict=True):
        for name, expected in alone(*call).items():
            np.testing.assert_array_equal(outputs[name], expected)
        assert rows == 64  # eleven, padded


def test_rows_of_one_shape_run_together_and_others_apart(workshop, load):
    servable = load(workshop / "1")
    pictures = [np.full((rows, 3, width, 1), width, np.uint8) for rows, width in ((1, 2), (2, 2))]
    pictures.append(np.zeros((1, 9, 4, 1), np.uint8))
    calls = [(servable, "translate_to_a", {"image": picture}, ["image"]) for picture in pictures]
    results = at_once(calls, BatchingParameters(batch_timeout_micros=200_000))
    assert [rows for _, rows in results] == [3, 3, 1]
    for picture, (outputs, _) in zip(pictures, results, strict=True):
        np.testing.assert_array_equal(outputs["image"], 255 - picture)


def test_strings_and_several_inputs_are_batched(half_plus_two_servable, digits_servable):
    texts = [np.array([b"a", "ü".encode(), b""], object), np.array([b"\x00"], object)]
    echoes = at_once([(half_plus_two_servable, "echo", {"s": t}, ["text"]) for t in texts])
    assert [list(outputs["text"]) for outputs, _ in echoes] == [list(text) for text in texts]
    inputs = {"seed": np.array([1, 2]), "label": np.array([3, 4])}
    ((outputs, _),) = at_once(
        [(digits_servable, "generate_conditional_png", inputs, ["image_bytes"])]
    )
    assert all(png.startswith(b"\x89PNG") for png in outputs["image_bytes"])


def test_a_bad_row_fails_its_own_request_only(digits_servable):
    calls = [
        (
            digits_servable,
            "generate_conditional",
            {"seed": np.array([1]), "label": np.array([label])},
            ["image"],
        )
        for label in (0, 5, 99, 9)
    ]
    results = at_once(calls)
    assert results[2].code == Code.INVALID_ARGUMENT
    assert "label out of range" in results[2].text
    assert "[y (" in results[2].text
    for position in (0, 1, 3):
        outputs, _ = results[position]
        assert outputs["image"].shape == (1, 8, 8, 1)


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        (
            {"a": np.zeros(2), "b": np.zeros(3), "c": np.zeros(2), "d": np.zeros(2)},
            "Batching Run() input tensors must have equal 0th-dimension size",
        ),
        (
            {"a": np.zeros(1), "b": np.zeros([]), "c": np.zeros(1), "d": np.zeros(1)},
            "Batching Run() input tensors must have at least one dimension",
        ),
        ({"a": np.zeros(65)}, "Task size 65 is larger than maximum input batch size 64"),
    ],
)
def test_inputs_that_no_batch_can_take(inputs, text):
    with pytest.raises(StatusError) as caught:
        batch_size(inputs, TOGETHER)
    assert (caught.value.code, caught.value.text) == (Code.INVALID_ARGUMENT, text)


def test_a_type_keeps_the_runtimes_own_text(half_plus_two_servable):
    (error,) = at_once([(half_plus_two_servable, "serving_default", {"x": np.array([True])}, "y")])
    assert error.text == "Expects arg[0] to be float but bool is provided"


def test_sizes_at_the_edges(half_plus_two_servable):
    empty = {"x": np.zeros([0, 3], "f")}
    ((outputs, rows),) = at_once([(half_plus_two_servable, "serving_default", empty, "y")])
    assert (outputs["y"].shape, rows) == ((0, 3), None)
    assert batch_size({"a": np.zeros([4, 2]), "b": np.zeros(4)}, TOGETHER) == 4
    assert batch_size({"a": np.zeros([4, 2]), "b": np.zeros(4)}, None) == 0


def test_large_requests_are_split_where_that_is_allowed(half_plus_two_servable):
    parameters = BatchingParameters(
        max_batch_size=1000, enable_large_batch_splitting=True, max_execution_batch_size=64
    )
    x = np.arange(300, dtype=np.float32)
    calls = [(half_plus_two_servable, "serving_default", {"x": x}, ["y"])]
    ((outputs, rows),) = at_once(calls, parameters)
    np.testing.assert_array_equal(outputs["y"], 0.5 * x + 2)
    assert rows == 64


def test_a_full_queue_is_unavailable_at_once(half_plus_two_servable):
    parameters = BatchingParameters(max_batch_size=1, max_enqueued_batches=1, num_batch_threads=1)
    slow = (half_plus_two_servable, "slow", {"n": np.array([60_000])}, ["x"])
    results = at_once([slow] * 6, parameters)
    refused = [result for result in results if isinstance(result, StatusError)]
    assert refused
    assert {error.code for error in refused} == {Code.UNAVAILABLE}
    assert "queue to which this task was submitted is full" in refused[0].text
    assert "\n" not in refused[0].text


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("max_batch_sise { value: 8 }", 'has no field named "max_batch_sise"'),
        ("max_batch_size { value: 0 }", "max_batch_size is 0; expected 1 or more"),
        ("max_batch_size: 8", "is no text protocol buffer BatchingParameters"),
        (
            "max_batch_size { value: 8 } allowed_batch_sizes: 4",
            "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 4, "
            "expected 8",
        ),
        ("allowed_batch_sizes: 8 allowed_batch_sizes: 8", "expected increasing sizes"),
        ("batch_timeout_micros { value: -1 }", "expected >= 0"),
        ("pad_variable_length_inputs: true", "is not supported here"),
    ],
)
def test_a_wrong_parameters_file_is_named(parameters_file, text, error):
    with pytest.raises(UsageError) as caught:
        read_parameters(parameters_file(text))
    assert error in str(caught.value)
    assert str(caught.value).startswith("batching_parameters_file: ")


def test_the_parameters_of_the_deployment_are_understood(parameters_file):
    text = """
      max_batch_size { value: 128 }  # a comment
      batch_timeout_micros { value: 1000 }
      num_batch_threads { value: 4 }
      thread_pool_name { value: "batch" }
      enable_large_batch_splitting { value: true }
      max_execution_batch_size { value: 32 }
      allowed_batch_sizes: 8 allowed_batch_sizes: 32 allowed_batch_sizes: 128
    """
    parameters = read_parameters(parameters_file(text))
    assert parameters.max_batch_size == 128
    assert parameters.allowed_batch_sizes == (8, 32, 128)
    assert [parameters.padded(size) for size in (1, 8, 9, 32, 33)] == [8, 8, 32, 32, 32]
    assert read_parameters(parameters_file("")) == BatchingParameters()


def test_many_clients_share_batches(digits, start_server, parameters_file):
    file = parameters_file(
        "max_batch_size { value: 64 } batch_timeout_micros { value: 20000 } "
        "num_batch_threads { value: 1 } max_enqueued_batches { value: 100 }"
    )
    server = start_server(digits, enable_batching=True, batching_parameters_file=file)
    with stub(server) as prediction:
        call = prediction.Predict.future
        for _ in range(4):
            pending = [call(request_for({"seed": np.array([seed])})) for seed in range(64)]
            labels = [int(arrays(reply.result())["label"][0]) for reply in pending]
            assert labels == [seed % 10 for seed in range(64)]
    page = httpx.get(f"http://127.0.0.1:{server.rest_api_port}/monitoring/prometheus/metrics").text
    (batches,) = [
        float(line.split()[1])
        for line in page.splitlines()
        if line.startswith("saddlepoint_batches_total{")
    ]
    assert batches <= 256 / 3


def test_requests_over_both_interfaces_are_answered_alike(digits, start_server):
    server = start_server(digits, enable_batching=True)
    url = f"http://127.0.0.1:{server.rest_api_port}/v1/models/default:predict"
    inputs = {"seed": [1, 2], "label": [3, 99]}
    body = {"signature_name": "generate_conditional", "inputs": inputs}
    reply = httpx.post(url, json=body)
    with stub(server) as prediction:
        columns = {name: np.array(column) for name, column in inputs.items()}
        request = request_for(columns, signature="generate_conditional")
        code, text = refusal(prediction.Predict, request)
    assert (reply.status_code, code) == (400, "INVALID_ARGUMENT")
    assert "label out of range" in text
    assert "label out of range" in reply.json()["error"]
