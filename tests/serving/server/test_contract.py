"""The contract's twenty cases by number, each with and without batching.

TF Serving itself answers them too where `SADDLEPOINT_TFSERVING` says where it serves the models of
contract_models.py.

Case 19 is in test_warmup.py; case 20, versions that come and go under load, in test_app.py.
"""

import json
import math
import os
import subprocess
import sys

import httpx
import numpy as np
import pytest
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
)

from serving.server import Server
from tests.serving import contract_models
from tests.serving.conftest import TF_SERVING
from tests.serving.server.calls import Address, arrays, refusal, request_for, rest_url, stub

X = {"x": np.array([2.0], np.float32)}


@pytest.fixture(scope="module", params=["alone", "batched", *(["tf_serving"] * bool(TF_SERVING))])
def server(request, half_plus_two, half_plus_five, tmp_path_factory):
    """H as "half_plus_two" with the label "stable", and another model beside it."""
    if request.param == "tf_serving":
        yield Address.of(TF_SERVING)
        return
    folder = tmp_path_factory.mktemp("contract")
    contract_models.configure(folder, folder)
    (folder / "half_plus_two").symlink_to(half_plus_two)
    (folder / "half_plus_five").mkdir()
    (folder / "half_plus_five" / "7").symlink_to(half_plus_five)
    with Server(
        model_config_file=str(folder / "models.config"),
        monitoring_config_file=str(folder / "monitoring.config"),
        port=0,
        rest_api_port=0,
        enable_batching=request.param == "batched",
    ) as up:
        yield up


@pytest.fixture
def prediction(server):
    with stub(server) as prediction:
        yield prediction


@pytest.fixture
def http(server):
    with httpx.Client(base_url=rest_url(server)) as client:
        yield client


def h(inputs, **options):
    return request_for(inputs, "half_plus_two", **options)


def predict(http, body, route="half_plus_two"):
    return http.post(f"/v1/models/{route}:predict", content=body)


def test_case_1_status(server):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "half_plus_two"
    with stub(server, model_service_pb2_grpc.ModelServiceStub) as models:
        (entry,) = models.GetModelStatus(request).model_version_status
    assert (entry.version, entry.state, entry.status.error_code) == (123, 30, 0)


def test_case_2_metadata(prediction):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "half_plus_two"
    reply = prediction.GetModelMetadata(request)
    assert (reply.model_spec.name, reply.model_spec.version.value) == ("half_plus_two", 123)
    assert list(reply.metadata) == ["signature_def"]


@pytest.mark.parametrize("outputs", [["y"], []], ids=["case_3_filter", "case_4_no_filter"])
def test_cases_3_and_4(prediction, outputs):
    reply = prediction.Predict(h(X, outputs=outputs))
    assert list(reply.outputs["y"].float_val) == [3.0]
    spec = reply.model_spec
    assert (spec.name, spec.signature_name) == ("half_plus_two", "serving_default")
    assert spec.version.value == 123


def test_case_5_two_models(prediction):
    assert arrays(prediction.Predict(h(X)))["y"] == [3.0]
    assert arrays(prediction.Predict(request_for(X, "half_plus_five")))["y"] == [6.0]


def test_cases_6_and_7_rows_and_columns(http):
    assert predict(http, '{"instances":[2.0,3.0,4.0]}').json() == {"predictions": [3.0, 3.5, 4.0]}
    assert predict(http, '{"inputs":[2.0,3.0,4.0]}').json() == {"outputs": [3.0, 3.5, 4.0]}


def test_case_8_the_status_document(http):
    assert http.get("/v1/models/half_plus_two").json() == {
        "model_version_status": [
            {
                "version": "123",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }


def test_case_9_prometheus(http):
    assert "# TYPE" in http.get("/monitoring/prometheus/metrics").text


def test_case_10_two_signatures(prediction):
    default, three = (
        arrays(prediction.Predict(h(X, signature=name))) for name in ("", "plus_three")
    )
    assert (default["y"], three["z"]) == ([3.0], [4.0])


MIRRORED = """
import sys, tensorflow as tf
device = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)
class Model(tf.Module):
    def __init__(self):
        with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
            self.slope = tf.Variable(0.5)
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def __call__(self, x):
        return {"y": self.slope * x + 2.0}
model = Model()
tf.saved_model.save(model, sys.argv[1], signatures=model.__call__)
"""


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory):
    base = tmp_path_factory.mktemp("mirrored")
    subprocess.run(
        [sys.executable, "-c", MIRRORED, str(base / "1")],
        check=True,
        capture_output=True,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    return base


@pytest.mark.integration
@pytest.mark.parametrize("batching", [False, True])
def test_case_11_a_model_of_two_replicas(start_server, mirrored, batching):
    with stub(start_server(mirrored, enable_batching=batching)) as prediction:
        assert arrays(prediction.Predict(request_for(X)))["y"] == [3.0]


def test_case_12_routes(http):
    foo = http.post("/v1/foo")
    assert (foo.status_code, foo.json()) == (400, {"error": "Malformed request: POST /v1/foo"})
    nameless = http.get("/v1/models")
    assert (nameless.status_code, "Missing model name" in nameless.text) == (400, True)
    hello = predict(http, "{}", "half_plus_two/versions/HELLO")
    assert (hello.status_code, "Malformed request" in hello.text) == (400, True)


@pytest.mark.parametrize("route", ["nobody", "half_plus_two/versions/7"])
def test_case_13_unknown(http, route):
    assert predict(http, '{"instances":[1.0]}', route).status_code == 404
    assert http.get(f"/v1/models/{route}").status_code == 404


@pytest.mark.parametrize("route", ["", "/versions/123", "/labels/stable"])
@pytest.mark.parametrize("signature", ["", '"signature_name":"serving_default",'])
def test_case_14_matrices(http, route, signature):
    body = f'{{{signature}"instances":[[1.0,2.0],[3.0,4.0]]}}'
    reply = predict(http, body, f"half_plus_two{route}")
    assert reply.json() == {"predictions": [[2.5, 3.0], [3.5, 4.0]]}


def test_case_15_strings(http):
    body = '{"signature_name":"echo","instances":[{"b64":"aGVsbG8="},{"b64":"d29ybGQ="}]}'
    rows = predict(http, body).json()["predictions"]
    assert [row["text"] for row in rows] == ["hello", "world"]


def test_case_16_four_inputs(http):
    rows = [dict.fromkeys("abcd", value) for value in (1, math.nan, math.inf)]
    body = json.dumps({"signature_name": "four", "instances": rows})
    sums = [row["sum"] for row in predict(http, body).json()["predictions"]]
    assert sums[0] == 4.0
    assert math.isnan(sums[1])
    assert sums[2] == math.inf


def test_case_17_unknown_inputs(prediction):
    assert refusal(prediction.Predict, h({"a": 1.0, "b": 1.0})) == (
        "INVALID_ARGUMENT",
        "input size does not match signature: 2!=1 len({a,b}) != len({x}). "
        "Sent extra: {a,b}. Missing but required: {x}.",
    )


def test_case_18_a_bool_for_a_float(prediction):
    assert refusal(prediction.Predict, h({"x": np.array([True])})) == (
        "INVALID_ARGUMENT",
        "Expects arg[0] to be float but bool is provided",
    )
