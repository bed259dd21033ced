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
)
from serving.server.status import Code, StatusError


def nested(depth):
    """A one within so many lists."""
    value = 1
    for _ in range(depth):
        value = [value]
    return value


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
        (["\udcff"], "object", np.array([b"\xff"], object)),
        ([{"b64": "aGVs\n bG8="}, {"b64": "aGVsbG8"}], "object", np.array([b"hello"] * 2, object)),
        ([1435774380, 1e39, -1e39], "float32", np.array([1435774380, np.inf, -np.inf], "f")),
        ([5e-324], "float32", np.zeros([1], np.float32)),
        ([2**70], "float64", np.array([2.0**70])),
        ([], "float16", np.zeros([0], np.float16)),
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
        ([10**400], "float32", "JSON Parse error: Number too big to be stored in double."),
        ([[1, "x"], 2], "int64", 'JSON Value: "x" Type: String is not of expected type: int64'),
        (["\ud800"], "object", "JSON Parse error: The surrogate pair in string is invalid."),
        ([{"b64": "aGVsbG8=="}], "object", "Unable to base64 decode"),
        ([[1], [2, 3]], "int64", "Encountered list at unexpected size: 2 at level: 1 expected"),
        ([1, [2]], "int64", "Encountered list at unexpected level: 1 expected < 1"),
        ([[1], 2], "int64", "JSON Value: 2 found at incorrect level: 2 in the JSON DOM"),
        (nested(33), "float32", "A tensor has 33 dimensions; this server takes at most 32."),
        (nested(900), "int64", "A tensor has 900 dimensions"),
        ([{"b64": "!"}], "object", "Unable to base64 decode"),
        (
            [{"c": "d"}],
            "object",
            'JSON Value: {\n    "c": "d"\n} not formatted correctly for base64 data',
        ),
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
        ({"instances": 5}, "Expecting 'instances' to be an list/array"),
        (
            {"instances": [{"a": 1}]},
            'JSON object: {\n    "a": 1\n} keys must be equal to: a,b',
        ),
        (
            {"instances": [{"a": 1, "b": "x"}, {"a": 1}]},
            "Failed to process element: 0 key: b of 'instances' list. Error: INVALID_ARGUMENT: "
            'JSON Value: "x" Type: String is not of expected type: int64',
        ),
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


def test_a_type_that_cannot_travel_in_a_row():
    with pytest.raises(StatusError) as caught:
        decode_inputs({"instances": [1]}, {"x": "float16"})
    assert (caught.value.code, caught.value.text) == (
        Code.INVALID_ARGUMENT,
        "Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: "
        "Conversion of JSON Value: 1 to type: half",
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.2, "0.2"),
        (3.0, "3.0"),
        (9e6, "9000000.0"),
        (999999.0, "999999.0"),
        (0.00003, "0.00003"),
        (555557.5, "555557.5"),
        (1e20, "1e+20"),
        (0.123456789, "0.12345679"),
        (3.4028235e38, "3.4028235e+38"),
        (1.17549435e-38, "1.1754944e-38"),
        (-0.0, "-0.0"),
        (float("nan"), "NaN"),
    ],
)
def test_float32_is_written_in_the_fewest_digits_that_give_it_back(value, written):
    content = encode_outputs(COLUMN, {"y": np.array([value], np.float32)})
    assert content.decode() == f'{{"outputs":[{written}]}}'
    np.testing.assert_equal(np.float32(json.loads(content)["outputs"][0]), np.float32(value))


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "bool"])
@pytest.mark.parametrize("shape", [(2, 1), (1, 3, 1), (2, 3, 2, 1), (1, 1, 1), (2, 0, 1)])
def test_values_that_are_lists_of_their_own(dtype, shape):
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    assert json.loads(encode_outputs(COLUMN, {"y": array})) == {"outputs": array.tolist()}
    assert json.loads(encode_outputs(ROW, {"y": array})) == {"predictions": array.tolist()}
    rows = [{"y": row, "z": row} for row in array.tolist()]
    assert json.loads(encode_outputs(ROW, {"y": array, "z": array})) == {"predictions": rows}


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
