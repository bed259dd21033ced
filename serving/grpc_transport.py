"""Requests over gRPC. Importing this file imports TensorFlow."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.environment import proxy_for
from serving.errors import HandshakeFailed, RequestError, UsageError, request_error
from serving.messages import API_KEY_HEADER, Call, Certificates, Endpoint, Reply

_MAX_MESSAGE = 2**31 - 1
_OPTIONS = [
    ("grpc.max_send_message_length", _MAX_MESSAGE),
    ("grpc.max_receive_message_length", _MAX_MESSAGE),
    ("grpc.initial_reconnect_backoff_ms", 100),  # the client's own retries set the pace
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.use_local_subchannel_pool", 1),  # else a fork's child would share the parent's socket
]
_HANDSHAKE_TEXTS = ("handshake failed", "CERTIFICATE_VERIFY_FAILED", "not in peer certificate")


class GrpcMessages:
    """Calls as messages for one model, and messages as replies."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Remembers what every message carries."""
        self._endpoint = endpoint
        self.proxy = proxy_for("grpc", urlsplit(f"//{endpoint.address}").hostname or "")
        self.metadata: list[tuple[str, str]] = (
            [(API_KEY_HEADER, endpoint.api_key)] if endpoint.api_key else []
        )

    def request(self, call: Call) -> predict_pb2.PredictRequest:
        """Returns the message that asks for `call`."""
        request = predict_pb2.PredictRequest(
            inputs={name: _to_proto(array) for name, array in call.inputs.items()},
            output_filter=call.outputs,
        )
        spec = request.model_spec
        spec.name, spec.signature_name = self._endpoint.model, call.signature
        if self._endpoint.version is not None:
            spec.version.value = self._endpoint.version
        elif self._endpoint.label is not None:
            spec.version_label = self._endpoint.label
        return request

    def reply(self, call: Call, response: predict_pb2.PredictResponse) -> Reply:
        """Returns what a message says; it carries the types itself.

        Raises:
            RequestError: it cannot be read.
        """
        try:
            outputs = {name: tf.make_ndarray(response.outputs[name]) for name in call.outputs}
        except (TypeError, ValueError, KeyError) as error:
            text = f"the reply does not hold the outputs {dict(call.outputs)}: {error!r}"
            raise request_error("INTERNAL", text) from error
        spec = response.model_spec
        return Reply(outputs, spec.version.value if spec.HasField("version") else None)

    def error(self, error: grpc.RpcError) -> RequestError:
        """Returns the exception for a refused or lost call."""
        status, text = error.code().name, error.details() or ""
        if status == "UNAVAILABLE" and self.proxy is not None:
            text += f" (through {self.proxy})"
        if status == "UNAVAILABLE" and any(words in text for words in _HANDSHAKE_TEXTS):
            return HandshakeFailed(status, text)
        return request_error(status, text)


class _Channel:
    """A channel to one model behind TF Serving's PredictionService."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Opens a channel; nothing is sent yet.

        Raises:
            UsageError: a certificate cannot be read.
        """
        self._messages = GrpcMessages(endpoint)
        # gRPC asks a proxy for the way to this machine, too.
        options = [*_OPTIONS, ("grpc.enable_http_proxy", int(self._messages.proxy is not None))]
        if endpoint.is_encrypted:
            credentials = _credentials(endpoint.certificates)
            self._channel = grpc.secure_channel(endpoint.address, credentials, options)
        else:
            self._channel = grpc.insecure_channel(endpoint.address, options)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)


class GrpcTransport(_Channel):
    """Carries calls over a channel."""

    def send(self, call: Call, timeout: float) -> Reply:
        """Runs a signature once.

        Raises:
            RequestError: the server's refusal, or no answer.
        """
        request = self._messages.request(call)
        try:
            response = self._stub.Predict(
                request, timeout=timeout, metadata=self._messages.metadata
            )
        except grpc.RpcError as error:
            raise self._messages.error(error) from error
        return self._messages.reply(call, response)

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()


class AsyncGrpcTransport(_Channel):
    """Carries calls over a channel, for coroutines.

    The channel is no `grpc.aio` one: such belong to one event loop, and no child of a fork can open
    another.
    """

    async def send(self, call: Call, timeout: float) -> Reply:
        """Runs a signature once.

        Raises:
            RequestError: the server's refusal, or no answer.
        """
        request = self._messages.request(call)
        under_way = self._stub.Predict.future(
            request, timeout=timeout, metadata=self._messages.metadata
        )
        await _ended(under_way)
        try:
            response = under_way.result()
        except grpc.RpcError as error:
            raise self._messages.error(error) from error
        return self._messages.reply(call, response)

    async def close(self) -> None:
        """Closes the channel."""
        self._channel.close()


async def _ended(under_way: grpc.Future) -> None:
    """Waits for the end of a call, told by a thread of gRPC; cancelled, it cancels the call."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def tell(_: grpc.Future) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(ended.set)

    under_way.add_done_callback(tell)
    try:
        await ended.wait()
    except asyncio.CancelledError:
        under_way.cancel()
        raise


def _credentials(files: Certificates) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(*_contents([files.authority, files.key, files.certificate]))


def _contents(paths: Sequence[str | None]) -> list[bytes | None]:
    try:
        return [Path(path).read_bytes() if path else None for path in paths]
    except OSError as error:
        raise UsageError(f"certificate: {error.filename!r}: {error.strerror}.") from error


def _to_proto(array: np.ndarray) -> tensor_pb2.TensorProto:
    """Returns `array` as a message; numbers travel as their bytes, without a copy per value."""
    if array.dtype == object:
        return tf.make_tensor_proto(array)
    proto = tensor_pb2.TensorProto(
        dtype=tf.as_dtype(array.dtype).as_datatype_enum, tensor_content=array.tobytes()
    )
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    return proto
