"""The requests to Vertex AI against the messages of its API, and against the server image."""

import json
import re

import pytest
from google.protobuf import json_format

from tests.serving.deploy.files import DEPLOY, ROOT, load, models

REQUESTS = {
    "upload_model.json": "UploadModelRequest",
    "upload_version.json": "UploadModelRequest",
    "create_endpoint.json": "Endpoint",
    "deploy_model.json": "DeployModelRequest",
    "deploy_canary.json": "DeployModelRequest",
    "promote_canary.json": "Endpoint",
    "undeploy_stable.json": "UndeployModelRequest",
}
UPLOADS = ("upload_model.json", "upload_version.json")


@pytest.fixture(scope="module")
def parse():
    reason = "google-cloud-aiplatform is not installed; it comes with the extra `gcp`"
    api = pytest.importorskip("google.cloud.aiplatform_v1", reason=reason)

    def message(kind, document):
        kind = getattr(api, kind)
        return json_format.ParseDict(document, kind.pb(kind()))

    return message


def request(name):
    return load(f"vertex/{name}")


def test_every_file_is_tested():
    assert {path.name for path in (DEPLOY / "vertex").iterdir()} == set(REQUESTS)


@pytest.mark.parametrize("name", REQUESTS)
def test_the_file_is_a_request(parse, name):
    assert parse(REQUESTS[name], request(name)).ByteSize()


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("upload_model.json", "artifactUri", "artefactUri"),
        ("upload_version.json", "predictRoute", "predictionRoute"),
        ("create_endpoint.json", "displayName", "display"),
        ("deploy_model.json", "minReplicaCount", "minReplicas"),
        ("deploy_canary.json", "trafficSplit", "traffic"),
        ("promote_canary.json", "trafficSplit", "trafficSplits"),
        ("undeploy_stable.json", "deployedModelId", "deployedModel"),
    ],
)
def test_a_misspelt_key_is_refused(parse, name, right, wrong):
    text = json.dumps(request(name))
    assert f'"{right}"' in text
    with pytest.raises(json_format.ParseError, match=wrong):
        parse(REQUESTS[name], json.loads(text.replace(f'"{right}"', f'"{wrong}"')))


@pytest.mark.parametrize("name", UPLOADS)
def test_routes_and_port_are_tf_servings(name):
    container = request(name)["model"]["containerSpec"]
    (variable,) = container["env"]
    assert variable == {"name": "MODEL_NAME", "value": models().name}
    assert container["predictRoute"] == f"/v1/models/{models().name}:predict"
    assert container["healthRoute"] == f"/v1/models/{models().name}"
    assert container["ports"] == [{"containerPort": 8501}]
    assert "@sha256:" in container["imageUri"]


def test_a_new_version_differs_in_its_model_alone():
    first, second = (request(name) for name in UPLOADS)
    assert second.pop("parentModel") and second["model"].pop("versionAliases") == ["canary"]
    assert second["model"].pop("artifactUri") != first["model"].pop("artifactUri")
    first["model"].pop("description")
    assert first == second


@pytest.mark.parametrize("name", ["deploy_model.json", "deploy_canary.json", "promote_canary.json"])
def test_traffic_adds_up(name):
    assert sum(request(name)["trafficSplit"].values()) == 100


def test_the_canary_gets_a_part_and_comes_back_by_its_alias():
    deployed = request("deploy_canary.json")
    (alias,) = request("upload_version.json")["model"]["versionAliases"]
    assert deployed["deployedModel"]["model"].endswith(f"/MODEL_ID@{alias}")
    assert 0 < deployed["trafficSplit"]["0"] < 50  # "0" is the model of this request


def test_every_placeholder_is_explained():
    text = "".join((DEPLOY / "vertex" / name).read_text() for name in REQUESTS)
    documented = (ROOT / "docs/deploy.md").read_text()
    for name in set(re.findall(r"\b[A-Z]{3,}(?:_ID)?\b", text)) - {"MODEL", "NAME"}:
        assert f"`{name}`" in documented, name
