"""Arrays as messages, in the typed fields that clients read."""

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.framework import tensor_pb2

from serving.server.status import StatusError
from serving.server.tensors import from_proto, to_proto


@pytest.mark.parametrize(
    ("array", "field"),
    [
        (np.array([0.5, 1.5], np.float32), "float_val"),
        (np.array([0.5, 1.5], np.float64), "double_val"),
        (np.array([[1, 2], [3, 255]], np.uint8), "int_val"),
        (np.array([-1, 1], np.int16), "int_val"),
        (np.array([-1, 2**40], np.int64), "int64_val"),
        (np.array([1, 2**63], np.uint64), "uint64_val"),
        (np.array([True, False]), "bool_val"),
        (np.array([b"a", b""], object), "string_val"),
    ],
)
def test_values_lie_in_the_typed_field(array, field):
    proto = to_proto(array)
    assert list(getattr(proto, field)) == array.ravel().tolist()
    assert proto.tensor_content == b""
    returned = from_proto("x", proto)
    assert (returned.dtype, returned.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(returned, array)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_halves_lie_in_their_field_as_bits(dtype):
    proto = to_proto(np.array([1.0, -2.0], dtype))
    assert list(proto.half_val) == np.array([1.0, -2.0], dtype).view(np.uint16).tolist()
    assert proto.tensor_content == b""


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.complex64])
def test_other_types_return_too(dtype):
    array = np.array([0.5, 1.5, -2.0], dtype)
    np.testing.assert_array_equal(from_proto("x", to_proto(array)), array)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, ml_dtypes.bfloat16, bool])
def test_values_may_come_as_their_bytes(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    proto = tensor_pb2.TensorProto(
        dtype=tf.as_dtype(dtype).as_datatype_enum, tensor_content=array.tobytes()
    )
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    returned = from_proto("x", proto)
    assert (returned.dtype, returned.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(returned, array)


def test_an_empty_batch_keeps_its_shape():
    assert from_proto("x", to_proto(np.zeros([0, 3], np.float32))).shape == (0, 3)


def strings(content, count=2):
    proto = tensor_pb2.TensorProto(dtype=tf.string.as_datatype_enum, tensor_content=content)
    proto.tensor_shape.dim.add(size=count)
    return proto


def test_strings_may_come_packed():
    content = b"\x01\x81\x01" + b"a" + b"b" * 129
    assert list(from_proto("x", strings(content))) == [b"a", b"b" * 129]


@pytest.mark.parametrize("content", [b"\x01", b"\x01\x02abcd", b"\x01\x81", b"\x80" * 1000])
def test_packed_strings_that_do_not_agree(content):
    with pytest.raises(StatusError, match="tensor parsing error: x"):
        from_proto("x", strings(content))


def test_a_number_that_its_type_cannot_hold():
    proto = to_proto(np.array([255], np.uint8))
    proto.int_val[0] = 300
    with pytest.raises(StatusError, match="tensor parsing error: x"):
        from_proto("x", proto)


def test_truth_values_of_any_byte():
    proto = tf.make_tensor_proto(np.zeros([3], bool))
    proto.ClearField("bool_val")
    proto.tensor_content = b"\x00\xff\x02"
    array = from_proto("x", proto)
    assert array.tolist() == [False, True, True]
    assert list(to_proto(array).bool_val) == [False, True, True]


def test_more_dimensions_than_the_process_would_survive():
    proto = to_proto(np.array(b"text", object))
    for _ in range(32):
        proto.tensor_shape.dim.add(size=1)
    assert from_proto("x", proto).ndim == 32
    proto.tensor_shape.dim.add(size=1)
    with pytest.raises(StatusError, match="A tensor has 33 dimensions"):
        from_proto("x", proto)


def test_a_message_that_contradicts_itself():
    proto = tf.make_tensor_proto(np.zeros([2], np.float32))
    proto.tensor_content = b"12345"
    with pytest.raises(StatusError, match="tensor parsing error: x"):
        from_proto("x", proto)


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (np.int64, "int64_val: 1 int64_val: 2"),
        (np.uint8, "int_val: 1 int_val: 2"),
        (np.float32, "float_val: 1 float_val: 2"),
        (np.float16, "half_val: 1 half_val: 2"),
        (bool, "bool_val: true bool_val: true"),
        (np.complex64, "scomplex_val: 1 scomplex_val: 2 scomplex_val: 3 scomplex_val: 4"),
        (object, "string_val: 'a' string_val: 'b'"),
        (np.int64, "float_val: 1 float_val: 2"),
    ],
)
def test_more_values_than_the_shape_has_room_for(dtype, values):
    proto = tensor_pb2.TensorProto(dtype=tf.as_dtype(dtype).as_datatype_enum)
    text_format.Parse(f"tensor_shape {{ dim {{ size: 1 }} }} {values}", proto)
    with pytest.raises(StatusError) as caught:
        from_proto("x", proto)
    assert caught.value.text == "tensor parsing error: x: 2 values are sent for shape [1]"
