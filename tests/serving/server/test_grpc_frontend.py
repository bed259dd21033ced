"""The gRPC contract of TF Serving, over a real socket."""

import asyncio

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.server import Server
from serving.server.grpc_frontend import _abort
from serving.server.status import Code, StatusError
from tests.serving.server.calls import refusal, request_for, wait_for, working

HERE = ". This server has the model 'default'."  # ours; TF Serving ends before it


@pytest.fixture(scope="module")
def channel(half_plus_two_server):
    with grpc.insecure_channel(f"127.0.0.1:{half_plus_two_server.port}") as channel:
        yield channel


@pytest.fixture
def prediction(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture
def models(channel):
    return model_service_pb2_grpc.ModelServiceStub(channel)


X = {"x": np.array([2.0], np.float32)}


@pytest.mark.parametrize("outputs", [["y"], []])
def test_predict_names_who_answered(prediction, outputs):
    reply = prediction.Predict(request_for(X, outputs=outputs))
    assert list(reply.outputs) == ["y"]
    assert list(reply.outputs["y"].float_val) == [3.0]
    assert reply.model_spec.name == "default"
    assert reply.model_spec.signature_name == "serving_default"
    assert reply.model_spec.version.value == 123


@pytest.mark.parametrize(
    "choice", [{"version": 123}, {"label": "stable"}, {"signature": "serving_default"}]
)
def test_explicit_choices_give_the_same(prediction, choice):
    reply = prediction.Predict(request_for(X, **choice))
    assert list(reply.outputs["y"].float_val) == [3.0]


def test_signatures_answer_differently(prediction):
    reply = prediction.Predict(request_for(X, signature="plus_three"))
    assert list(reply.outputs["z"].float_val) == [4.0]


def test_an_empty_batch_is_legal(prediction):
    reply = prediction.Predict(request_for({"x": np.zeros([0], np.float32)}))
    assert tf.make_ndarray(reply.outputs["y"]).shape == (0,)


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [
        (predict_pb2.PredictRequest(), "INVALID_ARGUMENT", "Missing ModelSpec"),
        (request_for(X, name=""), "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        (request_for(X, "no"), "NOT_FOUND", f"Servable not found for request: Latest(no){HERE}"),
        (
            request_for(X, version=7),
            "NOT_FOUND",
            "Servable not found for request: Specific(default, 7)",
        ),
        (
            request_for(X, label="canary"),
            "INVALID_ARGUMENT",
            "Unrecognized servable version label: canary",
        ),
        (
            request_for({}, signature="no"),
            "FAILED_PRECONDITION",
            'Serving signature key "no" not found.',
        ),
        (
            request_for({"a": 1.0, "b": 1.0}, outputs=["no"]),
            "INVALID_ARGUMENT",
            "input size does not match signature: 2!=1 len({a,b}) != len({x}). "
            "Sent extra: {a,b}. Missing but required: {x}.",
        ),
        (
            request_for({"a": 1.0}),
            "INVALID_ARGUMENT",
            "Signature input alias: x(feed name: serving_default_x:0) not found in request and no "
            "default value provided. Inputs expected to be in the request {a}, or default input "
            "alias set:",  # TF Serving leaves a blank at the end
        ),
        (
            request_for({"x": True}, outputs=["no"]),
            "INVALID_ARGUMENT",
            "output tensor alias not found in signature: no Outputs expected to be in the set {y}.",
        ),
        (
            request_for(X, outputs=["y", "y"]),
            "INVALID_ARGUMENT",
            "duplicate output tensor alias: y",
        ),
        (
            request_for({}, signature="__saved_model_init_op"),
            "INVALID_ARGUMENT",
            "Tensor NoOp can be neither fed nor fetched",
        ),
        (
            request_for({"x": True}),
            "INVALID_ARGUMENT",
            "Expects arg[0] to be float but bool is provided",
        ),
    ],
)
def test_checks_come_in_order_with_their_texts(prediction, request_, code, text):
    assert refusal(prediction.Predict, request_) == (code, text)


def test_a_tensor_that_contradicts_itself(prediction):
    request = request_for({})
    request.inputs["x"].dtype = tf.float32.as_datatype_enum
    request.inputs["x"].tensor_shape.dim.add(size=3)
    request.inputs["x"].tensor_content = b"12345"
    code, text = refusal(prediction.Predict, request)
    assert code == "INVALID_ARGUMENT"
    assert text.startswith("tensor parsing error: x")


def test_a_long_text_is_cut(prediction):
    code, text = refusal(prediction.Predict, request_for(X, signature="ü" * 1000))
    assert code == "FAILED_PRECONDITION"
    assert text == 'Serving signature key "' + "ü" * 500 + "...TRUNCATED"


def test_the_deadline_bounds_the_run(half_plus_two_server, prediction):
    slow = request_for({"n": np.array([2**20])}, signature="slow")  # about ten seconds
    assert refusal(prediction.Predict, slow, timeout=0.3)[0] == "DEADLINE_EXCEEDED"
    wait_for(lambda: working(half_plus_two_server) == 0, 5.0)


def test_an_answer_to_a_call_that_is_over_leaves_no_traceback():
    class Over:
        async def abort(self, code, details):
            raise grpc.aio.InternalError("execute_batch failed")

    error = StatusError(Code.DEADLINE_EXCEEDED, "late")
    with pytest.raises(asyncio.CancelledError):  # which grpcio takes in silence
        asyncio.run(_abort(Over(), error))


def test_messages_beyond_four_mebibytes_are_taken_and_sent(half_plus_two_server):
    target = f"127.0.0.1:{half_plus_two_server.port}"
    unlimited = [("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(target, options=unlimited) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        reply = stub.Predict(request_for({"x": np.zeros(2**21, np.float32)}))
    assert len(reply.outputs["y"].float_val) == 2**21


def test_metadata(prediction):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "default"
    reply = prediction.GetModelMetadata(request)
    assert (reply.model_spec.name, reply.model_spec.version.value) == ("default", 123)
    assert list(reply.metadata) == ["signature_def"]
    table = get_model_metadata_pb2.SignatureDefMap()
    assert reply.metadata["signature_def"].Unpack(table)
    assert {"serving_default", "plus_three"} <= set(table.signature_def)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ([], "GetModelMetadataRequest must specify at least one metadata_field"),
        (["weights"], "Metadata field weights is not supported"),
    ],
)
def test_metadata_fields(prediction, fields, text):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = "default"
    assert refusal(prediction.GetModelMetadata, request) == ("INVALID_ARGUMENT", text)


def test_status(models):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "default"
    (status,) = models.GetModelStatus(request).model_version_status
    assert (status.version, status.state, status.status.error_code) == (123, 30, 0)


@pytest.mark.parametrize(
    ("name", "version", "text"),
    [
        ("default", 7, "Could not find version 7 of model default"),
        ("nobody", None, f"Could not find any versions of model nobody{HERE}"),
        ("nobody", 0, f"Could not find version 0 of model nobody{HERE}"),
        ("", -1, "Could not find version -1 of model"),
    ],
)
def test_unknown_status(models, name, version, text):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = name
    if version is not None:
        request.model_spec.version.value = version
    assert refusal(models.GetModelStatus, request) == ("NOT_FOUND", text)


def test_what_a_generator_never_exports_is_unimplemented(prediction):
    classify = classification_pb2.ClassificationRequest()
    assert refusal(prediction.Classify, classify)[0] == "UNIMPLEMENTED"


@pytest.mark.parametrize("service", ["", "PredictionService", "ModelService"])
def test_health(channel, service):
    request = health_pb2.HealthCheckRequest(service=service)
    assert health_pb2_grpc.HealthStub(channel).Check(request).status == 1


def test_health_of_an_unknown_service(channel):
    request = health_pb2.HealthCheckRequest(service="other")
    assert refusal(health_pb2_grpc.HealthStub(channel).Check, request)[0] == "NOT_FOUND"


def test_health_can_be_left_out(half_plus_two):
    flags = {"port": 0, "rest_api_port": 0, "enable_grpc_healthcheck_service": False}
    with Server(half_plus_two, **flags) as server:
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            assert refusal(check, health_pb2.HealthCheckRequest())[0] == "UNIMPLEMENTED"


@pytest.mark.skipif(
    not hasattr(health_pb2, "HealthListRequest"), reason="grpcio-health-checking is older than 1.82"
)
def test_health_of_all_services(channel):
    reply = health_pb2_grpc.HealthStub(channel).List(health_pb2.HealthListRequest())
    assert {name: status.status for name, status in reply.statuses.items()} == dict.fromkeys(
        ("", "PredictionService", "ModelService"), 1
    )


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("/tensorflow.serving.PredictionService/Predict", "unary_unary"),
        ("/grpc.health.v1.Health/Check", "unary_unary"),
        ("/grpc.health.v1.Health/Watch", "unary_stream"),
        ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "stream_stream"),
    ],
)
def test_bytes_that_are_no_request_of_a_service(channel, caplog, method, kind):
    call = getattr(channel, kind)(method)
    if kind == "unary_unary":
        code, text = refusal(call, b"\xff")
    else:
        code, text = refusal(lambda: list(call(b"\xff" if "unary" in kind else iter([b"\xff"]))))
    assert (code, "The 1 bytes received are no " in text) == ("INTERNAL", True)
    assert not caplog.records  # and no traceback
