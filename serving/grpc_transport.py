"""Requests over gRPC. Importing this file imports TensorFlow."""

from collections.abc import Mapping

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.errors import request_error

_MAX_MESSAGE = 2**31 - 1
_OPTIONS = [
    ("grpc.max_send_message_length", _MAX_MESSAGE),
    ("grpc.max_receive_message_length", _MAX_MESSAGE),
    ("grpc.initial_reconnect_backoff_ms", 100),  # the client's own retries set the pace
    ("grpc.max_reconnect_backoff_ms", 2000),
]


class GrpcTransport:
    """A channel to one model behind TF Serving's PredictionService."""

    def __init__(self, target: str, model: str, version: int | None) -> None:
        """Opens a channel to `target`; nothing is sent yet."""
        self._channel = grpc.insecure_channel(target, options=_OPTIONS)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._model = model
        self._version = version

    def call(
        self,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Mapping[str, str],
        timeout: float,
    ) -> dict[str, np.ndarray]:
        """Runs a signature once; the reply itself carries the types in `outputs`.

        Raises:
            RequestError: the server's refusal, or no answer.
        """
        request = predict_pb2.PredictRequest(
            inputs={name: tf.make_tensor_proto(array) for name, array in inputs.items()},
            output_filter=outputs,
        )
        request.model_spec.name = self._model
        request.model_spec.signature_name = signature
        if self._version is not None:
            request.model_spec.version.value = self._version
        try:
            reply = self._stub.Predict(request, timeout=timeout)
        except grpc.RpcError as error:
            raise request_error(error.code().name, error.details() or "") from error
        return {name: tf.make_ndarray(proto) for name, proto in reply.outputs.items()}

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()
