"""The REST routes of the contract, over a real socket."""

import gzip
import math
import time

import httpx
import pytest

HERE = ". This server has the model 'default'."  # ours; TF Serving ends before it


@pytest.fixture
def http(half_plus_two_server):
    base = f"http://127.0.0.1:{half_plus_two_server.rest_api_port}"
    with httpx.Client(base_url=base) as client:
        yield client


def predict(http, body, route="default"):
    content = {"content": body} if isinstance(body, str | bytes) else {"json": body}
    return http.post(f"/v1/models/{route}:predict", **content)


def error_of(reply):
    assert set(reply.json()) == {"error"}
    return reply.json()["error"]


def test_row_form(http):
    reply = predict(http, {"instances": [2.0, 3.0, 4.0]})
    assert (reply.status_code, reply.json()) == (200, {"predictions": [3.0, 3.5, 4.0]})
    assert reply.headers["content-type"] == "application/json"


def test_column_form(http):
    assert predict(http, {"inputs": [2.0, 3.0, 4.0]}).json() == {"outputs": [3.0, 3.5, 4.0]}


@pytest.mark.parametrize("route", ["default", "default/versions/123", "default/labels/stable"])
@pytest.mark.parametrize("extra", [{}, {"signature_name": "serving_default"}, {"other": 1}])
def test_version_label_and_signature_give_the_same(http, route, extra):
    reply = predict(http, {"instances": [[1.0, 2.0], [3.0, 4.0]], **extra}, route)
    assert reply.json() == {"predictions": [[2.5, 3.0], [3.5, 4.0]]}


def test_signatures_answer_differently(http):
    reply = predict(http, {"inputs": [2.0], "signature_name": "plus_three"})
    assert reply.json() == {"outputs": [4.0]}


def test_one_input_may_be_named(http):
    assert predict(http, {"inputs": {"x": 2.0}}).json() == {"outputs": 3.0}
    assert predict(http, {"instances": [{"x": 2.0}]}).json() == {"predictions": [3.0]}


def test_bytes_travel_as_base64_and_only_bytes_outputs_come_back_so(http):
    rows = [{"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}]
    reply = predict(http, {"instances": rows, "signature_name": "echo"})
    assert reply.json()["predictions"] == [
        {"raw_bytes": rows[0], "text": "hello"},
        {"raw_bytes": rows[1], "text": "world"},
    ]


def test_a_single_string_has_no_shape(http):
    reply = predict(http, {"inputs": "hello", "signature_name": "echo"})
    assert reply.json()["outputs"] == {"raw_bytes": {"b64": "aGVsbG8="}, "text": "hello"}


def test_four_inputs_with_nan_and_infinity(http):
    body = (
        '{"signature_name": "four", "instances": ['
        '{"a": 1, "b": 2, "c": 3, "d": 4.5}, {"a": NaN, "b": 0, "c": 0, "d": 0},'
        '{"a": Infinity, "b": 0, "c": 0, "d": 0}, {"a": -Infinity, "b": 0, "c": 0, "d": 0}]}'
    )
    reply = predict(http, body)
    sums = [row["sum"] for row in reply.json()["predictions"]]
    assert sums[0] == 10.5
    assert math.isnan(sums[1])
    assert sums[2:] == [math.inf, -math.inf]
    assert "NaN" in reply.text
    assert "-Infinity" in reply.text


def test_status(http):
    status = {
        "version": "123",
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }
    for route in ("default", "default/versions/123"):
        assert http.get(f"/v1/models/{route}").json() == {"model_version_status": [status]}


def test_metadata(http):
    document = http.get("/v1/models/default/metadata").json()
    assert document["model_spec"] == {"name": "default", "signature_name": "", "version": "123"}
    signature = document["metadata"]["signature_def"]["signature_def"]["echo"]
    tensor = signature["inputs"]["s"]
    assert tensor["dtype"] == "DT_STRING"
    assert tensor["tensor_shape"] == {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}
    assert signature["method_name"] == "tensorflow/serving/predict"
    assert signature["defaults"] == {}
    assert list(document["metadata"]) == list(document["metadata"]["signature_def"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/foo"),
        ("GET", "/v1/foo"),
        ("POST", "/v1/models/default/versions/HELLO:predict"),
        ("POST", "/v1/models/default"),
        ("GET", "/v1/models/default:predict"),
        ("DELETE", "/v1/models/default"),
        ("POST", "/v1/models/:predict"),
        ("POST", "/v1/models"),
        ("POST", "/v1/models/default:PREDICT"),
        ("POST", "/v1/models/default:predict/"),
        ("POST", "/v1/models/default:predict?pretty=1"),
        ("POST", "/v1/models/default/version/123:predict"),
        ("POST", "/v1/models/default/versions/123/labels/stable:predict"),
        ("POST", "/v1/models/default/versions/:predict"),
        ("POST", "/v1/models/default/metadata"),
        ("PUT", "/v1/models/default:predict"),
        ("PATCH", "/v1/models/default"),
        ("GET", "/v1/models/default/"),
        ("GET", "/v1/models/default/other"),
    ],
)
def test_malformed_routes(http, method, path):
    reply = http.request(method, path)
    assert (reply.status_code, error_of(reply)) == (400, f"Malformed request: {method} {path}")


@pytest.mark.parametrize("route", ["", "/versions/1", "/labels/stable", "/versions/1/metadata"])
def test_missing_model_name(http, route):
    reply = http.get(f"/v1/models{route}")
    assert (reply.status_code, error_of(reply)) == (400, "Missing model name in request.")


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/models/default", "/statuspage"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_served_beside_the_interface(http, method, path):
    assert http.request(method, path).status_code == 404


def test_the_servers_own_words_have_any_case(http):
    reply = predict(http, {"instances": [2.0]}, "../../V1/Models/default/Versions/123")
    assert reply.json() == {"predictions": [3.0]}
    assert http.get("/V1/MODELS/default/METADATA").json() == http.get("/v1/models/default").json()


def test_names_may_be_percent_encoded(http):
    assert predict(http, {"instances": [2.0]}, "%64efault/labels/st%61ble").status_code == 200
    assert error_of(http.get("/v1/models/a%2Fb")) == (
        f"Could not find any versions of model a/b{HERE}"
    )


def test_preflight(http):
    path = "/v1/models/default:predict"
    reply = http.options(path, headers={"origin": "https://example.com"})
    assert (reply.status_code, reply.content) == (200, b"")
    assert "access-control-allow-origin" not in reply.headers
    reply = http.options(path)
    text = "Origin header is missing in CORS preflight"
    assert (reply.status_code, error_of(reply)) == (400, text)


def test_a_label_chooses_no_status(http):
    everything = http.get("/v1/models/default").json()
    assert http.get("/v1/models/default/labels/unknown").json() == everything
    metadata = http.get("/v1/models/default/labels/unknown/metadata")
    assert error_of(metadata) == "Unrecognized servable version label: unknown"


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (gzip.compress(b'{"instances": [2.0]}'), 200, '{"predictions":[3.0]}'),
        (gzip.compress(b'{"instances": [2.0]}')[:-9], 400, "The document is empty"),
        (b'{"instances": [2.0]}', 400, "The document is empty"),
        (gzip.compress(b" " * (2**25 + 1)), 413, "--max_request_bytes"),
        (gzip.compress(b'{"instances": [2.0]}')[:-4] + b"\1\0\0\0", 400, "The document is empty"),
    ],
    ids=["whole", "cut", "plain", "bomb", "larger than it says"],
)
def test_bodies_may_be_compressed(http, body, status, text):
    headers = {"content-encoding": "gzip"}
    reply = http.post("/v1/models/default:predict", content=body, headers=headers)
    assert reply.status_code == status
    assert text in reply.text


@pytest.mark.parametrize(
    ("route", "status", "text"),
    [
        ("nobody", 404, f"Servable not found for request: Latest(nobody){HERE}"),
        ("default/versions/7", 404, "Servable not found for request: Specific(default, 7)"),
        ("default/labels/canary", 400, "Unrecognized servable version label: canary"),
        (
            "default/versions/99999999999999999999",
            400,
            "Failed to convert version: 99999999999999999999 to numeric.",
        ),
    ],
)
def test_unknown_models(http, route, status, text):
    reply = predict(http, {"instances": [1.0]}, route)
    assert (reply.status_code, error_of(reply)) == (status, text)


@pytest.mark.parametrize(
    ("route", "text"),
    [
        ("nobody", f"Could not find any versions of model nobody{HERE}"),
        ("default/versions/7", "Could not find version 7 of model default"),
        ("nobody/versions/7", f"Could not find version 7 of model nobody{HERE}"),
        ("default?x=1", f"Could not find any versions of model default?x=1{HERE}"),
        ("nobody/metadata", f"Servable not found for request: Latest(nobody){HERE}"),
    ],
)
def test_unknown_status(http, route, text):
    reply = http.get(f"/v1/models/{route}")
    assert (reply.status_code, error_of(reply)) == (404, text)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b"{", "JSON Parse error: Invalid value"),
        (b"\xff\xfe{", "JSON Parse error: Invalid value"),
        (b"[" * 100_000, "JSON Parse error: Invalid value"),
        (b"[1]", "Is not object"),
        ({}, "Missing 'inputs' or 'instances' key"),
        ({"instances": [1], "inputs": [1]}, "Not formatted correctly"),
        ({"instances": []}, "No values in 'instances' array"),
        ({"instances": ["x"]}, 'JSON Value: "x" Type: String is not of expected type: float'),
        ({"signature_name": 5, "instances": [1]}, "'signature_name' key must be a string value."),
        (
            {"signature_name": "no", "instances": [1]},
            'Serving signature name: "no" not found in signature def',
        ),
    ],
)
def test_bad_bodies(http, body, text):
    reply = predict(http, body)
    assert reply.status_code == 400
    assert text in error_of(reply)


def test_a_failing_operation_keeps_its_text(digits_server):
    body = {
        "signature_name": "generate_conditional",
        "inputs": {"seed": [1, 2], "label": [3, 99]},
    }
    url = f"http://127.0.0.1:{digits_server.rest_api_port}/v1/models/digits:predict"
    reply = httpx.post(url, json=body)
    assert reply.status_code == 400
    assert "assertion failed: [label out of range]" in error_of(reply)


def test_replies_do_not_wait_for_an_acknowledgement(http):
    def seconds():
        start = time.perf_counter()
        predict(http, {"instances": [1.0]})
        return time.perf_counter() - start

    assert min(seconds() for _ in range(10)) < 0.03  # Nagle's algorithm costs 0.04


def test_classify_is_unimplemented(http):
    reply = http.post("/v1/models/default:classify", json={"examples": [{}]})
    assert reply.status_code == 501
