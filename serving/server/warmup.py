"""Replays recorded requests before a version becomes available."""

import os

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving.server.runtime import SavedModelRuntime, as_status
from serving.server.signatures import (
    DEFAULT_SIGNATURE,
    read_inputs,
    select_outputs,
    signature_not_found,
)
from serving.server.status import Code, StatusError, invalid_argument

REQUESTS_FILE = os.path.join("assets.extra", "tf_serving_warmup_requests")
MAX_RECORDS = 1000

_QUOTED = 256  # bytes of a record that an error repeats


def replay(runtime: SavedModelRuntime, export_dir: str) -> int:
    """Runs every request in the export's warm-up file and returns how many there were.

    The file is a TFRecord of PredictionLog; missing or empty is fine.

    Raises:
        StatusError: a record is broken or fails, or there are more than `MAX_RECORDS`.
    """
    path = os.path.join(export_dir, REQUESTS_FILE)
    if not tf.io.gfile.exists(path):
        return 0
    count = 0
    try:
        with as_status():
            for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
                count += 1
                if count > MAX_RECORDS:
                    raise invalid_argument(
                        f"Number of warmup records exceeds the maximum ({MAX_RECORDS}) at {path}"
                    )
                _replay_record(runtime, record, path)
    except StatusError as error:
        if error.code != Code.DATA_LOSS:
            raise
        remedy = ". Please verify your warmup data is in TFRecord format."
        raise StatusError(Code.DATA_LOSS, error.text + remedy) from error
    return count


def _replay_record(runtime: SavedModelRuntime, record: bytes, path: str) -> None:
    log = prediction_log_pb2.PredictionLog()
    try:
        log.ParseFromString(record)
    except Exception as error:  # protobuf's DecodeError has no public name in every backend
        text = f"Failed to parse warmup record: {record[:_QUOTED]!r} from {path}"
        raise invalid_argument(text) from error
    kind = log.WhichOneof("log_type")
    if kind is None:
        return
    if kind != "predict_log":
        number = log.DESCRIPTOR.fields_by_name[kind].number
        text = f"Unsupported log_type for warmup: {number} ({kind})"
        raise StatusError(Code.UNIMPLEMENTED, text)
    request = log.predict_log.request
    name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    try:
        signature = runtime.signatures.get(name)
        if signature is None:
            raise signature_not_found(name)
        inputs = read_inputs(signature, request.inputs)
        outputs = select_outputs(signature, request.output_filter)
        runtime.run(name, inputs, outputs)
    except StatusError as error:
        text = f"A warmup request of signature {name!r} in {path} failed: {error.text}"
        raise StatusError(error.code, text) from error
