"""Checks a request against a signature, in the order clients know, and runs it."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from serving.server.runtime import SavedModelRuntime
from serving.server.status import UnknownSignature, invalid_argument

DEFAULT_SIGNATURE = "serving_default"


def find_signature(runtime: SavedModelRuntime, name: str) -> SignatureDef:
    """Returns the signature called `name`.

    Raises:
        UnknownSignature: the model has none of that name.
    """
    if name not in runtime.signatures:
        raise UnknownSignature(name)
    return runtime.signatures[name]


def run_signature(
    runtime: SavedModelRuntime,
    signature: SignatureDef,
    inputs: Mapping[str, np.ndarray],
    output_filter: Sequence[str] = (),
    timeout: float | None = None,
) -> dict[str, np.ndarray]:
    """Checks the inputs' names, then the filter, then runs.

    Shapes and types are left to the operations. An empty `output_filter` means every output.

    Raises:
        StatusError: INVALID_ARGUMENT for a wrong name, else the runtime's own status.
    """
    check_input_names(signature, inputs)
    outputs = select_outputs(signature, output_filter)
    return runtime.run(signature, inputs, outputs, timeout)


def check_input_names(signature: SignatureDef, names: Iterable[str]) -> None:
    """Refuses inputs that are not exactly the signature's.

    Raises:
        StatusError: INVALID_ARGUMENT, naming what was sent and what was required.
    """
    sent, required = set(names), set(signature.inputs)
    if len(sent) != len(required):
        raise invalid_argument(
            f"input size does not match signature: {len(sent)}!={len(required)} "
            f"len({_braces(sent)}) != len({_braces(required)}). "
            f"Sent extra: {_braces(sent - required)}. "
            f"Missing but required: {_braces(required - sent)}."
        )
    for name in sorted(sent - required):
        raise invalid_argument(
            f"input tensor alias not found in signature: {name}. "
            f"Inputs expected to be in the set {_braces(required)}."
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


def _braces(names: Iterable[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"
