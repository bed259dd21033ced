"""Ready-made requests for samples, as a load repeats them."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

_LEAST_BYTES_OF_PNG = 60


@dataclass(frozen=True)
class Wanted:
    """Samples wanted by one request.

    Attributes:
        protocol: "grpc" or "rest".
        signature: "generate" or "generate_png".
        rows: how many.
        shape: of one sample.
    """

    protocol: str
    signature: str
    rows: int
    shape: tuple[int, ...]

    def load(self) -> dict[str, Any]:
        """The arguments of a `Load` of the model "m" that belong to the request."""
        body = self._json() if self.protocol == "rest" else self._message()
        return {
            "protocol": self.protocol,
            "path": "/v1/models/m:predict",
            "body": base64.b64encode(body).decode(),
            "least_bytes": self._least_bytes(),
        }

    def _least_bytes(self) -> int:
        """What no reply with these samples can be shorter than."""
        if self.signature.endswith("_png"):
            return self.rows * _LEAST_BYTES_OF_PNG
        values = self.rows * int(np.prod(self.shape))
        return 2 * values if self.protocol == "rest" else values

    def _json(self) -> bytes:
        seeds = list(range(self.rows))
        document = {"signature_name": self.signature, "inputs": {"seed": seeds}}
        return json.dumps(document).encode()

    def _message(self) -> bytes:
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = "m", self.signature
        seeds = tf.make_tensor_proto(np.arange(self.rows, dtype=np.int64))
        request.inputs["seed"].CopyFrom(seeds)
        message: bytes = request.SerializeToString()
        return message
