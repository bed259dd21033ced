"""Clients that ask for the same pictures all the time, whatever else the endpoint is sent."""

import http.client
import json
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import grpc
import numpy as np

from benchmarks.fuzz_server import KEY, FuzzServer

_SEEDS = [0, 1, 42, -7, 2**40]
_PAUSE = 0.05
_TOLERANCE = 1  # grey levels: what a batch's company may change


class Witness:
    """One client over gRPC and one over REST, each in a thread, until the block ends.

    Attributes:
        answered: valid requests that were answered as they should be.
        wrong: what was wrong with the others.
    """

    def __init__(self, server: FuzzServer) -> None:
        """Notes the pictures as they are before anything hostile is sent."""
        self.answered = 0
        self.identical = 0
        self.slowest = 0.0
        self.wrong: list[str] = []
        self._server = server
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._wanted = self._over_grpc(grpc.insecure_channel(f"127.0.0.1:{server.port}"))
        ways: list[Callable[[], Callable[[], np.ndarray]]] = [self._grpc_way, self._rest_way]
        self._threads = [threading.Thread(target=self._ask, args=[way()]) for way in ways]

    def __enter__(self) -> "Witness":
        """Begins to ask."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Asks no more."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def summary(self) -> dict[str, Any]:
        """What a result keeps of it."""
        return {
            "answered": self.answered,
            "identical": self.identical,
            "slowest_s": round(self.slowest, 2),
            "wrong": self.wrong[:20],
        }

    def _ask(self, pictures: Callable[[], np.ndarray]) -> None:
        while not self._stopping.wait(_PAUSE):
            begun = time.perf_counter()
            try:
                difference = int(np.abs(pictures().astype(int) - self._wanted).max())
                wrong = f"differs by {difference}" if difference > _TOLERANCE else ""
            except Exception as error:
                difference, wrong = 0, f"{type(error).__name__}: {error}"
            with self._lock:
                self.slowest = max(self.slowest, time.perf_counter() - begun)
                if wrong:
                    self.wrong.append(wrong[:300])
                else:
                    self.answered += 1
                    self.identical += difference == 0

    def _grpc_way(self) -> Callable[[], np.ndarray]:
        channel = grpc.insecure_channel(f"127.0.0.1:{self._server.port}")
        return lambda: self._over_grpc(channel)

    def _rest_way(self) -> Callable[[], np.ndarray]:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.rest_api_port, timeout=30)
        body = json.dumps({"inputs": _SEEDS})
        headers = {"x-api-key": KEY}

        def ask() -> np.ndarray:
            connection.request("POST", "/v1/models/digits:predict", body, headers)
            reply = connection.getresponse()
            content = reply.read()
            if reply.status != 200:
                connection.close()
                raise RuntimeError(f"{reply.status} {content[:200]!r}")
            return np.array(json.loads(content)["outputs"]["image"])

        return ask

    def _over_grpc(self, channel: grpc.Channel) -> np.ndarray:
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

        request = predict_pb2.PredictRequest()
        request.model_spec.name = "digits"
        request.inputs["seed"].CopyFrom(tf.make_tensor_proto(np.array(_SEEDS, np.int64)))
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        reply = stub.Predict(request, metadata=[("x-api-key", KEY)], timeout=30)
        return tf.make_ndarray(reply.outputs["image"])
