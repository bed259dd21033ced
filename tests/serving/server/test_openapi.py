"""docs/openapi.yaml says what the REST interface does: held against the endpoint's own replies."""

import re
from pathlib import Path

import httpx
import pytest
import yaml

from serving.http_status import HTTP_STATUS
from serving.server import Server

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")

PATH = Path(__file__).parents[3] / "docs" / "openapi.yaml"
DOCUMENT = yaml.safe_load(PATH.read_text(encoding="utf-8"))
COMPONENTS = DOCUMENT["components"]
CLIENT_GONE = 499  # only in the access log: nobody is there to receive it
BY_HTTP_ALONE = {200, 401, 408, 413, 500}


def resolved(node):
    """What a reference to a component stands for."""
    while "$ref" in node:
        _, _, kind, name = node["$ref"].split("/")
        node = COMPONENTS[kind][name]
    return node


def check(instance, schema):
    """Fails where `instance` is not of `schema`, whose references are to components."""
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": COMPONENTS}
    jsonschema.Draft202012Validator(whole | {"allOf": [schema]}).validate(instance)


def operation_for(method, path):
    """The operation that a route belongs to, by the paths with parameters in braces."""
    for template, item in DOCUMENT["paths"].items():
        pattern = re.sub(r"\\{\w+\\}", "[^/:]+", re.escape(template))
        if re.fullmatch(pattern, path) and method in item:
            return item[method]
    raise AssertionError(f"{method} {path} is not declared")


def responses():
    for path, item in DOCUMENT["paths"].items():
        for method in ("get", "post"):
            for status, response in item.get(method, {}).get("responses", {}).items():
                yield path, status, resolved(response)


@pytest.fixture(scope="module")
def http(half_plus_two, tmp_path_factory):
    key = tmp_path_factory.mktemp("key") / "key"
    key.write_text("k")
    flags = {"api_key_file": str(key), "max_request_bytes": 1000, "web": True}
    labels = {"stable": 123}
    with Server(half_plus_two, port=0, rest_api_port=0, version_labels=labels, **flags) as server:
        base = f"http://127.0.0.1:{server.rest_api_port}"
        with httpx.Client(base_url=base, headers={"x-api-key": "k"}) as client:
            yield client


def test_it_is_openapi():
    reason = "openapi-spec-validator is not installed"
    validator = pytest.importorskip("openapi_spec_validator", reason=reason)
    validator.validate(DOCUMENT)


def test_every_status_of_a_prediction_is_declared():
    possible = {*HTTP_STATUS.values(), *BY_HTTP_ALONE} - {CLIENT_GONE}
    for path, item in DOCUMENT["paths"].items():
        if path.endswith(":predict"):
            assert {int(status) for status in item["post"]["responses"]} == possible


def test_every_error_has_its_sentence():
    for path, status, response in responses():
        if int(status) >= 400 and path != "/readyz":
            schema = response["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Error"}, (path, status)


def test_the_examples_are_of_their_schemas():
    bodies = [*COMPONENTS["requestBodies"].values(), *COMPONENTS["responses"].values()]
    shown = 0
    for content in (content for body in bodies for content in body["content"].values()):
        for example in content.get("examples", {}).values():
            check(example["value"], content["schema"])
            shown += 1
    assert shown > 10


@pytest.mark.parametrize(
    "wrong",
    [{}, {"instances": []}, {"instances": [1], "inputs": 1}, {"inputs": None}, {"inputs": {}}],
)
def test_the_schema_of_a_request_refuses_what_the_endpoint_refuses(http, wrong):
    schema = {"$ref": "#/components/schemas/PredictRequest"}
    if wrong != {"inputs": {}}:  # which names a signature needs, a schema cannot know
        with pytest.raises(jsonschema.ValidationError):
            check(wrong, schema)
    assert http.post("/v1/models/default:predict", json=wrong).status_code == 400


PREDICT = "/v1/models/default:predict"
CALLS = [
    ("post", PREDICT, {"json": {"instances": [1.0]}}, 200),
    ("post", PREDICT, {"json": {"inputs": {"x": [[1.0, 2.0]]}}}, 200),
    ("post", PREDICT, {"json": {"instances": ["a"], "signature_name": "echo"}}, 200),
    ("post", PREDICT, {"json": {"inputs": ["a"], "signature_name": "echo"}}, 200),
    ("post", PREDICT, {"content": "{"}, 400),
    ("post", PREDICT, {"json": {"instances": [1.0] * 1000}}, 413),
    ("post", PREDICT, {"headers": {"x-api-key": "no"}}, 401),
    ("post", "/v1/models/no:predict", {"json": {"instances": [1.0]}}, 404),
    ("post", "/v1/models/default/versions/123:predict", {"json": {"instances": [1.0]}}, 200),
    ("post", "/v1/models/default/labels/stable:predict", {"json": {"instances": [1.0]}}, 200),
    ("post", "/v1/models/default:classify", {}, 501),
    ("post", "/v1/models/default:regress", {}, 501),
    ("get", "/v1/models/default", {}, 200),
    ("get", "/v1/models/default/versions/123", {}, 200),
    ("get", "/v1/models/default/versions/99999999999999999999", {}, 400),
    ("get", "/v1/models/default/labels/stable", {}, 200),
    ("get", "/v1/models/no", {}, 404),
    ("get", "/v1/models/default/metadata", {}, 200),
    ("get", "/v1/models/default/versions/123/metadata", {}, 200),
    ("get", "/v1/models/default/labels/stable/metadata", {}, 200),
    ("get", "/v1/models/default/labels/no/metadata", {}, 400),
    ("get", "/healthz", {}, 200),
    ("get", "/readyz", {}, 200),
    ("get", "/monitoring/prometheus/metrics", {}, 200),
    ("get", "/monitoring/prometheus/metrics", {"headers": {"x-api-key": "no"}}, 401),
    ("get", "/web/models.json", {}, 200),
    ("get", "/web/models.json", {"headers": {"x-api-key": "no"}}, 401),
]


@pytest.mark.parametrize(("method", "path", "options", "status"), CALLS)
def test_replies_are_as_declared(http, method, path, options, status):
    reply = http.request(method, path, **options)
    assert reply.status_code == status
    response = resolved(operation_for(method, path)["responses"][str(status)])
    kind = reply.headers["content-type"].partition(";")[0]
    content = reply.json() if kind == "application/json" else reply.text
    check(content, response["content"][kind]["schema"])
    for name, header in response.get("headers", {}).items():
        check(reply.headers[name], resolved(header)["schema"])


def test_every_operation_is_called():
    declared = {(p, m) for p, item in DOCUMENT["paths"].items() for m in item if m != "parameters"}
    called = [operation_for(method, path) for method, path, _, _ in CALLS]
    for path, method in declared:
        assert any(DOCUMENT["paths"][path][method] is each for each in called), (path, method)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
def test_schemathesis_finds_nothing(http, mode):
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    hypothesis = pytest.importorskip("hypothesis")
    checks = pytest.importorskip("schemathesis.specs.openapi.checks")
    wanted = [
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]
    settings = hypothesis.settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )

    def ask(case):
        reply = case.call(base_url=str(http.base_url), headers={"x-api-key": "k"})
        case.validate_response(reply, checks=wanted)
        assert reply.status_code != 500

    generation = schemathesis.GenerationMode[mode]
    for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations():
        operation = found.ok()
        if "parameters" in DOCUMENT["paths"][operation.path]:  # else there is nothing to vary
            cases = operation.as_strategy(generation_mode=generation)
            settings(hypothesis.given(cases)(ask))()
