"""JSON documents to arrays and back, as TF Serving's REST interface defines them.

Pure functions over NumPy; orjson writes the replies. Types are NumPy's names, with "object" for
strings; the texts of the errors are what clients of that interface match on.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from serving.server.arrays import check_rank
from serving.server.json_text import quote
from serving.server.status import Code, StatusError, invalid_argument

ROW, COLUMN = "row", "column"

_BYTES_SUFFIX = "_bytes"
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


def signature_name(document: Mapping[str, Any]) -> str:
    """Returns the signature that a request names, or "" for the default one.

    Raises:
        StatusError: INVALID_ARGUMENT when the name is no string.
    """
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid_argument(
            f"JSON Value: {quote(document)} not formatted correctly. "
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
            f"JSON Value: {quote(document)} Not formatted correctly expecting only one of "
            "'inputs' or 'instances' keys to exist "
        )
    if "inputs" in document:
        return COLUMN
    if "instances" not in document:
        raise invalid_argument("Missing 'inputs' or 'instances' key")
    if not isinstance(document["instances"], list):
        raise invalid_argument(
            f"JSON Value: {quote(document)} Expecting 'instances' to be an list/array"
        )
    if not document["instances"]:
        raise invalid_argument(f"JSON Value: {quote(document)} No values in 'instances' array")
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
        values = {name: _whole(name, array) for name, array in outputs.items()}
        content = {"outputs": values if len(values) > 1 else next(iter(values.values()))}
    else:
        content = {"predictions": _to_rows(outputs)}
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


def decode_array(value: Any, dtype: str) -> np.ndarray:
    """Returns a JSON value as a dense array; a scalar gives shape ().

    Raises:
        StatusError: INVALID_ARGUMENT when it is ragged or of another type, UNIMPLEMENTED when
            values of that type cannot travel.
    """
    shape = _shape(value)
    check_rank(shape)
    leaves = _leaves(value, shape)
    array = _from_leaves(leaves, dtype) if leaves is not None else None
    if array is None:
        _check(value, 0, shape, dtype)
        raise invalid_argument(f"JSON Value: {quote(value)} is no {_type_name(dtype)} tensor")
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
    """Decodes all rows at once; after a failure, one by one to say which row is wrong."""
    named = _is_object(rows[0])
    if not named and len(dtypes) > 1:
        raise invalid_argument(
            "instances is a plain list, but expecting list of objects as multiple "
            "input tensors required as per tensorinfo_map"
        )
    try:
        return _decode_like_rows(rows, dtypes, named)
    except StatusError:
        _check_rows(rows, dtypes, named)
        raise


def _decode_like_rows(
    rows: list[Any], dtypes: Mapping[str, str], named: bool
) -> dict[str, np.ndarray]:
    if any(_is_object(row) != named or (named and row.keys() != dtypes.keys()) for row in rows):
        raise invalid_argument("Failed to process 'instances' list.")
    if named:
        return {
            name: decode_array([row[name] for row in rows], dtype) for name, dtype in dtypes.items()
        }
    ((name, dtype),) = dtypes.items()
    return {name: decode_array(rows, dtype)}


def _check_rows(rows: list[Any], dtypes: Mapping[str, str], named: bool) -> None:
    """Raises what is wrong with the first row that cannot be taken."""
    firsts: dict[str, np.ndarray] = {}
    for position, row in enumerate(rows):
        if _is_object(row) != named:
            expected = "object but got list" if named else "value/list but got object"
            raise invalid_argument(f"Expecting {expected} at item {position} of input list")
        for name, value in (row if named else dict.fromkeys(dtypes, row)).items():
            try:
                _check_item(name, value, dtypes, firsts)
            except StatusError as error:
                where = f"{position} key: {name}" if named else f"{position}"
                raise invalid_argument(
                    f"Failed to process element: {where} of 'instances' list. Error: {error}"
                ) from error
        if named and len(row) != len(dtypes):
            raise invalid_argument(
                f"Failed to process element: {position} of 'instances' list. JSON object: "
                f"{quote(row)} keys must be equal to: {','.join(sorted(dtypes))}"
            )


def _check_item(
    name: str, value: Any, dtypes: Mapping[str, str], firsts: dict[str, np.ndarray]
) -> None:
    if name not in dtypes:
        raise invalid_argument(f"JSON object: does not have named input: {name}")
    array = decode_array(value, dtypes[name])
    _check_same_shape(firsts.setdefault(name, array), array)


def _check_same_shape(first: np.ndarray, array: np.ndarray) -> None:
    if first.size != array.size:
        raise invalid_argument(f"Expecting tensor size: {first.size} but got: {array.size}")
    if first.shape != array.shape:
        expected, received = (",".join(map(str, a.shape)) for a in (first, array))
        raise invalid_argument(f"Expecting shape [{expected}] but got: [{received}]")


def _shape(value: Any) -> list[int]:
    """Returns the shape, taken from the first element of each level."""
    shape: list[int] = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return shape


def _leaves(value: Any, shape: list[int]) -> list[Any] | None:
    """Returns the leaves in order; None where the lists do not have that shape throughout."""
    level: list[Any] = [value]
    for size in shape:
        if any(not isinstance(element, list) or len(element) != size for element in level):
            return None
        level = [child for element in level for child in element]
    return None if any(isinstance(leaf, list) for leaf in level) else level


def _from_leaves(leaves: list[Any], dtype: str) -> np.ndarray | None:
    """Returns a vector; None where a leaf does not fit the type."""
    if not set(map(type, leaves)) <= set(_PYTHON_TYPES.get(dtype, ())):
        return None
    if dtype == "object":
        array = np.empty(len(leaves), object)
        array[:] = [_string(leaf) for leaf in leaves]
        return array
    try:
        if np.dtype(dtype).kind != "f":
            return np.array(leaves, dtype)
        with np.errstate(over="ignore"):  # what is beyond a type's range is infinite in it
            return np.array(leaves, np.float64).astype(dtype)
    except OverflowError:
        return None


def _check(value: Any, level: int, shape: list[int], dtype: str) -> None:
    """Raises what is wrong with the first part of `value`, in order, that cannot be taken."""
    rank = len(shape)
    if not isinstance(value, list):
        if level != rank:
            raise invalid_argument(
                f"JSON Value: {quote(value)} found at incorrect level: {level + 1} "
                f"in the JSON DOM. Expected at level: {rank}"
            )
        _check_leaf(value, dtype)
        return
    if level >= rank:
        raise invalid_argument(f"Encountered list at unexpected level: {level} expected < {rank}")
    if len(value) != shape[level]:
        raise invalid_argument(
            f"Encountered list at unexpected size: {len(value)} at level: {level} "
            f"expected size: {shape[level]}"
        )
    for element in value:
        _check(element, level + 1, shape, dtype)


def _check_leaf(leaf: Any, dtype: str) -> None:
    if dtype not in _PYTHON_TYPES and not isinstance(leaf, dict):
        text = f"Conversion of JSON Value: {quote(leaf)} to type: {_type_name(dtype)}"
        raise StatusError(Code.UNIMPLEMENTED, text)
    if _from_leaves([leaf], dtype) is not None:
        return
    if type(leaf) is int and dtype in ("float32", "float64"):
        raise invalid_argument("JSON Parse error: Number too big to be stored in double.")
    raise invalid_argument(
        f"JSON Value: {quote(leaf)} Type: {_json_type(leaf)} "
        f"is not of expected type: {_type_name(dtype)}"
    )


def _string(leaf: str | dict[str, Any]) -> bytes:
    if isinstance(leaf, dict):
        return _from_base64(leaf)
    try:
        return leaf.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        text = "JSON Parse error: The surrogate pair in string is invalid."
        raise invalid_argument(text) from error


def _from_base64(value: dict[str, Any]) -> bytes:
    """Decodes {"b64": …}; blanks inside and the absence of padding do no harm."""
    if not _is_base64(value):
        text = f"JSON Value: {quote(value)} not formatted correctly for base64 data"
        raise invalid_argument(text)
    digits = "".join(value["b64"].split())
    content = digits.rstrip("=")
    padding = -len(content) % 4
    try:
        if len(digits) not in (len(content), len(content) + padding):
            raise binascii.Error("padding")
        return base64.b64decode(content + "=" * padding, validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid_argument("Unable to base64 decode") from error


def _is_base64(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not _is_base64(value)


def _json_type(value: Any) -> str:
    return str(value) if isinstance(value, bool) else _JSON_TYPES[type(value)]


def _type_name(dtype: str) -> str:
    return _TENSORFLOW_NAMES.get(dtype, dtype)


def _to_rows(outputs: Mapping[str, np.ndarray]) -> Any:
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
    if len(outputs) == 1:
        return _whole(*next(iter(outputs.items())))
    columns = [_to_json(name, array) for name, array in outputs.items()]
    return [dict(zip(outputs, row, strict=True)) for row in zip(*columns, strict=True)]


def _whole(name: str, array: np.ndarray) -> Any:
    """Returns what stands for an array in a reply, as one piece.

    In a picture of one channel every value is a list of its own. Those are put around the numbers
    once they are text, which takes a third of the time.
    """
    value = _to_json(name, array)
    if not isinstance(value, np.ndarray) or value.ndim == 1 or value.shape[-1] != 1:
        return value
    numbers = orjson.dumps(value.reshape(value.shape[:-1]), option=orjson.OPT_SERIALIZE_NUMPY)
    return orjson.Fragment(b"[" + numbers.replace(b",", b"],[") + b"]")


def _to_json(name: str, array: np.ndarray) -> Any:
    """Returns what stands for an array in a reply, a value a row where it has rows."""
    if not array.size:
        return array.tolist()
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
