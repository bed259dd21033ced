"""Warm-up requests are replayed before a version becomes available."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, predict_pb2, prediction_log_pb2

from serving.server.runtime import SavedModelRuntime
from serving.server.status import Code, StatusError
from serving.server.warmup import REQUESTS_FILE, replay


@pytest.fixture(scope="module")
def runtime(half_plus_two):
    runtime = SavedModelRuntime(str(half_plus_two / "123"))
    yield runtime
    runtime.close()


@pytest.fixture
def write(tmp_path):
    def write(records):
        path = tmp_path / REQUESTS_FILE
        path.parent.mkdir()
        with tf.io.TFRecordWriter(str(path)) as writer:
            for record in records:
                writer.write(record)
        return str(tmp_path)

    return write


def record(value, signature="serving_default"):
    request = predict_pb2.PredictRequest()
    request.model_spec.signature_name = signature
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(value))
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(request)
    return log.SerializeToString()


GOOD = record(np.array([1.0], np.float32))


def test_every_record_is_run(runtime, write):
    assert replay(runtime, write([GOOD, record(np.float32(1), "plus_three")])) == 2


def test_a_record_of_nothing_is_fine(runtime, write):
    assert replay(runtime, write([b"", GOOD])) == 2


def test_missing_and_empty_are_fine(runtime, write, tmp_path):
    assert replay(runtime, str(tmp_path)) == 0
    assert replay(runtime, write([])) == 0


def test_a_thousand_records_are_taken_and_one_more_is_not(runtime, write):
    folder = write([GOOD] * 1001)
    with pytest.raises(StatusError) as caught:
        replay(runtime, folder)
    text = f"Number of warmup records exceeds the maximum (1000) at {folder}/{REQUESTS_FILE}"
    assert (caught.value.code, caught.value.text) == (Code.INVALID_ARGUMENT, text)


@pytest.mark.parametrize(
    ("content", "code", "text"),
    [
        (record(True), Code.INVALID_ARGUMENT, "Expects arg[0] to be float but bool is provided"),
        (record(1.0, "no"), Code.FAILED_PRECONDITION, 'Serving signature key "no" not found.'),
        (b"\xff", Code.INVALID_ARGUMENT, "Failed to parse warmup record: b'\\xff' from"),
        (
            prediction_log_pb2.PredictionLog(
                classify_log=prediction_log_pb2.ClassifyLog(
                    request=classification_pb2.ClassificationRequest()
                )
            ).SerializeToString(),
            Code.UNIMPLEMENTED,
            "Unsupported log_type for warmup: 2",
        ),
    ],
)
def test_a_failing_record_fails_the_load(runtime, write, content, code, text):
    folder = write([GOOD, content])
    with pytest.raises(StatusError) as caught:
        replay(runtime, folder)
    assert caught.value.code == code
    assert text in caught.value.text


def test_a_file_of_another_kind(runtime, tmp_path):
    path = tmp_path / REQUESTS_FILE
    path.parent.mkdir()
    path.write_bytes(b"no TFRecord, but long enough to be read as one")
    with pytest.raises(StatusError, match="Please verify your warmup data is in TFRecord"):
        replay(runtime, str(tmp_path))
