"""TF Serving's configuration files: text protocol buffers, read with a sentence for every mistake.

tensorflow-serving-api ships ModelServerConfig but not the three messages below; their fields are
copied from TF Serving's .proto files, so that its own files are read unchanged.
"""

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,
)
from google.protobuf.message import Message

from serving.errors import UsageError

_PACKAGE = "saddlepoint.tensorflow_serving"
_WRAPPERS = "google.protobuf"
_FIELDS = {
    "BatchingParameters": [
        ("max_batch_size", 1, "Int64Value"),
        ("batch_timeout_micros", 2, "Int64Value"),
        ("max_enqueued_batches", 3, "Int64Value"),
        ("num_batch_threads", 4, "Int64Value"),
        ("thread_pool_name", 5, "StringValue"),
        ("allowed_batch_sizes", 6, "repeated int64"),
        ("pad_variable_length_inputs", 7, "bool"),
        ("enable_large_batch_splitting", 8, "BoolValue"),
        ("max_execution_batch_size", 9, "Int64Value"),
    ],
    "SSLConfig": [
        ("server_key", 1, "string"),
        ("server_cert", 2, "string"),
        ("custom_ca", 3, "string"),
        ("client_verify", 4, "bool"),
    ],
    "PrometheusConfig": [("enable", 1, "bool"), ("path", 2, "string")],
    "MonitoringConfig": [("prometheus_config", 1, "PrometheusConfig")],
}
_SCALARS = {
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
}


def read(message: Message, path: str, flag: str) -> Message:
    """Fills `message` from the text protocol buffer at `path`, and returns it.

    Args:
        message: an empty message of the expected type.
        path: where the file is.
        flag: the flag that named it, for the error.

    Raises:
        UsageError: the file cannot be read, or is not of that type.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"{flag}: {path!r} cannot be read: {reason}.") from error
    try:
        return text_format.Parse(text, message)
    except text_format.ParseError as error:
        kind = type(message).__name__
        raise UsageError(f"{flag}: {path!r} is no text protocol buffer {kind}: {error}") from error


def new(kind: str) -> Message:
    """Returns an empty message: BatchingParameters, SSLConfig or MonitoringConfig."""
    descriptor = _POOL.FindMessageTypeByName(f"{_PACKAGE}.{kind}")
    return message_factory.GetMessageClass(descriptor)()


def _pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    file = descriptor_pb2.FileDescriptorProto(
        name="saddlepoint/serving.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=[wrappers_pb2.DESCRIPTOR.name],
    )
    for kind, fields in _FIELDS.items():
        message = file.message_type.add(name=kind)
        for name, number, type_ in fields:
            _add_field(message, name, number, type_)
    pool.AddSerializedFile(file.SerializeToString())
    return pool


def _add_field(message: descriptor_pb2.DescriptorProto, name: str, number: int, type_: str) -> None:
    field = message.field.add(name=name, number=number)
    repeated, _, type_ = type_.rpartition(" ")
    field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
    if type_ in _SCALARS:
        field.type = _SCALARS[type_]
        return
    package = _WRAPPERS if type_.endswith("Value") else _PACKAGE
    field.type, field.type_name = field.TYPE_MESSAGE, f".{package}.{type_}"


_POOL = _pool()
