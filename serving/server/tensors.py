"""TensorProto to array and back, in the typed fields that TF Serving fills."""

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from serving.server.status import invalid_argument

_FIELDS = {
    "float32": "float_val",
    "float64": "double_val",
    "int8": "int_val",
    "int16": "int_val",
    "int32": "int_val",
    "uint8": "int_val",
    "uint16": "int_val",
    "int64": "int64_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
    "bool": "bool_val",
    "object": "string_val",
}


def from_proto(name: str, proto: tensor_pb2.TensorProto) -> np.ndarray:
    """Returns the array in `proto`; strings become an object array of bytes.

    Raises:
        StatusError: INVALID_ARGUMENT when the message contradicts itself.
    """
    try:
        return np.asarray(tf.make_ndarray(proto))
    except (ValueError, TypeError, KeyError, MemoryError) as error:
        raise invalid_argument(f"tensor parsing error: {name}: {error}") from error


def to_proto(array: np.ndarray) -> tensor_pb2.TensorProto:
    """Returns `array` as a message whose values lie in the typed field, never in raw bytes.

    Clients in the wild read `outputs["y"].float_val` directly.
    """
    field = _FIELDS.get(array.dtype.name)
    if field is None:
        return tf.make_tensor_proto(array)
    proto = tensor_pb2.TensorProto(
        dtype=tf.as_dtype(array.dtype).as_datatype_enum,
        tensor_shape=tf.TensorShape(array.shape).as_proto(),
    )
    getattr(proto, field).extend(array.ravel().tolist())
    return proto
