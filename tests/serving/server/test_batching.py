"""Batching: the parameters file, rows that find their way back, and mates that are not harmed."""

import threading
import time
from concurrent import futures

import httpx
import numpy as np
import pytest

from serving import UsageError
from serving.server.batching import BatchingParameters, num_rows, read_parameters
from serving.server.runtime import RuntimeOptions, SavedModelRuntime
from serving.server.status import Code, StatusError
from tests.serving.server.calls import arrays, refusal, request_for, stub

TOGETHER = BatchingParameters(
    max_batch_size=64,
    batch_timeout_micros=200_000,
    num_batch_threads=2,
    allowed_batch_sizes=(8, 64),
)


@pytest.fixture(scope="module")
def digits_runtime(digits):
    runtime = SavedModelRuntime(str(digits / "1"), RuntimeOptions(TOGETHER))
    yield runtime
    runtime.close()


@pytest.fixture(scope="module")
def half_plus_two_runtime(half_plus_two):
    runtime = SavedModelRuntime(str(half_plus_two / "123"), RuntimeOptions(TOGETHER))
    yield runtime
    runtime.close()


def at_once(calls):
    """Makes all calls at the same moment; returns results and errors in order."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait()
        try:
            return call()
        except StatusError as error:
            return error

    with futures.ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.fixture
def parameters_file(tmp_path):
    def write(text):
        path = tmp_path / "batching.txt"
        path.write_text(text)
        return str(path)

    return write


def test_rows_find_their_way_back(digits_runtime):
    seeds = [np.arange(start, start + size) for start, size in ((0, 1), (100, 5), (7, 3), (50, 2))]
    outputs = ("image", "label")
    results = at_once(
        [lambda s=s: digits_runtime.run("generate", {"seed": s}, outputs) for s in seeds]
    )
    for seed, result in zip(seeds, results, strict=True):
        alone = digits_runtime.run_alone("generate", {"seed": seed}, outputs)
        for name in outputs:
            np.testing.assert_array_equal(result.outputs[name], alone.outputs[name])
    assert {result.batch_rows for result in results} <= {8, 64}  # padded


def test_rows_of_one_shape_run_together_and_others_apart(workshop):
    """A signature of open sizes has no twin: TensorFlow would join what does not fit."""
    runtime = SavedModelRuntime(str(workshop / "1"), RuntimeOptions(TOGETHER))
    pictures = [np.full((rows, 3, width, 1), width, np.uint8) for rows, width in ((1, 2), (2, 2))]
    requests = [{"image": picture} for picture in pictures]
    assert runtime.is_batched("translate_to_a", requests[0])
    results = runtime.run_together("translate_to_a", requests, ["image"])
    assert [result.batch_rows for result in results] == [3, 3]
    for picture, result in zip(pictures, results, strict=True):
        np.testing.assert_array_equal(result.outputs["image"], 255 - picture)
    wide = np.zeros((1, 9, 4, 1), np.uint8)
    calls = [
        lambda p=p: runtime.run("translate_to_a", {"image": p}, ["image"])
        for p in (*pictures, wide)
    ]
    for picture, result in zip((*pictures, wide), at_once(calls), strict=True):
        np.testing.assert_array_equal(result.outputs["image"], 255 - picture)
    runtime.close()


def test_strings_and_several_inputs_are_batched(half_plus_two_runtime, digits_runtime):
    texts = [np.array([b"a", "ü".encode(), b""], object), np.array([b"\x00"], object)]
    run = half_plus_two_runtime.run
    echoes = at_once([lambda t=t: run("echo", {"s": t}, ["text"]) for t in texts])
    assert [list(echo.outputs["text"]) for echo in echoes] == [list(text) for text in texts]
    inputs = {"seed": np.array([1, 2]), "label": np.array([3, 4])}
    result = digits_runtime.run("generate_conditional_png", inputs, ["image_bytes"])
    assert all(png.startswith(b"\x89PNG") for png in result.outputs["image_bytes"])


def test_a_bad_row_fails_its_own_request_only(digits_runtime):
    labels = [np.array([label]) for label in (0, 5, 99, 9)]
    results = at_once(
        [
            lambda x=label: digits_runtime.run(
                "generate_conditional", {"seed": np.array([1]), "label": x}, ["image"]
            )
            for label in labels
        ]
    )
    assert results[2].code == Code.INVALID_ARGUMENT
    assert "label out of range" in results[2].text
    assert "[y (" in results[2].text
    for position in (0, 1, 3):
        assert results[position].outputs["image"].shape == (1, 8, 8, 1)


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
    ],
)
def test_inputs_without_common_rows(half_plus_two_runtime, inputs, text):
    floats = {name: array.astype(np.float32) for name, array in inputs.items()}
    with pytest.raises(StatusError) as caught:
        half_plus_two_runtime.run("four", floats, ["sum"])
    assert (caught.value.code, caught.value.text) == (Code.INVALID_ARGUMENT, text)


def test_a_type_keeps_the_runtimes_own_text(half_plus_two_runtime):
    with pytest.raises(StatusError) as caught:
        half_plus_two_runtime.run("serving_default", {"x": np.array([True])}, ["y"])
    assert caught.value.text == "Expects arg[0] to be float but bool is provided"


def test_sizes_at_the_edges(half_plus_two_runtime):
    empty = half_plus_two_runtime.run("serving_default", {"x": np.zeros([0, 3], "f")}, ["y"])
    assert empty.outputs["y"].shape == (0, 3)
    with pytest.raises(StatusError, match="Task size 65 is larger than maximum input"):
        half_plus_two_runtime.run("serving_default", {"x": np.zeros(65, "f")}, ["y"])
    assert num_rows({"a": np.zeros([4, 2]), "b": np.zeros(4)}) == 4


def test_large_requests_are_split_where_that_is_allowed(half_plus_two):
    parameters = BatchingParameters(
        max_batch_size=1000, enable_large_batch_splitting=True, max_execution_batch_size=64
    )
    runtime = SavedModelRuntime(str(half_plus_two / "123"), RuntimeOptions(parameters))
    x = np.arange(300, dtype=np.float32)
    result = runtime.run("serving_default", {"x": x}, ["y"])
    runtime.close()
    np.testing.assert_array_equal(result.outputs["y"], 0.5 * x + 2)
    assert result.batch_rows == 64


def test_a_full_queue_is_unavailable_at_once(half_plus_two):
    parameters = BatchingParameters(max_batch_size=1, max_enqueued_batches=1, num_batch_threads=1)
    runtime = SavedModelRuntime(str(half_plus_two / "123"), RuntimeOptions(parameters))
    n = {"n": np.array([60_000])}
    runtime.run_alone("slow", {"n": np.array([1])}, ["x"])
    results = at_once([lambda: runtime.run("slow", n, ["x"])] * 6)
    runtime.close()
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
    assert parameters.execution_sizes == [8, 32]
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


def test_a_lone_request_waits_no_longer_than_the_timeout(half_plus_two):
    parameters = BatchingParameters(max_batch_size=64, batch_timeout_micros=1000)
    runtime = SavedModelRuntime(str(half_plus_two / "123"), RuntimeOptions(parameters))

    def seconds():
        start = time.perf_counter()
        runtime.run("serving_default", {"x": np.array([1.0], np.float32)}, ["y"])
        return time.perf_counter() - start

    fastest = min(seconds() for _ in range(20))
    runtime.close()
    assert fastest < 0.02


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
