"""JSON to arrays and back, without a server."""

import json

import numpy as np
import pytest

from serving.server.rest_codec import (
    COLUMN,
    ROW,
    decode_array,
    decode_inputs,
    encode_outputs,
    parse_body,
)
from serving.server.status import Code, StatusError


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (1.5, "float32", np.float32(1.5)),
        ([[1, 2], [3, 4]], "int64", np.array([[1, 2], [3, 4]])),
        ([], "int64", np.zeros([0], np.int64)),
        ([[], []], "float32", np.zeros([2, 0], np.float32)),
        ([True, False], "bool", np.array([True, False])),
        ([2**63], "uint64", np.array([2**63], np.uint64)),
        (["ü"], "object", np.array(["ü".encode()], object)),
    ],
)
def test_values_become_arrays(value, dtype, expected):
    array = decode_array(value, dtype)
    assert array.dtype == dtype
    assert array.shape == np.shape(expected)
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        ([True], "float32", "JSON Value: true Type: True is not of expected type: float"),
        ([None], "int64", "JSON Value: null Type: Null is not of expected type: int64"),
        ([1.0], "int64", "JSON Value: 1.0 Type: Number is not of expected type: int64"),
        ([3, 300], "uint8", "JSON Value: 300 Type: Number is not of expected type: uint8"),
        ([1], "object", "JSON Value: 1 Type: Number is not of expected type: string"),
        ([{}], "float64", "JSON Value: {} Type: Object is not of expected type: double"),
        ([1e39], "float32", "Cannot convert JSON value: 1e+39 to float without loss"),
        ([2**24], "float32", "Cannot convert JSON value: 16777216 to float without loss"),
        ([[1], [2, 3]], "int64", "Encountered list at unexpected size: 2 at level: 1 expected"),
        ([1, [2]], "int64", "Encountered list at unexpected level: 1 expected < 1"),
        ([[1], 2], "int64", "JSON Value: 2 found at incorrect level: 2 in the JSON DOM"),
        ([{"b64": "!"}], "object", "Unable to base64 decode"),
        ([{"c": "d"}], "object", 'JSON Value: {"c": "d"} not formatted correctly for base64'),
    ],
)
def test_wrong_values_are_named(value, dtype, text):
    with pytest.raises(StatusError) as caught:
        decode_array(value, dtype)
    assert caught.value.code == Code.INVALID_ARGUMENT
    assert text in caught.value.text


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "uint16"])
def test_types_that_cannot_travel(dtype):
    with pytest.raises(StatusError) as caught:
        decode_array([1], dtype)
    assert caught.value.code == Code.UNIMPLEMENTED
    if dtype != "bfloat16":
        with pytest.raises(StatusError, match="Failed to write JSON value for tensor type"):
            encode_outputs(ROW, {"y": np.zeros([1], dtype)})


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"instances": [1, 2]}, "instances is a plain list, but expecting list of objects"),
        ({"inputs": [1, 2]}, "inputs is a plain value/list, but expecting an object"),
        ({"inputs": {"a": [1]}}, "Missing named input: b in 'inputs' object."),
        ({"instances": 5}, "Excepting 'instances' to be an list/array"),
        ({"instances": [{"a": 1}]}, 'JSON object: {"a": 1} keys must be equal to: a,b'),
        (
            {"instances": [{"a": 1, "b": 2, "c": 3}]},
            "Failed to process element: 0 key: c of 'instances' list. Error: INVALID_ARGUMENT: "
            "JSON object: does not have named input: c",
        ),
        (
            {"instances": [{"a": 1, "b": 2}, {"a": 1, "b": [2, 3]}]},
            "Failed to process element: 1 key: b of 'instances' list. Error: INVALID_ARGUMENT: "
            "Expecting tensor size: 1 but got: 2",
        ),
        (
            {"instances": [{"a": 1, "b": 2}, {"a": [1], "b": 2}]},
            "Error: INVALID_ARGUMENT: Expecting shape [] but got: [1]",
        ),
        ({"instances": [{"a": 1, "b": 2}, 5]}, "Expecting object but got list at item 1"),
    ],
)
def test_wrong_documents_are_named(document, text):
    with pytest.raises(StatusError) as caught:
        decode_inputs(document, {"a": "int64", "b": "int64"})
    assert text in caught.value.text


def test_an_object_among_plain_rows():
    with pytest.raises(StatusError, match="Expecting value/list but got object at item 1"):
        decode_inputs({"instances": [1, {"x": 1}]}, {"x": "int64"})


def test_a_long_document_is_not_repeated_in_full():
    with pytest.raises(StatusError) as caught:
        parse_body(json.dumps(list(range(10_000))).encode())
    assert len(caught.value.text) < 300


@pytest.mark.parametrize("value", [0.2, 3.0, 1e20, 1.17549435e-38, 16777216.0, 0.1 + 0.2])
def test_float32_is_written_in_its_shortest_form(value):
    content = encode_outputs(COLUMN, {"y": np.array([value], np.float32)})
    (written,) = json.loads(content)["outputs"]
    assert np.float32(written) == np.float32(value)
    assert len(repr(written)) <= len(repr(np.float32(value).item()))
    assert written == float(str(np.float32(value)))


def test_replies_of_several_outputs():
    outputs = {"a": np.array([[1, 2], [3, 4]]), "b": np.array([True, False])}
    assert json.loads(encode_outputs(ROW, outputs)) == {
        "predictions": [{"a": [1, 2], "b": True}, {"a": [3, 4], "b": False}]
    }
    assert json.loads(encode_outputs(COLUMN, outputs)) == {
        "outputs": {"a": [[1, 2], [3, 4]], "b": [True, False]}
    }


def test_rows_that_cannot_be_told_apart():
    with pytest.raises(StatusError, match="Tensor name: b has inconsistent batch size: 3"):
        encode_outputs(ROW, {"a": np.zeros(2), "b": np.zeros(3)})
    with pytest.raises(StatusError, match="Tensor name: a has no shape information"):
        encode_outputs(ROW, {"a": np.float64(1.0) * np.ones([])})
