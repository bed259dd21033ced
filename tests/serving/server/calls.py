"""What the tests say to a server: gRPC requests as TF Serving's clients build them."""

import contextlib
import time
from typing import NamedTuple

import grpc
import httpx
import tensorflow as tf
from prometheus_client.parser import text_string_to_metric_families
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc


def request_for(inputs, name="default", signature="", version=None, label=None, outputs=()):
    request = predict_pb2.PredictRequest(output_filter=outputs)
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    if label is not None:
        request.model_spec.version_label = label
    for key, value in inputs.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    return request


class Address(NamedTuple):
    """Where a server is that these tests have not started."""

    host: str
    port: int
    rest_api_port: int

    @classmethod
    def of(cls, targets):
        """Of "host:8500" and "http://host:8501"."""
        grpc_target, rest_target = targets
        host, _, port = grpc_target.rpartition(":")
        return cls(host, int(port), int(rest_target.rpartition(":")[2]))


def host_of(server):
    return getattr(server, "host", "127.0.0.1")


def rest_url(server):
    return f"http://{host_of(server)}:{server.rest_api_port}"


@contextlib.contextmanager
def stub(server, kind=prediction_service_pb2_grpc.PredictionServiceStub):
    unlimited = [("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(f"{host_of(server)}:{server.port}", options=unlimited) as channel:
        yield kind(channel)


def arrays(reply):
    return {name: tf.make_ndarray(proto) for name, proto in reply.outputs.items()}


def refusal(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except grpc.RpcError as error:
        return error.code().name, error.details()
    raise AssertionError("the call was answered")


def samples(server, path="/monitoring/prometheus/metrics"):
    """What the server tells Prometheus: values by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(httpx.get(rest_url(server) + path).text)
        for sample in family.samples
    }


def waiting(server):
    """How many requests wait for a thread."""
    return samples(server)["saddlepoint_requests_waiting", ()]


def working(server):
    """How many requests the model works on."""
    return samples(server)["saddlepoint_requests_working", ()]


def wait_for(condition, seconds=15.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
