"""Predict's messages to arrays and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self, TypeVar

import numpy as np
from google.protobuf.message import DecodeError, Message
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow_serving.apis import predict_pb2

from serving.server.core import ModelQuery
from serving.server.models import Servable
from serving.server.responses import model_query, model_spec
from serving.server.signatures import DEFAULT_SIGNATURE, read_inputs, signature_not_found
from serving.server.status import Code, StatusError
from serving.server.tensors import delimited, to_bytes

_Message = TypeVar("_Message", bound=Message)
_REPLY = {f.name: f.number for f in predict_pb2.PredictResponse.DESCRIPTOR.fields}
_KEY, _VALUE = 1, 2  # of an entry of a map, in every message


def parse_message(kind: type[_Message], data: bytes) -> _Message:
    """Returns the message in `data`.

    Raises:
        StatusError: INTERNAL, as gRPC has it, where there is none.
    """
    try:
        return kind.FromString(data)
    except DecodeError as error:
        text = f"The {len(data)} bytes received are no {kind.DESCRIPTOR.full_name}."
        raise StatusError(Code.INTERNAL, text) from error


@dataclass(frozen=True, slots=True)
class GrpcRequest:
    """A parsed PredictRequest; see `core.PredictRequest`."""

    message: predict_pb2.PredictRequest

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Reads the message.

        Raises:
            StatusError: it is none.
        """
        return cls(parse_message(predict_pb2.PredictRequest, data))

    @property
    def query(self) -> ModelQuery | None:
        """The model wanted."""
        return model_query(self.message)

    @property
    def signature(self) -> str:
        """The signature wanted."""
        return self.message.model_spec.signature_name

    @property
    def output_filter(self) -> Sequence[str]:
        """The outputs wanted."""
        return self.message.output_filter

    def decode(self, signature: SignatureDef) -> dict[str, np.ndarray]:
        """Returns the inputs."""
        return read_inputs(signature, self.message.inputs)

    def encode(self, servable: Servable, outputs: Mapping[str, np.ndarray]) -> bytes:
        """Returns a serialised PredictResponse.

        It is put together from serialised parts: a message that holds others would be built value
        by value and then written out again.
        """
        parts = [
            delimited(
                _REPLY["outputs"],
                delimited(_KEY, name.encode()) + delimited(_VALUE, to_bytes(array)),
            )
            for name, array in outputs.items()
        ]
        name = self.signature or DEFAULT_SIGNATURE
        return b"".join([*parts, _serialized_spec(servable.name, servable.version, name)])

    def unknown_signature(self) -> StatusError:
        """Returns the error that there is no such signature."""
        return signature_not_found(self.signature or DEFAULT_SIGNATURE)


@lru_cache(maxsize=256)
def _serialized_spec(name: str, version: int, signature: str) -> bytes:
    spec = model_spec(name, version, signature).SerializeToString()
    return delimited(_REPLY["model_spec"], spec)
