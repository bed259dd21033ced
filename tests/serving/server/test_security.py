"""TLS, mutual TLS, the API key, and whom pages may come from."""

import shutil
import ssl
import subprocess

import grpc
import httpx
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tensorflow_serving.apis import prediction_service_pb2_grpc

from serving import UsageError
from serving.server import Server
from serving.server.security import ApiKey
from tests.serving.server.calls import arrays, refusal, request_for, stub

X = {"x": np.array([2.0], np.float32)}
KEY = "correct-horse"


@pytest.fixture(scope="module")
def pems(tmp_path_factory):
    """Key and self-signed certificate of two parties, each its own authority."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("pems")
    for name in ("server", "client"):
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
                *("-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
                *("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"),
            ],
            check=True,
            capture_output=True,
        )
    return folder


def quoted(path):
    return '"' + path.read_text().replace("\n", "\\n") + '"'


@pytest.fixture
def ssl_config(pems, tmp_path):
    def write(certificate="server.pem", key="server.key", extra=""):
        path = tmp_path / "ssl.txt"
        path.write_text(
            f"server_key: {quoted(pems / key)} server_cert: {quoted(pems / certificate)} {extra}"
        )
        return str(path)

    return write


def predict_over_tls(server, pems, **client):
    root = (pems / "server.pem").read_bytes()
    credentials = grpc.ssl_channel_credentials(root, **client)
    with grpc.secure_channel(f"localhost:{server.port}", credentials) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        return arrays(stub.Predict(request_for(X), timeout=5))["y"].tolist()


def test_tls_for_both_interfaces(half_plus_two, start_server, ssl_config, pems):
    server = start_server(
        half_plus_two,
        ssl_config_file=ssl_config(),
        rest_ssl_cert_file=str(pems / "server.pem"),
        rest_ssl_key_file=str(pems / "server.key"),
    )
    assert predict_over_tls(server, pems) == [3.0]
    context = ssl.create_default_context(cafile=str(pems / "server.pem"))
    url = f"https://localhost:{server.rest_api_port}/v1/models/default"
    assert httpx.get(url, verify=context).status_code == 200


def test_mutual_tls(half_plus_two, start_server, ssl_config, pems):
    extra = f"client_verify: true custom_ca: {quoted(pems / 'client.pem')}"
    server = start_server(half_plus_two, ssl_config_file=ssl_config(extra=extra))
    with pytest.raises(grpc.RpcError):
        predict_over_tls(server, pems)
    key, chain = ((pems / f"client.{end}").read_bytes() for end in ("key", "pem"))
    assert predict_over_tls(server, pems, private_key=key, certificate_chain=chain) == [3.0]


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"key": "client.key"}, "ssl_config_file: the certificate does not belong to the private"),
        ({"key": "server.pem"}, "ssl_config_file: certificate or private key is no unencrypted"),
        ({"extra": "client_verify: true"}, "client_verify needs custom_ca"),
        ({"extra": 'custom_ca: "no"'}, "custom_ca is no PEM certificate"),
        ({"extra": "verify: true"}, 'no field named "verify"'),
    ],
)
def test_what_is_wrong_with_the_grpc_certificate(half_plus_two, ssl_config, files, text):
    with pytest.raises(UsageError, match=text):
        Server(half_plus_two, port=0, rest_api_port=0, ssl_config_file=ssl_config(**files)).start()


def test_what_is_wrong_with_the_http_certificate(half_plus_two, pems):
    def start(certificate, key):
        files = {"rest_ssl_cert_file": str(certificate), "rest_ssl_key_file": str(key)}
        Server(half_plus_two, port=0, rest_api_port=0, **files).start()

    with pytest.raises(UsageError, match="rest_ssl_cert_file: the certificate does not belong"):
        start(pems / "server.pem", pems / "client.key")
    with pytest.raises(UsageError, match=r"rest_ssl_key_file: .* cannot be read"):
        start(pems / "server.pem", pems / "no")
    with pytest.raises(UsageError, match="needs rest_ssl_key_file"):
        start(pems / "server.pem", "")


@pytest.fixture(scope="module")
def locked(half_plus_two, tmp_path_factory):
    file = tmp_path_factory.mktemp("key") / "key"
    file.write_text(KEY + "\n")
    with Server(half_plus_two, port=0, rest_api_port=0, api_key_file=str(file)) as server:
        yield server


@pytest.mark.parametrize(
    ("headers", "admitted"),
    [
        ({}, False),
        ({"x-api-key": KEY}, True),
        ({"authorization": f"Bearer {KEY}"}, True),
        ({"x-api-key": KEY[:-1]}, False),
        ({"x-api-key": KEY + "x"}, False),
        ({"authorization": KEY}, False),
        ({"x-api-key": ""}, False),
    ],
)
def test_the_key_opens_both_interfaces(locked, headers, admitted):
    with stub(locked) as prediction:
        metadata = tuple(headers.items())
        if admitted:
            assert prediction.Predict(request_for(X), metadata=metadata).outputs
        else:
            code, text = refusal(prediction.Predict, request_for(X), metadata=metadata)
            assert (code, "x-api-key" in text) == ("UNAUTHENTICATED", True)
    url = f"http://127.0.0.1:{locked.rest_api_port}"
    for path in ("/v1/models/default", "/monitoring/prometheus/metrics", "/v1/foo"):
        reply = httpx.get(url + path, headers=headers)
        assert (reply.status_code == 401) is not admitted


def test_health_needs_no_key_and_reflection_does(locked):
    for path in ("/healthz", "/readyz"):
        assert httpx.get(f"http://127.0.0.1:{locked.rest_api_port}{path}").status_code == 200
    with stub(locked, health_pb2_grpc.HealthStub) as health:
        assert health.Check(health_pb2.HealthCheckRequest()).status == 1
    with stub(locked, reflection_pb2_grpc.ServerReflectionStub) as reflection:
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        with pytest.raises(grpc.RpcError) as caught:
            list(reflection.ServerReflectionInfo(iter([request])))
        assert caught.value.code().name == "UNAUTHENTICATED"


def test_keys_of_other_alphabets_are_compared_too():
    assert not ApiKey(b"key").admits({"x-api-key": "schlüssel☃"})
    assert ApiKey(None).admits({})


def test_a_key_that_is_none(half_plus_two, tmp_path, monkeypatch):
    monkeypatch.delenv("SADDLEPOINT_KEY", raising=False)
    (tmp_path / "empty").write_text("\n")
    for flags in ({"api_key_env": "SADDLEPOINT_KEY"}, {"api_key_file": str(tmp_path / "empty")}):
        with pytest.raises(UsageError, match="holds no key"):
            Server(half_plus_two, port=0, rest_api_port=0, **flags).start()


def test_pages_of_other_origins(half_plus_two, half_plus_two_server, start_server):
    def preflight(server, origin):
        headers = {"origin": origin, "access-control-request-method": "POST"}
        url = f"http://127.0.0.1:{server.rest_api_port}/v1/models/default:predict"
        return httpx.options(url, headers=headers)

    closed = preflight(half_plus_two_server, "https://a.example")
    assert "access-control-allow-origin" not in closed.headers
    server = start_server(half_plus_two, cors_allowed_origins="https://a.example")
    opened = preflight(server, "https://a.example")
    assert opened.headers["access-control-allow-origin"] == "https://a.example"
    assert "access-control-allow-origin" not in preflight(server, "https://b.example").headers
