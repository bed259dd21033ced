"""TensorProto to array and back, in the typed fields that TF Serving fills."""

import math
from functools import lru_cache

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from serving.server.arrays import check_rank
from serving.server.status import invalid_argument

_FIELDS = {
    np.dtype(name): field
    for name, field in {
        "float16": "half_val",
        tf.bfloat16.as_numpy_dtype: "half_val",
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
    }.items()
}
_ENUMS = {dtype: tf.as_dtype(dtype).as_datatype_enum for dtype in _FIELDS}
_INT64 = tf.int64.as_datatype_enum
# Raw content holds these as an array does.
_RAW = {_ENUMS[dtype]: dtype for dtype in _FIELDS if dtype.kind not in "bO"}
_NUMBERS = {f.name: f.number for f in tensor_pb2.TensorProto.DESCRIPTOR.fields}
# Protobuf packs these as they are.
_COPIED = [np.dtype(name) for name in ("float32", "float64", "bool")]
_LENGTH_DELIMITED = 2  # protobuf's wire type of packed numbers, texts and messages
_MAX_EXPANDED = 2**20  # elements that one repeated value may stand for


def shape_of(proto: tensor_pb2.TensorProto) -> list[int]:
    """Returns the shape that the message claims."""
    return [dim.size for dim in proto.tensor_shape.dim]


def from_proto(name: str, proto: tensor_pb2.TensorProto) -> np.ndarray:
    """Returns the array in `proto`; strings become an object array of bytes.

    Raises:
        StatusError: INVALID_ARGUMENT when the message contradicts itself.
    """
    shape = shape_of(proto)
    if proto.tensor_shape.unknown_rank or any(size < 0 for size in shape):
        raise invalid_argument(f"tensor parsing error: {name}: the shape is not fully defined")
    check_rank(shape)
    room = math.prod(shape)
    if proto.dtype == _INT64 and 0 < room == len(proto.int64_val) and not proto.tensor_content:
        # Seeds and labels: what nearly every request consists of, ten times as fast as below.
        return np.array(proto.int64_val, np.int64).reshape(shape)
    raw, content = _RAW.get(proto.dtype), proto.tensor_content
    if raw is not None and 0 < len(content) == room * raw.itemsize:
        return np.frombuffer(content, raw).reshape(shape)  # a copy less than below
    _check_number(name, proto, shape, room)
    try:
        if proto.tensor_content and proto.dtype == tf.string.as_datatype_enum:
            return _packed_strings(proto.tensor_content, room).reshape(shape)
        array = np.asarray(tf.make_ndarray(proto))
    except (ValueError, TypeError, KeyError, MemoryError, OverflowError) as error:
        raise invalid_argument(f"tensor parsing error: {name}: {error}") from error
    # Raw content may hold any byte for a truth value; on its way back only 0 and 1 are one.
    return array.view(np.uint8) != 0 if array.dtype == bool else array


def _check_number(name: str, proto: tensor_pb2.TensorProto, shape: list[int], room: int) -> None:
    """Refuses more values than there is room for, and room that a few bytes only claim.

    Raises:
        StatusError: INVALID_ARGUMENT.
    """
    sent = _num_values(proto)
    if sent > room:
        raise invalid_argument(
            f"tensor parsing error: {name}: {sent} values are sent for shape {shape}"
        )
    # A few bytes may claim any shape: the last value is repeated. That must not take the memory.
    expanded = 0 if proto.tensor_content else room
    if expanded > _MAX_EXPANDED and expanded > proto.ByteSize():
        raise invalid_argument(
            f"tensor parsing error: {name}: shape {shape} is too large for the values sent"
        )


def _num_values(proto: tensor_pb2.TensorProto) -> int:
    """Returns how many values lie in the typed fields; a complex number takes two."""
    if proto.tensor_content:
        return 0
    fields = [(f.name, values) for f, values in proto.ListFields() if f.name.endswith("_val")]
    return max((len(values) // (1 + ("complex" in name)) for name, values in fields), default=0)


def _packed_strings(content: bytes, count: int) -> np.ndarray:
    """Returns strings as C++ packs them: all lengths as varints, then all bytes.

    Raises:
        ValueError: there are not as many, or bytes are left over.
    """
    sizes: list[int] = []
    size = shift = position = 0
    while len(sizes) < count and position < len(content) and shift < 32:
        byte, position = content[position], position + 1
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            sizes.append(size)
            size = shift = 0
    if len(sizes) < count or position + sum(sizes) != len(content):
        raise ValueError("the strings and their lengths do not agree")
    strings = np.empty(count, object)
    for index, size in enumerate(sizes):
        strings[index] = content[position : position + size]
        position += size
    return strings


def to_proto(array: np.ndarray) -> tensor_pb2.TensorProto:
    """Returns `array` as a message whose values lie in the typed field, never in raw bytes.

    Clients in the wild read `outputs["y"].float_val` directly.
    """
    return tensor_pb2.TensorProto.FromString(to_bytes(array))


def to_bytes(array: np.ndarray) -> bytes:
    """Returns the message of `to_proto`, serialised."""
    field = _FIELDS.get(array.dtype)
    if field is None:
        return tf.make_tensor_proto(array).SerializeToString()
    packed = _packed(array)
    if packed is not None:
        values = delimited(_NUMBERS[field], packed) if packed else b""
    else:
        numbers = array.view(np.uint16) if field == "half_val" else array  # halves travel as bits
        message = tensor_pb2.TensorProto(**{field: numbers.ravel().tolist()})
        values = message.SerializeToString()
    return _head(array.dtype, array.shape) + values


@lru_cache(maxsize=1024)
def _head(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    """Returns the part of a serialised tensor that says its type and shape."""
    proto = tensor_pb2.TensorProto(dtype=_ENUMS[dtype])
    proto.tensor_shape.SetInParent()
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto.SerializeToString()


def delimited(number: int, content: bytes) -> bytes:
    """Returns a length-delimited field of a serialised message, such as another message."""
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(content)) + content


def _packed(array: np.ndarray) -> bytes | None:
    """Returns the values as protobuf packs them, or None where Python must write them one by one.

    An image has thousands of values; one by one they cost more than computing it.
    """
    if array.dtype in _COPIED:
        return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    if array.dtype != np.uint8:
        return None
    values = array.ravel()
    pairs = np.empty([values.size, 2], np.uint8)  # a byte from 128 on takes two as a varint
    large = values >= 128
    pairs[:, 0], pairs[:, 1] = values, 1
    keep = np.ones_like(pairs, bool)
    keep[:, 1] = large
    return pairs[keep].tobytes()


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number >= 128:
        encoded.append(number & 127 | 128)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
