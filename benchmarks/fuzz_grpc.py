"""Hostile gRPC: methods, bytes, metadata and deadlines, and what came back."""

import random
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import grpc
import numpy as np
from google.protobuf.message import DecodeError, Message
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

from benchmarks import fuzz_documents
from benchmarks.fuzz_server import KEY

_PREDICTION, _MODEL = "/tensorflow.serving.PredictionService/", "/tensorflow.serving.ModelService/"
_REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
_WATCH = "/grpc.health.v1.Health/Watch"
_REQUESTS: dict[str, type[Message]] = {
    _PREDICTION + "Predict": predict_pb2.PredictRequest,
    _PREDICTION + "GetModelMetadata": get_model_metadata_pb2.GetModelMetadataRequest,
    _PREDICTION + "Classify": classification_pb2.ClassificationRequest,
    _PREDICTION + "Regress": regression_pb2.RegressionRequest,
    _PREDICTION + "MultiInference": inference_pb2.MultiInferenceRequest,
    _MODEL + "GetModelStatus": get_model_status_pb2.GetModelStatusRequest,
    _MODEL + "HandleReloadConfigRequest": model_management_pb2.ReloadConfigRequest,
    "/grpc.health.v1.Health/Check": health_pb2.HealthCheckRequest,
    # Releases before 1.82 have no such message; an empty one has the same bytes.
    "/grpc.health.v1.Health/List": getattr(
        health_pb2, "HealthListRequest", health_pb2.HealthCheckRequest
    ),
    _WATCH: health_pb2.HealthCheckRequest,
    _REFLECTION: reflection_pb2.ServerReflectionRequest,
}
_PREDICT, *_OTHERS = _REQUESTS
_RELOAD = _MODEL + "HandleReloadConfigRequest"
_DIMS = (0, 1, 1, 2, 3, 28, 64, 65, 100, 2**20, 2**24, 2**31, 2**40, 2**62, 2**63 - 1, -1, -(2**63))
_VERSIONS = (1, 0, 2, -1, 2**63 - 1, -(2**63))
_LABELS = ("stable", "", "ü", "x" * 10_000)
_PATHS = (
    "/", "/x", "//", "/tensorflow.serving.PredictionService/", _PREDICT + "/", _PREDICT.lower(),
    _PREDICT + "%00", "/../" + _PREDICT, "/grpc.health.v1.Health/Nothing", "/" + "x" * 5000,
    "/tensorflow.serving.SessionService/SessionRun", "/grpc.channelz.v1.Channelz/GetServers",
)  # fmt: skip
_FAULTS = {
    grpc.StatusCode.UNKNOWN: ("Some models did not become available",),
    grpc.StatusCode.INTERNAL: ("bytes received are no ",),
    grpc.StatusCode.UNAVAILABLE: ("The server is overloaded",),
}


@dataclass(frozen=True)
class Call:
    """One call: a method, whatever its bytes mean, and how it is made."""

    method: str
    data: bytes
    metadata: tuple[tuple[str, str | bytes], ...] = (("x-api-key", KEY),)
    timeout: float = 20.0
    cancelled: bool = False


class Answer(NamedTuple):
    """How a call ended."""

    code: grpc.StatusCode
    text: str

    @property
    def declared(self) -> bool:
        """Whether the interface says that a call may end so, or it is this program's fault."""
        excuses = _FAULTS.get(self.code)
        return excuses is None or any(excuse in self.text for excuse in excuses)


def carry_out(call: Call, channel: grpc.Channel) -> Answer:
    """Makes the call and waits for its end; of a stream, for its first message."""
    options: dict[str, Any] = {"metadata": call.metadata, "timeout": call.timeout}
    try:
        if call.method == _REFLECTION:
            return _first(channel.stream_stream(call.method)(iter([call.data]), **options))
        if call.method == _WATCH:
            return _first(channel.unary_stream(call.method)(call.data, **options))
        pending = channel.unary_unary(call.method).future(call.data, **options)
        if call.cancelled:
            pending.cancel()
            return Answer(grpc.StatusCode.CANCELLED, "")
        pending.result()
    except grpc.RpcError as error:
        return Answer(error.code(), error.details() or "")
    return Answer(grpc.StatusCode.OK, "")


def _first(stream: Any) -> Answer:
    next(stream, None)
    stream.cancel()
    return Answer(grpc.StatusCode.OK, "")


def send_raw(data: bytes, port: int) -> None:
    """Sends bytes to the gRPC port and waits until the endpoint has had enough of them."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        with suppress(OSError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(2**16):
                pass


# ---- Hostile calls, by family --------------------------------------------------------------------


def noise(chance: random.Random) -> Call:
    """Random bytes, to any method."""
    size = chance.choice([0, 1, 2, 5, 20, 200, 5000])
    return _harmless(chance, Call(chance.choice(list(_REQUESTS)), chance.randbytes(size)))


def mutated(chance: random.Random) -> Call:
    """Valid requests with bits flipped, bytes cut, repeated or spliced."""
    method = _PREDICT if chance.random() < 0.7 else chance.choice(_OTHERS)
    data = (_valid(chance) if method == _PREDICT else _other(chance, method)).SerializeToString()
    return _harmless(chance, Call(method, fuzz_documents.mutated(chance, data)))


def hostile_values(chance: random.Random) -> Call:
    """Requests that parse, and whose shapes, types, names or versions cannot be."""
    request = _valid(chance)
    for _ in range(chance.choice([1, 1, 2, 3])):
        chance.choice(_TWISTS)(chance, request)
    return Call(_PREDICT, request.SerializeToString())


def other_services(chance: random.Random) -> Call:
    """Everything but Predict: metadata, status, reload, health and reflection."""
    method = chance.choice(_OTHERS)
    return _harmless(chance, Call(method, _other(chance, method).SerializeToString()))


def envelopes(chance: random.Random) -> Call:
    """Valid bytes under wrong paths, with odd metadata, or with another key."""
    data = _valid(chance).SerializeToString()
    method = chance.choice(_PATHS) if chance.random() < 0.5 else _PREDICT
    metadata: list[tuple[str, Any]] = [
        ("x-api-key", chance.choice([KEY, KEY, "no", "", KEY * 100]))
    ]
    for _ in range(chance.choice([0, 1, 3, 50])):
        metadata.append(
            chance.choice(
                [
                    ("x-request-id", "r" * chance.choice([1, 129, 5000])),
                    ("x-request-id", 'a"\\{}'),
                    ("x", "y" * chance.choice([1, 5000, 9000, 40_000])),
                    ("bytes-bin", chance.randbytes(chance.choice([0, 1, 100]))),
                    ("authorization", chance.choice(["Bearer no", "Bearer", "Basic x"])),
                    ("grpc-encoding-x", "snappy"),
                    ("content-type-x", "text/plain"),
                ]
            )
        )
    return Call(method, data, tuple(metadata))


def impatient(chance: random.Random) -> Call:
    """Valid calls that are given no time, or given up."""
    data = _valid(chance).SerializeToString()
    if chance.random() < 0.5:
        return Call(_PREDICT, data, cancelled=True)
    return Call(_PREDICT, data, timeout=chance.choice([1e-6, 1e-4, 1e-3, 5e-3, 2e-2]))


def not_grpc(chance: random.Random) -> bytes:
    """Noise and broken HTTP/2 for the gRPC port."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    frame = chance.randrange(2**14).to_bytes(3, "big") + chance.randbytes(6)
    settings = b"\0\0\0\4\0\0\0\0\0"
    return chance.choice(
        [
            chance.randbytes(chance.choice([1, 50, 5000])),
            preface + chance.randbytes(200),
            preface + settings + b"".join(frame + chance.randbytes(40) for _ in range(20)),
            preface + settings + b"\0\0\x08\6\0\0\0\0\0pingping" * 200,
            preface + settings + (b"\0\0\4\3\0\0\0\0\1\0\0\0\0") * 200,
            b"POST " + _PREDICT.encode() + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        ]
    )


def _valid(chance: random.Random) -> predict_pb2.PredictRequest:
    """A request that would be answered."""
    import tensorflow as tf

    model = chance.choice(["digits", "digits", "types"])
    name = chance.choice(list(fuzz_documents.SIGNATURES[model]))
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = name
    rows = chance.choice([1, 1, 2, 5, 64])
    for key in fuzz_documents.SIGNATURES[model][name]:
        request.inputs[key].CopyFrom(tf.make_tensor_proto(_array(chance, key, rows)))
    return request


def _array(chance: random.Random, name: str, rows: int) -> np.ndarray:
    if name == "latent":
        kind = chance.choice([0.5, np.nan, np.inf, 1e38])
        return np.full([rows, 100], kind, np.float32)
    if name == "image":
        return np.full([rows, 28, 28, 1], chance.randrange(256), np.uint8)
    if name == "text":
        return np.array([chance.randbytes(chance.choice([0, 1, 1000]))] * rows, object)
    if name == "label":
        return np.array([chance.randrange(10) for _ in range(rows)], np.int64)
    if name in ("seed", "row"):
        seeds = [0, -1, 2**63 - 1, -(2**63), chance.getrandbits(40)]
        return np.array([chance.choice(seeds) for _ in range(rows)], np.int64)
    return np.ones([rows, 2] if chance.random() < 0.3 else [rows], np.dtype(name))


def _shape(chance: random.Random, request: predict_pb2.PredictRequest) -> None:
    """Another shape for the values that are there."""
    for proto in request.inputs.values():
        del proto.tensor_shape.dim[:]
        rank = chance.choice([0, 1, 1, 2, 2, 3, 5, 33, 65, 255])
        for _ in range(rank):
            size = 1 if rank > 5 else chance.choice(_DIMS)
            proto.tensor_shape.dim.add(size=size)
        if chance.random() < 0.05:
            proto.tensor_shape.unknown_rank = True


def _type(chance: random.Random, request: predict_pb2.PredictRequest) -> None:
    """Another type, known or not, for the values that are there."""
    for proto in request.inputs.values():
        proto.dtype = chance.choice([*types_pb2.DataType.values(), 99, -1, 2**31 - 1])


def _content(chance: random.Random, request: predict_pb2.PredictRequest) -> None:
    """Values in the wrong field, in several, or too many."""
    for proto in request.inputs.values():
        match chance.randrange(4):
            case 0:
                proto.tensor_content = chance.randbytes(chance.choice([0, 1, 7, 8, 1000]))
            case 1:
                proto.float_val.extend([float("nan")] * chance.choice([1, 3, 1000]))
            case 2:
                proto.string_val.extend([chance.randbytes(10)] * chance.choice([1, 3]))
            case _:
                proto.resource_handle_val.add(name="x").dtypes_and_shapes.add(dtype=1)


def _numbers(chance: random.Random, request: predict_pb2.PredictRequest) -> None:
    """Labels, seeds and rows at the limits of their type."""
    for proto in request.inputs.values():
        if proto.dtype == types_pb2.DT_INT64:
            proto.ClearField("tensor_content")
            limits = [-1, 10, 2**63 - 1, -(2**63), 2**31]
            proto.int64_val[:] = [chance.choice(limits)]


def _names(chance: random.Random, request: predict_pb2.PredictRequest) -> None:
    """Names of models, signatures, inputs and outputs that are none."""
    name = chance.choice(fuzz_documents.NAMES)
    match chance.randrange(5):
        case 0:
            request.model_spec.name = name
        case 1:
            request.model_spec.signature_name = name
        case 2:
            request.output_filter.extend(
                [name] * chance.choice([1, 2, 5000 if len(name) < 50 else 30])
            )
        case 3:
            for number in range(chance.choice([1, 300 if len(name) < 50 else 30])):
                request.inputs[f"{name}{number}"].CopyFrom(tensor_pb2.TensorProto())
        case _:
            request.inputs.clear()


def _versions(chance: random.Random, request: predict_pb2.PredictRequest) -> None:
    """Versions and labels that are not served, and no model at all."""
    if chance.random() < 0.1:
        request.ClearField("model_spec")
    elif chance.random() < 0.5:
        request.model_spec.version.value = chance.choice(_VERSIONS)
    else:
        request.model_spec.version_label = chance.choice(_LABELS)


_TWISTS = (_shape, _shape, _type, _content, _numbers, _names, _versions)


def _other(chance: random.Random, method: str) -> Message:
    """A request of a method other than Predict, with hostile values."""
    request: Any = _REQUESTS[method]()
    name = chance.choice(["digits", "types", *fuzz_documents.NAMES])
    if hasattr(request, "model_spec") and chance.random() < 0.9:
        request.model_spec.name = name
        if chance.random() < 0.3:
            request.model_spec.version.value = chance.choice(_VERSIONS)
        elif chance.random() < 0.3:
            request.model_spec.version_label = chance.choice(_LABELS)
    if hasattr(request, "metadata_field"):
        request.metadata_field.extend(chance.choice([["signature_def"], [], ["x"], [name] * 1000]))
    if hasattr(request, "service"):
        request.service = chance.choice(["", "PredictionService", "ModelService", name])
    if isinstance(request, model_management_pb2.ReloadConfigRequest):
        _configure(chance, request)
    if isinstance(request, reflection_pb2.ServerReflectionRequest):
        _reflect(chance, request, name)
    return request


def _configure(chance: random.Random, request: Any) -> None:
    """A configuration that must be refused: of models elsewhere, twice, or of no name."""
    for _ in range(chance.choice([1, 1, 2, 500])):
        config = request.config.model_config_list.config.add()
        config.name = chance.choice(["digits", "other", *fuzz_documents.NAMES])
        config.base_path = chance.choice(
            ["/etc", "/", "/proc/self/root", "relative", "", "gs://nobody/nothing", "/a\0b", "/ü"]
            if chance.random() < 0.7
            else ["/" + "a/" * 5000, "/" + "a" * 100_000, "file:///etc", "http://127.0.0.1:1/x"]
        )
        config.model_platform = chance.choice(["", "tensorflow", "caffe"])
        config.version_labels["l"] = chance.choice(_VERSIONS)
        config.model_version_policy.specific.versions.append(chance.choice(_VERSIONS))


def _reflect(chance: random.Random, request: Any, name: str) -> None:
    names = [name, "tensorflow.serving.PredictionService", "google/protobuf/any.proto"]
    match chance.randrange(5):
        case 0:
            request.list_services = name
        case 1:
            request.file_by_filename = chance.choice(names)
        case 2:
            request.file_containing_symbol = chance.choice(names)
        case 3:
            request.all_extension_numbers_of_type = chance.choice(names)
        case _:
            request.file_containing_extension.containing_type = chance.choice(names)
            request.file_containing_extension.extension_number = chance.choice([0, -1, 2**31 - 1])


def _harmless(chance: random.Random, call: Call) -> Call:
    """The call, unless it asks to serve no model at all, which would rightly be obeyed."""
    if call.method != _RELOAD:
        return call
    with suppress(DecodeError):
        config = model_management_pb2.ReloadConfigRequest.FromString(call.data).config
        if config.HasField("model_config_list") and not config.model_config_list.config:
            return Call(call.method, chance.randbytes(3))
    return call


FAMILIES = {
    "gRPC noise": noise,
    "gRPC mutated messages": mutated,
    "gRPC hostile values": hostile_values,
    "gRPC other services": other_services,
    "gRPC envelopes": envelopes,
    "gRPC impatient calls": impatient,
}
