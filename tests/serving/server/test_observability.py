"""Metrics, access log, health, reflection and the page."""

import json

import httpx
import numpy as np
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest

from serving import UsageError
from serving.server import Server
from serving.server.access_log import AccessLog
from serving.server.request_context import Progress, RequestContext
from serving.server.status import Code
from tests.serving.server.calls import refusal, request_for, samples, stub

X = {"x": np.array([2.0, 3.0], np.float32)}


def url(server, path):
    return f"http://127.0.0.1:{server.rest_api_port}{path}"


@pytest.fixture
def observed(digits, start_server, tmp_path):
    return start_server(digits, enable_batching=True, access_log=str(tmp_path / "access.jsonl"))


def ask(server):
    with stub(server) as prediction:
        seeds = {"seed": np.arange(3)}
        metadata = (("x-request-id", "abc-1"),)
        prediction.Predict(request_for(seeds, signature="generate"), metadata=metadata)
        refusal(prediction.Predict, request_for(seeds, "nobody"))
        for name in ("invented-1", "invented-2"):
            refusal(prediction.Predict, request_for(seeds, name))
        refusal(prediction.GetModelMetadata, GetModelMetadataRequest())  # which is not counted
    reply = httpx.post(
        url(server, "/v1/models/default:predict"),
        json={"instances": [1]},
        headers={"x-request-id": "abc-2"},
    )
    assert reply.headers["x-request-id"] == "abc-2"
    httpx.get(url(server, "/v1/models/default"), headers={"x-request-id": "a" * 500})


def test_metrics_bear_tf_servings_names(observed):
    ask(observed)
    found = samples(observed)
    count = ":tensorflow:serving:request_count_total"  # so does the parser call a counter
    assert found[count, (("model_name", "default"), ("status", "OK"))] == 3
    assert found[count, (("model_name", ""), ("status", "NOT_FOUND"))] == 3
    assert not any("invented" in str(key) for key in found)
    for entrypoint, api in (("GRPC", "Predict"), ("REST", "predict"), ("REST", "")):
        labels = (("API", api), ("entrypoint", entrypoint), ("model_name", "default"))
        assert found[":tensorflow:serving:request_latency_count", labels] == 1
    runtime = (("API", "Predict"), ("model_name", "default"), ("runtime", "TF1"))
    assert found[":tensorflow:serving:runtime_latency_count", runtime] == 2
    default = (("model_name", "default"),)
    assert found["saddlepoint_request_rows_sum", default] == 4
    assert found["saddlepoint_batch_rows_count", default] == 2
    assert found["saddlepoint_batches_total", default] == 2
    assert found["saddlepoint_queue_seconds_count", default] == 2
    version = (("model_name", "default"), ("version", "1"))
    assert found["saddlepoint_version_available", version] == 1
    text = httpx.get(url(observed, "/monitoring/prometheus/metrics")).text
    assert "# TYPE :tensorflow:serving:request_count counter" in text
    assert ':tensorflow:serving:request_count{model_name="default",status="OK"} 3.0' in text


def test_the_access_log_has_a_line_for_every_request(observed, tmp_path):
    ask(observed)
    lines = [json.loads(line) for line in (tmp_path / "access.jsonl").read_text().splitlines()]
    assert len(lines) == 7
    first, missing, *_, rest, status = lines
    assert first["request_id"] == "abc-1"
    assert (first["model"], first["version"], first["signature"]) == ("default", 1, "generate")
    assert (first["rows"], first["batch_rows"], first["status"]) == (3, 3, "OK")
    assert first["run_ms"] > 0
    assert first["queue_ms"] >= 0
    assert (missing["model"], missing["status"]) == ("nobody", "NOT_FOUND")
    assert (rest["entrypoint"], rest["request_id"]) == ("REST", "abc-2")
    assert status["method"] == "status"
    assert len(status["request_id"]) == 32


def test_a_name_of_megabytes_does_not_fill_the_access_log(tmp_path):
    log = AccessLog(str(tmp_path / "access.jsonl"))
    names = {"model": "m" * 10**6, "signature": "s" * 10**6}
    log.write(Progress(RequestContext("GRPC"), **names), Code.OK)
    log.close()
    assert len((tmp_path / "access.jsonl").read_text()) < 1000


def test_an_access_log_that_cannot_be_written(half_plus_two, tmp_path):
    with pytest.raises(UsageError, match=r"access_log: .* cannot be written"):
        Server(
            half_plus_two, port=0, rest_api_port=0, access_log=str(tmp_path / "no" / "log")
        ).start()


@pytest.mark.parametrize(
    ("config", "path", "status"),
    [
        ('prometheus_config { enable: true path: "/metrics" }', "/metrics", 200),
        ("prometheus_config { enable: true }", "/monitoring/prometheus/metrics", 200),
        ("prometheus_config { enable: false }", "/monitoring/prometheus/metrics", 404),
    ],
)
def test_the_monitoring_file(half_plus_two, start_server, tmp_path, config, path, status):
    file = tmp_path / "monitoring.config"
    file.write_text(config)
    server = start_server(half_plus_two, monitoring_config_file=str(file))
    reply = httpx.get(url(server, path))
    assert reply.status_code == status
    assert ("# TYPE" in reply.text) is (status == 200)


def test_reflection_lists_the_services(half_plus_two_server):
    with stub(half_plus_two_server, reflection_pb2_grpc.ServerReflectionStub) as reflection:
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        (reply,) = reflection.ServerReflectionInfo(iter([request]))
    names = {service.name for service in reply.list_services_response.service}
    assert names >= {
        "tensorflow.serving.PredictionService",
        "tensorflow.serving.ModelService",
        "grpc.health.v1.Health",
    }


@pytest.fixture(scope="module")
def page(digits):
    labels = {"stable": 1}
    with Server(digits, "digits", port=0, rest_api_port=0, web=True, version_labels=labels) as up:
        yield up


def test_the_page_and_its_files(page):
    reply = httpx.get(url(page, "/"))
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["content-security-policy"].startswith("default-src 'self';")
    assert reply.text == httpx.get(url(page, "/web/index.html")).text
    assert httpx.get(url(page, "/web/app.js")).headers["content-type"].startswith("text/javascript")
    assert httpx.get(url(page, "/web/models.json")).json() == {
        "models": [{"name": "digits", "versions": ["1"], "labels": {"stable": "1"}}]
    }


@pytest.mark.parametrize(
    "path",
    ["/web/../server/app.py", "/web/%2e%2e/server/app.py", "/web//etc/passwd", "/web/", "/web/x"],
)
def test_no_path_reaches_the_file_system(page, path):
    request = httpx.Request("GET", url(page, "/"))
    request.url = request.url.copy_with(raw_path=path.encode())
    with httpx.Client() as client:
        reply = client.send(request)
    assert (reply.status_code, "Nothing is served at" in reply.text) == (404, True)


def test_no_page_unless_asked_for(half_plus_two_server):
    for path in ("/", "/web/index.html", "/web/models.json"):
        assert httpx.get(url(half_plus_two_server, path)).status_code == 404
