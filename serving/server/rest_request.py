"""A Predict request's JSON document to arrays and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from serving.server import rest_codec
from serving.server.core import ModelQuery
from serving.server.json_text import parse_object
from serving.server.models import Servable
from serving.server.signatures import DEFAULT_SIGNATURE
from serving.server.status import StatusError, invalid_argument


@dataclass(frozen=True, slots=True)
class RestRequest:
    """A parsed request; see `core.PredictRequest`.

    Attributes:
        document: the JSON document; emptied once it is decoded.
        form: whether the reply has rows or columns.
    """

    query: ModelQuery
    signature: str
    document: dict[str, Any]
    form: str

    @classmethod
    def parse(cls, query: ModelQuery, body: bytes) -> Self:
        """Reads the body of a request for the model that the route names.

        Raises:
            StatusError: it is no JSON object, or its signature's name no text.
        """
        document = parse_object(body)
        form = rest_codec.COLUMN if "inputs" in document else rest_codec.ROW
        return cls(query, rest_codec.signature_name(document), document, form)

    @property
    def output_filter(self) -> Sequence[str]:
        """All outputs: the interface knows no filter."""
        return ()

    def decode(self, signature: SignatureDef) -> dict[str, np.ndarray]:
        """Returns the inputs."""
        dtypes = {key: _numpy_name(info.dtype) for key, info in signature.inputs.items()}
        if not dtypes:
            name = self.signature or "DEFAULT"
            raise invalid_argument(f"Failed to get input map for signature: {name}")
        inputs = rest_codec.decode_inputs(self.document, dtypes)
        self.document.clear()  # what waits for the model need not be held twice
        return inputs

    def encode(self, servable: Servable, outputs: Mapping[str, np.ndarray]) -> bytes:
        """Returns the JSON reply."""
        return rest_codec.encode_outputs(self.form, outputs)

    def unknown_signature(self) -> StatusError:
        """Returns the error that there is no such signature."""
        name = self.signature or DEFAULT_SIGNATURE
        return invalid_argument(f'Serving signature name: "{name}" not found in signature def')


def _numpy_name(dtype: int) -> str:
    return tf.as_dtype(dtype).name if dtype != tf.string.as_datatype_enum else "object"
