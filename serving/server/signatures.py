"""Checks a request against a signature, in the order clients know."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from serving.server.status import Code, StatusError, invalid_argument
from serving.server.tensors import from_proto

DEFAULT_SIGNATURE = "serving_default"


def signature_not_found(name: str) -> StatusError:
    """Returns the error, in the words of the gRPC interface, that a model has no such signature."""
    text = f'Serving signature key "{name}" not found.'
    return StatusError(Code.FAILED_PRECONDITION, text)


def read_inputs(
    signature: SignatureDef, sent: Mapping[str, tensor_pb2.TensorProto]
) -> dict[str, np.ndarray]:
    """Returns the signature's inputs by name, with its own defaults for those that were not sent.

    Raises:
        StatusError: INVALID_ARGUMENT, naming what was sent and what was required.
    """
    _check_number(signature, sent)
    arrays = {}
    for name, info in sorted(signature.inputs.items()):
        if name not in sent and name not in signature.defaults:
            raise invalid_argument(
                f"Signature input alias: {name}(feed name: {info.name}) not found in request and "
                f"no default value provided. Inputs expected to be in the request {_braces(sent)}, "
                f"or default input alias set: {','.join(sorted(signature.defaults))}"
            )
        arrays[name] = from_proto(name, sent[name] if name in sent else signature.defaults[name])
    used = sent.keys() & arrays.keys()
    if len(used) != len(sent):
        raise invalid_argument(
            f"Inputs contains invalid name. Used request inputs: {','.join(sorted(used))}, "
            f"request input: {','.join(sorted(sent))}"
        )
    return arrays


def _check_number(signature: SignatureDef, names: Iterable[str]) -> None:
    sent, required = set(names), set(signature.inputs)
    if len(sent) > len(required) or (len(sent) < len(required) and not signature.defaults):
        raise invalid_argument(
            f"input size does not match signature: {len(sent)}!={len(required)} "
            f"len({_braces(sent)}) != len({_braces(required)}). "
            f"Sent extra: {_braces(sent - required)}. "
            f"Missing but required: {_braces(required - sent)}."
        )


def select_outputs(signature: SignatureDef, output_filter: Sequence[str]) -> list[str]:
    """Returns the outputs to fetch: those of the filter, or all when it is empty.

    Raises:
        StatusError: INVALID_ARGUMENT for an unknown or repeated name.
    """
    for position, name in enumerate(output_filter):
        if name not in signature.outputs:
            raise invalid_argument(
                f"output tensor alias not found in signature: {name} "
                f"Outputs expected to be in the set {_braces(signature.outputs)}."
            )
        if name in output_filter[:position]:
            raise invalid_argument(f"duplicate output tensor alias: {name}")
    return list(output_filter) or sorted(signature.outputs)


def declared_rows(signature: SignatureDef, inputs: Mapping[str, np.ndarray]) -> int:
    """Returns how many rows a request has; 0 where the signature declares no rows.

    Nobody checks shapes before the model's operations do. Where one row holds what belongs to
    many, it counts as many: it would take their memory and their time.
    """
    rows = 0
    for name, array in inputs.items():
        dims = signature.inputs[name].tensor_shape.dim
        if dims and dims[0].size == -1 and array.ndim:
            rows = max(rows, len(array), -(-array.size // _row_size(dims, array.shape)))
    return rows


def _row_size(dims: Sequence[Any], shape: Sequence[int]) -> int:
    """Returns how many elements a row has; where none is declared, it is what was sent."""
    sent = itertools.chain(shape[1:], itertools.repeat(1))
    sizes = (dim.size if dim.size >= 0 else size for dim, size in zip(dims[1:], sent, strict=False))
    return max(1, math.prod(sizes))


def _braces(names: Iterable[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"
