"""From an export to an endpoint's traffic, with a stand-in that keeps Vertex AI's rules."""

import json
import types

import pytest
from click.testing import CliRunner
from google.protobuf import json_format

from serving.deploy import release, vertex_ai
from tests.serving.deploy.files import DEPLOY

reason = "google-cloud-aiplatform is not installed; it comes with the extra `gcp`"
api = pytest.importorskip("google.cloud.aiplatform_v1", reason=reason)

PARENT = "projects/p/locations/r"
ENDPOINT = f"{PARENT}/endpoints/9"
OLD, NEW = (f"{PARENT}/models/1@{version}" for version in (1, 2))
IMAGE = "host/server@sha256:" + 64 * "a"
SOUND = [{"image": [[seed, 255]], "label": 1} for seed in range(10)]


def _done(result):
    return types.SimpleNamespace(result=lambda timeout: result)


class _Vertex:
    """An endpoint whose traffic adds up to 100, and who answers its requests in turn."""

    says_who = True

    def __init__(self):
        self.deployed, self.split, self.uploads, self.asked = {}, {}, [], 0
        self.rows = {OLD: SOUND, NEW: SOUND}

    def list_models(self, parent, filter):
        assert (parent, filter) == (PARENT, 'display_name="digits"')
        return [api.Model(name=f"{PARENT}/models/1") for _ in self.uploads]

    def upload_model(self, request):
        self.uploads.append(request)
        version = str(len(self.uploads))
        response = api.UploadModelResponse(model=f"{PARENT}/models/1", model_version_id=version)
        return _done(response)

    def get_endpoint(self, name):
        models = [
            api.DeployedModel(id=key, model=model.split("@")[0], model_version_id=model[-1])
            for key, model in self.deployed.items()
        ]
        return api.Endpoint(name=name, deployed_models=models, traffic_split=self.split)

    def deploy_model(self, request):
        key = str(100 + len(self.deployed))
        self.deployed[key] = request.deployed_model.model
        self._set({key if k == "0" else k: v for k, v in request.traffic_split.items()})
        return _done(api.DeployModelResponse(deployed_model=api.DeployedModel(id=key)))

    def undeploy_model(self, endpoint, deployed_model_id, traffic_split):
        del self.deployed[deployed_model_id]
        self._set(traffic_split)
        return _done(None)

    def _set(self, split):
        assert set(split) <= set(self.deployed) and sum(split.values()) == (100 if split else 0)
        self.split = dict(split)

    def post(self, path, body):
        assert path == f"{ENDPOINT}:rawPredict" and len(json.loads(body)["instances"]) == 10
        self.asked += 1
        key = [*self.split][self.asked % len(self.split)]
        rows = self.rows[self.deployed[key]]
        rows = rows(self.asked) if callable(rows) else rows
        status = 500 if rows is None else 200
        headers = {"X-Vertex-AI-Deployed-Model-Id": key} if self.says_who else {}
        return status, headers, json.dumps({"predictions": rows})


@pytest.fixture
def vertex(monkeypatch):
    made = _Vertex()
    monkeypatch.setattr(release, "clients", lambda region: release.Clients(made, made, made.post))
    return made


def _run(*arguments):
    return CliRunner().invoke(release.main, arguments)


def _canary(vertex):
    assert _run("canary", ENDPOINT, OLD).exit_code == 0
    assert _run("decide", ENDPOINT, OLD).exit_code == 0
    assert vertex.split == {"100": 100}
    assert _run("canary", ENDPOINT, NEW, "--share", "20").exit_code == 0
    assert vertex.split == {"100": 80, "101": 20}


def test_a_model_is_registered_and_then_gets_versions(vertex):
    arguments = ("--project=p", "--region=r", "--name=digits", "--artifact=gs://b/model")
    for model in (OLD, NEW):
        result = _run("register", *arguments, f"--image={IMAGE}")
        assert (result.exit_code, result.output) == (0, f"{model}\n")
    first, second = vertex.uploads
    assert (first.parent, first.parent_model) == (PARENT, "")
    assert second.parent_model == f"{PARENT}/models/1"
    for model in (first.model, second.model):
        assert model.artifact_uri == "gs://b/model"
        assert model.container_spec.image_uri == IMAGE
        assert model.container_spec.predict_route == "/v1/models/digits:predict"


@pytest.mark.parametrize(
    ("artifact", "image", "words"),
    [
        (
            "gs://b/model",
            "host/server:1",
            "--image: received 'host/server:1', but what a tag names",
        ),
        ("gs://b/model", "host/server@sha256:12", "give the digest, NAME@sha256: and 64"),
        ("exports/digits", IMAGE, "--artifact: received 'exports/digits'; give the gs:// folder"),
    ],
)
def test_what_cannot_be_uploaded_is_refused(vertex, artifact, image, words):
    result = _run(
        *("register", "--project=p", "--region=r", "--name=digits"),
        *(f"--artifact={artifact}", f"--image={image}"),
    )
    assert result.exit_code == 1 and words in result.output and not vertex.uploads


def test_an_operation_that_does_not_end_is_a_sentence(vertex, monkeypatch):
    def outlasts(timeout):
        raise TimeoutError

    monkeypatch.setattr(
        vertex, "deploy_model", lambda request: types.SimpleNamespace(result=outlasts)
    )
    result = _run("canary", ENDPOINT, OLD)
    assert result.exit_code == 1 and "Vertex AI did not answer in time" in result.output


def test_a_sound_canary_takes_over(vertex):
    _canary(vertex)
    result = _run("decide", ENDPOINT, NEW)
    assert result.exit_code == 0 and result.output.startswith(f"Promoted {NEW}")
    assert (vertex.split, vertex.deployed) == ({"101": 100}, {"101": NEW})


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (None, "status 500"),
        (SOUND[:9], "10 seeds with 9 samples"),
        ([{"image": [float("nan")]}] * 10, "not finite"),
        (lambda asked: [{"image": [asked % 7 * 30]}] * 10, "two answers for the same seeds differ"),
        (lambda asked: [{"image": [3] * (asked % 3 + 1)}] * 10, "different sizes"),
    ],
)
def test_a_canary_that_is_not_sound_is_taken_down(vertex, rows, words):
    _canary(vertex)
    vertex.rows[NEW] = rows
    result = _run("decide", ENDPOINT, NEW)
    assert result.exit_code == 1 and words in result.output and result.output.count("\n") == 1
    assert (vertex.split, vertex.deployed) == ({"100": 100}, {"100": OLD})


def test_a_canary_that_nobody_reaches_is_taken_down(vertex):
    _canary(vertex)
    result = _run("decide", ENDPOINT, NEW, "--requests", "20")
    assert result.exit_code == 1 and "it gave 10 of 20 answers to 20 requests" in result.output
    assert vertex.split == {"100": 100}


def test_answers_of_nobody_promote_nobody(vertex):
    _canary(vertex)
    vertex.says_who = False
    result = _run("decide", ENDPOINT, NEW)
    assert result.exit_code == 1 and "does not say who answered" in result.output
    assert vertex.split == {"100": 100}


@pytest.mark.parametrize(
    ("kind", "name", "right", "wrong"),
    [
        ("Model", "model.json", "containerPort", "containerPorts"),
        ("Model", "model.json", "deploymentTimeout", "deployTimeout"),
        ("DeployedModel", "deployment.json", "minReplicaCount", "minReplicas"),
        ("DeployedModel", "deployment.json", "metricName", "metric"),
    ],
)
def test_the_files_are_messages_and_a_misspelt_key_is_refused(kind, name, right, wrong):
    text = (DEPLOY / "vertex" / name).read_text()
    assert vertex_ai.message(kind, json.loads(text))
    assert f'"{right}"' in text
    with pytest.raises(json_format.ParseError, match=wrong):
        vertex_ai.message(kind, json.loads(text.replace(f'"{right}"', f'"{wrong}"')))


def test_what_is_not_there_is_a_sentence(vertex, monkeypatch):
    from google.api_core.exceptions import NotFound

    assert "run `canary` first" in _run("decide", ENDPOINT, NEW).output
    assert "ENDPOINT: received '9'; give projects/" in _run("canary", "9", NEW).output

    def refuses(name):
        raise NotFound(f"no {name}")

    monkeypatch.setattr(vertex, "get_endpoint", refuses)
    result = _run("canary", ENDPOINT, NEW)
    assert (result.exit_code, result.output) == (1, f"Error: Vertex AI refuses: no {ENDPOINT}\n")


@pytest.mark.parametrize(
    ("split", "total", "expected"),
    [
        ({"a": 100}, 90, {"a": 90}),
        ({"a": 50, "b": 50}, 95, {"a": 48, "b": 47}),
        ({"a": 33, "b": 67}, 10, {"a": 3, "b": 7}),
        ({}, 90, {}),
    ],
)
def test_shares_keep_their_proportions_and_add_up(split, total, expected):
    assert release.scaled(split, total) == expected
