"""JSON documents to arrays and back, as TF Serving's REST interface defines them.

Pure functions over NumPy; orjson writes the replies. Types are NumPy's names, with "object" for
strings; the texts of the errors are what clients of that interface match on.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
import orjson

from serving.server.status import Code, StatusError, invalid_argument

ROW, COLUMN = "row", "column"

_BYTES_SUFFIX = "_bytes"
_MAX_QUOTED = 200  # characters of a document that an error message repeats
_TENSORFLOW_NAMES = {"float32": "float", "float64": "double", "float16": "half", "object": "string"}
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "float32": (int, float),
    "float64": (int, float),
    "bool": (bool,),
    "object": (str, dict),
    **{name: (int,) for name in ("int8", "int16", "int32", "int64", "uint8", "uint32", "uint64")},
}
_JSON_TYPES: dict[type, str] = {
    type(None): "Null",
    dict: "Object",
    list: "Array",
    str: "String",
    int: "Number",
    float: "Number",
}


def parse_body(body: bytes) -> dict[str, Any]:
    """Returns the JSON object in `body`; NaN and Infinity are accepted.

    Raises:
        StatusError: INVALID_ARGUMENT when it is no JSON, or no object.
    """
    if not body.strip():
        raise invalid_argument("JSON Parse error: The document is empty")
    try:
        document = json.loads(body)
    except json.JSONDecodeError as error:
        text = f"JSON Parse error: Invalid value. at offset: {error.pos}"
        raise invalid_argument(text) from error
    except (ValueError, RecursionError) as error:  # not UTF-8, a huge number, nested too deeply
        raise invalid_argument(f"JSON Parse error: Invalid value. {error}") from error
    if not isinstance(document, dict):
        raise invalid_argument(f"JSON Value: {_quote(document)} Is not object")
    return document


def signature_name(document: Mapping[str, Any]) -> str:
    """Returns the signature that a request names, or "" for the default one.

    Raises:
        StatusError: INVALID_ARGUMENT when the name is no string.
    """
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid_argument(
            f"JSON Value: {_quote(document)} not formatted correctly. "
            "'signature_name' key must be a string value."
        )
    return name


def request_form(document: Mapping[str, Any]) -> str:
    """Returns `ROW` for "instances" and `COLUMN` for "inputs".

    Raises:
        StatusError: INVALID_ARGUMENT when both or neither are there, or the rows are no list.
    """
    if "instances" in document and "inputs" in document:
        raise invalid_argument(
            f"JSON Value: {_quote(document)} Not formatted correctly expecting only one of "
            "'inputs' or 'instances' keys to exist "
        )
    if "inputs" in document:
        return COLUMN
    if "instances" not in document:
        raise invalid_argument("Missing 'inputs' or 'instances' key")
    if not isinstance(document["instances"], list):
        raise invalid_argument(
            f"JSON Value: {_quote(document)} Excepting 'instances' to be an list/array"
        )
    if not document["instances"]:
        raise invalid_argument(f"JSON Value: {_quote(document)} No values in 'instances' array")
    return ROW


def decode_inputs(document: Mapping[str, Any], dtypes: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Returns the inputs of a predict request.

    Args:
        document: the parsed request.
        dtypes: the type of every input of the signature.

    Raises:
        StatusError: INVALID_ARGUMENT, or UNIMPLEMENTED for a type that cannot travel as JSON.
    """
    if request_form(document) == ROW:
        return _decode_rows(document["instances"], dtypes)
    return _decode_columns(document["inputs"], dtypes)


def encode_outputs(form: str, outputs: Mapping[str, np.ndarray]) -> bytes:
    """Returns the JSON reply to a request of the given form.

    A signature with one output gives bare values; their name is dropped.

    Raises:
        StatusError: INVALID_ARGUMENT when a type cannot travel or rows cannot be told apart.
    """
    if form == COLUMN:
        values = {name: _to_json(name, array) for name, array in outputs.items()}
        content = {"outputs": values if len(values) > 1 else next(iter(values.values()))}
    else:
        content = {"predictions": _to_rows(outputs)}
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


def decode_array(value: Any, dtype: str) -> np.ndarray:
    """Returns a JSON value as a dense array; a scalar gives shape ().

    Raises:
        StatusError: INVALID_ARGUMENT when it is ragged or of another type.
    """
    leaves, shape = _flatten(value)
    if dtype not in _PYTHON_TYPES:
        text = f"Conversion of JSON Value: {_quote(value)} to type: {_type_name(dtype)}"
        raise StatusError(Code.UNIMPLEMENTED, text)
    if not set(map(type, leaves)) <= set(_PYTHON_TYPES[dtype]):
        _raise_type_error(leaves, dtype)
    array = _from_strings(leaves) if dtype == "object" else _from_numbers(leaves, dtype)
    return array.reshape(shape)


def _decode_columns(value: Any, dtypes: Mapping[str, str]) -> dict[str, np.ndarray]:
    if not isinstance(value, dict) or _is_base64(value):
        if len(dtypes) > 1:
            raise invalid_argument(
                "inputs is a plain value/list, but expecting an object as multiple "
                "input tensors required as per tensorinfo_map"
            )
        ((name, dtype),) = dtypes.items()
        return {name: decode_array(value, dtype)}
    for name in sorted(dtypes):
        if name not in value:
            raise invalid_argument(f"Missing named input: {name} in 'inputs' object.")
    return {name: decode_array(value[name], dtype) for name, dtype in dtypes.items()}


def _decode_rows(rows: list[Any], dtypes: Mapping[str, str]) -> dict[str, np.ndarray]:
    named = _is_object(rows[0])
    if not named and len(dtypes) > 1:
        raise invalid_argument(
            "instances is a plain list, but expecting list of objects as multiple "
            "input tensors required as per tensorinfo_map"
        )
    for position, row in enumerate(rows):
        if _is_object(row) != named:
            expected = "object but got list" if named else "value/list but got object"
            raise invalid_argument(f"Expecting {expected} at item {position} of input list")
        if named:
            _check_keys(position, row, dtypes)
    if named:
        return {
            name: _decode_column_of_rows([row[name] for row in rows], dtype, f" key: {name}")
            for name, dtype in dtypes.items()
        }
    ((name, dtype),) = dtypes.items()
    return {name: _decode_column_of_rows(rows, dtype, "")}


def _check_keys(position: int, row: Mapping[str, Any], dtypes: Mapping[str, str]) -> None:
    for name in row:
        if name not in dtypes:
            _raise_element_error(
                position,
                f" key: {name}",
                invalid_argument(f"JSON object: does not have named input: {name}"),
            )
    if len(row) != len(dtypes):
        raise invalid_argument(
            f"Failed to process element: {position} of 'instances' list. JSON object: "
            f"{_quote(row)} keys must be equal to: {','.join(sorted(dtypes))}"
        )


def _decode_column_of_rows(values: list[Any], dtype: str, where: str) -> np.ndarray:
    """Decodes all rows at once; after a failure, one by one to say which row is wrong."""
    try:
        return decode_array(values, dtype)
    except StatusError as whole:
        first: np.ndarray | None = None
        for position, value in enumerate(values):
            try:
                array = decode_array(value, dtype)
                first = array if first is None else first
                _check_same_shape(first, array)
            except StatusError as error:
                _raise_element_error(position, where, error)
        raise whole


def _check_same_shape(first: np.ndarray, array: np.ndarray) -> None:
    if first.size != array.size:
        raise invalid_argument(f"Expecting tensor size: {first.size} but got: {array.size}")
    if first.shape != array.shape:
        expected, received = (",".join(map(str, a.shape)) for a in (first, array))
        raise invalid_argument(f"Expecting shape [{expected}] but got: [{received}]")


def _raise_element_error(position: int, where: str, error: StatusError) -> NoReturn:
    raise invalid_argument(
        f"Failed to process element: {position}{where} of 'instances' list. Error: {error}"
    ) from error


def _flatten(value: Any) -> tuple[list[Any], list[int]]:
    """Returns the leaves in order and the shape, taken from the first element of each level."""
    shape: list[int] = []
    first = value
    while isinstance(first, list):
        shape.append(len(first))
        if not first:
            break
        first = first[0]
    level: list[Any] = [value]
    for depth, size in enumerate(shape):
        for element in level:
            _check_level(element, depth, size, len(shape))
        level = [child for element in level for child in element]
    for leaf in level:
        if isinstance(leaf, list):
            rank = len(shape)
            raise invalid_argument(
                f"Encountered list at unexpected level: {rank} expected < {rank}"
            )
    return level, shape


def _check_level(element: Any, depth: int, size: int, rank: int) -> None:
    if not isinstance(element, list):
        raise invalid_argument(
            f"JSON Value: {_quote(element)} found at incorrect level: {depth + 1} "
            f"in the JSON DOM. Expected at level: {rank}"
        )
    if len(element) != size:
        raise invalid_argument(
            f"Encountered list at unexpected size: {len(element)} at level: {depth} "
            f"expected size: {size}"
        )


def _from_numbers(leaves: list[Any], dtype: str) -> np.ndarray:
    target = np.dtype(dtype)
    if target.kind == "f":
        _check_lossless(leaves, target)
        return np.array(leaves, np.float64).astype(target)
    try:
        return np.array(leaves, target)
    except OverflowError:
        bounds = np.iinfo(target)
        outside = [leaf for leaf in leaves if not bounds.min <= leaf <= bounds.max]
        _raise_type_error(outside, dtype, force=True)


def _check_lossless(leaves: list[Any], target: np.dtype) -> None:
    """Refuses whole numbers with more digits, and decimals beyond the range, of `target`."""
    limits = np.finfo(target)
    largest, largest_int = float(limits.max), 2 ** (limits.nmant + 1) - 1
    for leaf in leaves:
        limit = largest_int if isinstance(leaf, int) else largest
        if abs(leaf) > limit and abs(leaf) != float("inf"):
            raise invalid_argument(
                f"Cannot convert JSON value: {_quote(leaf)} to {_type_name(target.name)} "
                "without loss of precision."
            )


def _from_strings(leaves: list[Any]) -> np.ndarray:
    array = np.empty(len(leaves), object)
    for position, leaf in enumerate(leaves):
        array[position] = _from_base64(leaf) if isinstance(leaf, dict) else leaf.encode()
    return array


def _from_base64(value: dict[str, Any]) -> bytes:
    if not _is_base64(value):
        text = f"JSON Value: {_quote(value)} not formatted correctly for base64 data"
        raise invalid_argument(text)
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid_argument("Unable to base64 decode") from error


def _is_base64(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not _is_base64(value)


def _raise_type_error(leaves: list[Any], dtype: str, force: bool = False) -> NoReturn:
    allowed = _PYTHON_TYPES[dtype]
    wrong = next(leaf for leaf in leaves if force or type(leaf) not in allowed)
    raise invalid_argument(
        f"JSON Value: {_quote(wrong)} Type: {_json_type(wrong)} "
        f"is not of expected type: {_type_name(dtype)}"
    )


def _json_type(value: Any) -> str:
    return str(value) if isinstance(value, bool) else _JSON_TYPES[type(value)]


def _type_name(dtype: str) -> str:
    return _TENSORFLOW_NAMES.get(dtype, dtype)


def _quote(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _MAX_QUOTED else text[:_MAX_QUOTED] + "…"


def _to_rows(outputs: Mapping[str, np.ndarray]) -> list[Any]:
    sizes = {}
    for name, array in outputs.items():
        if array.ndim == 0:
            raise invalid_argument(f"Tensor name: {name} has no shape information ")
        sizes[name] = len(array)
        expected = next(iter(sizes.values()))
        if len(array) != expected:
            raise invalid_argument(
                f"Tensor name: {name} has inconsistent batch size: {len(array)} "
                f"expecting: {expected}"
            )
    columns = [_to_json(name, array) for name, array in outputs.items()]
    if len(columns) == 1:
        return columns[0]
    return [dict(zip(outputs, row, strict=True)) for row in zip(*columns, strict=True)]


def _to_json(name: str, array: np.ndarray) -> Any:
    """Returns what stands for an array in a reply, a value a row where it has rows."""
    if array.dtype.name not in _PYTHON_TYPES:
        raise invalid_argument(
            f"Failed to write JSON value for tensor type: {_type_name(array.dtype.name)}"
        )
    if array.dtype == object:
        to_json = _to_base64 if name.endswith(_BYTES_SUFFIX) else _to_text
        return np.asarray(np.frompyfunc(to_json, 1, 1)(array), object).tolist()
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return _with_non_finite(array)
    return np.ascontiguousarray(array) if array.ndim else array[()]


def _with_non_finite(array: np.ndarray) -> Any:
    """Returns nested lists that name NaN and Infinity, as clients of TF Serving expect."""
    if array.ndim:
        return [_with_non_finite(row) for row in array]
    value = array[()]
    return value if np.isfinite(value) else orjson.Fragment(json.dumps(float(value)))


def _to_base64(value: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(value).decode()}


def _to_text(value: bytes) -> str:
    return value.decode(errors="replace")
