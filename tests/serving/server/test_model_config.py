"""Several models, version policies, labels and their reload."""

import contextlib
import itertools
import json
import shutil

import grpc
import httpx
import numpy as np
import pytest
from google.protobuf import text_format
from tensorflow_serving.apis import model_management_pb2, model_service_pb2_grpc
from tensorflow_serving.config import model_server_config_pb2

from serving import ServingError, UsageError
from serving.server import Server
from serving.server.model_config import VersionPolicy, from_proto, read_file
from serving.server.status import StatusError
from tests.serving.server.calls import arrays, refusal, request_for, samples, stub, wait_for

X = {"x": np.array([2.0], np.float32)}


def model(name, base, extra=""):
    return f'config {{ name: "{name}" base_path: "{base}" {extra} }}'


def config_list(*models):
    return "model_config_list { " + " ".join(models) + " }"


@pytest.fixture
def config_file(tmp_path):
    def write(*models):
        path = tmp_path / "models.txt"
        path.write_text(config_list(*models))
        return str(path)

    return write


@pytest.fixture
def serve(config_file):
    with contextlib.ExitStack() as stack:

        def start(*models, **flags):
            file = config_file(*models)
            server = Server(model_config_file=file, port=0, rest_api_port=0, **flags)
            return stack.enter_context(server)

        yield start


@pytest.fixture
def versions(half_plus_two, half_plus_five, publish, tmp_path):
    base = tmp_path / "versions"
    publish(half_plus_two / "123", base, 1)
    publish(half_plus_five, base, 2)
    publish(half_plus_five, base, 3)
    return base


@pytest.fixture
def look(half_plus_two, publish, tmp_path):
    """A model to serve, and a way to wait until all models' files have been looked at again."""
    base = tmp_path / "looked-at"
    publish(half_plus_two / "123", base, 1)
    numbers = itertools.count(2)

    def wait(server):
        version = next(numbers)
        publish(half_plus_two / "123", base, version)
        wait_for(lambda: states(server, "two").get(str(version)) == "AVAILABLE")

    return model("two", base), wait


def reload(server, *models, **fields):
    request = model_management_pb2.ReloadConfigRequest(**fields)
    text_format.Parse(config_list(*models), request.config)
    with stub(server, model_service_pb2_grpc.ModelServiceStub) as service:
        return service.HandleReloadConfigRequest(request)


def answer(server, name, **choice):
    with stub(server) as prediction:
        reply = prediction.Predict(request_for(X, name, **choice))
    return reply.model_spec.version.value, arrays(reply)["y"].item()


def states(server, name):
    url = f"http://127.0.0.1:{server.rest_api_port}/v1/models/{name}"
    entries = json.loads(httpx.get(url).text)["model_version_status"]
    return {entry["version"]: entry["state"] for entry in entries}


def test_two_models_side_by_side(serve, half_plus_two, versions):
    server = serve(model("two", half_plus_two), model("five", versions))
    assert answer(server, "two") == (123, 3.0)
    assert answer(server, "five") == (3, 6.0)


@pytest.mark.parametrize(
    ("policy", "available"),
    [
        ("", {"3"}),
        ("model_version_policy { latest { num_versions: 2 } }", {"2", "3"}),
        ("model_version_policy { all {} }", {"1", "2", "3"}),
        ("model_version_policy { specific { versions: 1 versions: 2 } }", {"1", "2"}),
    ],
)
def test_policies(serve, versions, policy, available):
    server = serve(model("m", versions, policy))
    assert states(server, "m") == dict.fromkeys(available, "AVAILABLE")
    assert answer(server, "m")[0] == max(map(int, available))


def test_a_policy_counts_from_the_newest():
    assert VersionPolicy(num_latest=2).candidates([1, 5, 3]) == [5, 3, 1]
    assert VersionPolicy(specific=(3, 9)).candidates([1, 5, 3]) == [3]


def test_labels(serve, versions):
    policy = "model_version_policy { specific { versions: 1 versions: 2 } }"
    labels = 'version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 2 }'
    server = serve(model("m", versions, f"{policy} {labels}"))
    assert answer(server, "m", label="stable") == (1, 3.0)
    assert answer(server, "m", label="canary") == (2, 6.0)
    moved = labels.replace("value: 1", "value: 2")
    reload(server, model("m", versions, f"{policy} {moved}"))
    assert answer(server, "m", label="stable") == (2, 6.0)


def test_a_label_for_a_version_that_is_not_served(serve, versions):
    label = 'version_labels { key: "stable" value: 2 }'
    with pytest.raises(ServingError, match="assign label to version 2 of model m, which is not"):
        serve(model("m", versions, label))
    server = serve(model("m", versions, label), allow_version_labels_for_unavailable_models=True)
    with stub(server) as prediction:
        code, text = refusal(prediction.Predict, request_for(X, "m", label="stable"))
    assert (code, text) == ("NOT_FOUND", "Servable not found for request: Specific(m, 2)")


ONE = "model_version_policy { specific { versions: 1 } }"
AVAILABLE = "saddlepoint_version_available"
BOTH = "model_version_policy { specific { versions: 1 versions: 2 } }"


def label(name, version):
    return f'version_labels {{ key: "{name}" value: {version} }}'


@pytest.mark.parametrize(
    ("allowed", "labels", "taken"),
    [
        (False, label("stable", 2), False),
        (False, label("canary", 2), False),
        (True, label("stable", 2), False),
        (True, label("canary", 2), True),
    ],
)
def test_a_label_and_its_version_in_one_reload(serve, versions, allowed, labels, taken):
    server = serve(
        model("m", versions, ONE + label("stable", 1)),
        allow_version_labels_for_unavailable_models=allowed,
    )
    new = model("m", versions, BOTH + labels)
    if taken:
        reload(server, new)
        assert answer(server, "m", label="canary") == (2, 6.0)
        return
    with pytest.raises(grpc.RpcError, match="assign label to version 2 of model m") as caught:
        reload(server, new)
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert states(server, "m") == {"1": "AVAILABLE"}
    assert answer(server, "m", label="stable") == (1, 3.0)


def test_what_became_of_a_model_that_was_taken_out(serve, look, versions):
    (two, wait_for_a_look), five = look, model("m", versions)
    server = serve(two, five, file_system_poll_wait_seconds=0.05)
    reload(server, two)
    assert states(server, "m") == {"3": "END"}
    wait_for_a_look(server)
    assert states(server, "m") == {"3": "END"}
    reload(server, two, five)
    assert answer(server, "m") == (3, 6.0)


def test_reload_adds_changes_and_removes(serve, half_plus_two, versions):
    server = serve(model("two", half_plus_two), allowed_base_paths=str(versions.parent))
    reply = reload(server, model("two", half_plus_two), model("m", versions))
    assert reply.status.error_code == 0
    assert answer(server, "m") == (3, 6.0)
    reload(server, model("m", versions, "model_version_policy { specific { versions: 1 } }"))
    assert answer(server, "m") == (1, 3.0)
    with stub(server) as prediction:
        assert refusal(prediction.Predict, request_for(X, "two"))[0] == "NOT_FOUND"
    available = [dict(labels) for name, labels in samples(server) if name == AVAILABLE]
    assert available and not any(labels["model_name"] == "two" for labels in available)  # no alarm


def test_a_reload_names_the_metrics_asked_for(serve, half_plus_two):
    server = serve(model("two", half_plus_two))
    names = ["/tensorflow/b", "/tensorflow/a", "/tensorflow/b"]
    reply = reload(server, model("two", half_plus_two), metric_names=names)
    metrics = [(metric.name, metric.int64_value_increase) for metric in reply.metric]
    assert metrics == [("/tensorflow/a", 0), ("/tensorflow/b", 0)]


def test_a_reload_that_fails_keeps_what_is_served(serve, versions, tmp_path):
    server = serve(model("m", versions), allowed_base_paths=str(tmp_path))
    nothing = tmp_path / "nothing"
    with stub(server, model_service_pb2_grpc.ModelServiceStub) as service:
        request = model_management_pb2.ReloadConfigRequest()
        text_format.Parse(config_list(model("m", nothing)), request.config)
        assert refusal(service.HandleReloadConfigRequest, request) == (
            "UNKNOWN",
            "1 model(s) did not become available: {{{name: m} due to error: its base path holds no "
            "version}, }",
        )
        assert refusal(
            service.HandleReloadConfigRequest, model_management_pb2.ReloadConfigRequest()
        ) == (
            "INVALID_ARGUMENT",
            "ServerModelConfig type not supported by HandleReloadConfigRequest. "
            "Only ModelConfigList is currently supported",
        )
    assert answer(server, "m") == (3, 6.0)


@pytest.mark.parametrize("path", ["{}/../other", "/etc", "{}x", "gs://bucket/m"])
def test_nothing_is_loaded_from_where_it_was_not_configured(serve, versions, path):
    server = serve(model("m", versions))
    request = model_management_pb2.ReloadConfigRequest()
    text_format.Parse(config_list(model("m", path.format(versions))), request.config)
    with stub(server, model_service_pb2_grpc.ModelServiceStub) as service:
        code, text = refusal(service.HandleReloadConfigRequest, request)
    assert code == "PERMISSION_DENIED"
    assert "--allowed_base_paths" in text
    assert answer(server, "m") == (3, 6.0)


@pytest.mark.parametrize("path", ["/a\0b", "/" + "a/" * 100_000, "/" + "ü" * 2049])
def test_base_paths_that_no_file_system_has(path):
    message = model_server_config_pb2.ModelServerConfig()
    message.model_config_list.config.add(name="m", base_path=path)
    with pytest.raises(StatusError, match="The base path of model m can be none of a folder"):
        from_proto(message)


def test_the_file_is_read_again(serve, config_file, half_plus_two, versions):
    server = serve(model("two", half_plus_two), model_config_file_poll_wait_seconds=0.05)
    config_file("garbage")
    config_file(model("two", half_plus_two), model("m", versions))
    wait_for(
        lambda: httpx.get(f"http://127.0.0.1:{server.rest_api_port}/v1/models/m").status_code == 200
    )
    assert answer(server, "m") == (3, 6.0)


def test_a_base_path_that_vanishes(serve, look, versions):
    two, wait_for_a_look = look
    server = serve(model("m", versions), two, file_system_poll_wait_seconds=0.05)
    shutil.rmtree(versions)
    for _ in range(2):  # the first may have been under way
        wait_for_a_look(server)
        assert answer(server, "m") == (3, 6.0)


@pytest.mark.parametrize(
    ("models", "text"),
    [
        ([model("m", "/a"), model("m", "/b")], "Illegal to list model m multiple times"),
        (
            [model("m", "a")],
            "Expected model m to have an absolute path or URI; got base_path()=a",
        ),
        ([model("", "/a")], "has no name"),
        (
            [model("m", "/a", 'model_platform: "caffe"')],
            "Model m requests unsupported platform caffe",
        ),
        ([model("m", "/a", "model_type: OTHER")], "model_type choice 2 not supported."),
        (
            [model("m", "/a", 'model_type: TENSORFLOW model_platform: "tensorflow"')],
            "Illegal setting both ModelServerConfig::model_type (deprecated) and",
        ),
        ([model("m", "/a", "model_version_policy { specific {} }")], "lists none; list one"),
        (["config { nome: 'm' }"], 'no field named "nome"'),
    ],
)
def test_a_wrong_file_is_named(config_file, models, text):
    with pytest.raises(UsageError) as caught:
        read_file(config_file(*models))
    assert text in str(caught.value)
    assert str(caught.value).startswith("model_config_file: ")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_file(str(tmp_path / "no"))


def test_a_model_without_any_version_fails_the_start(serve, tmp_path):
    with pytest.raises(ServingError) as caught:
        serve(model("m", tmp_path / "nothing"))
    assert str(caught.value) == (
        f"no version of a model can be loaded: m in {tmp_path / 'nothing'}: its base path holds no "
        "version."
    )


def test_versions_that_are_asked_for_and_not_there(serve, versions, caplog):
    absent = "model_version_policy { specific { versions: 7 versions: 8 } }"
    with pytest.raises(ServingError) as caught:
        serve(model("m", versions, absent))
    assert str(caught.value) == (
        f"no version of a model can be loaded: m in {versions}: version 7, 8 is asked for, and its "
        "base path holds 1, 2, 3."
    )
    caplog.clear()
    server = serve(model("m", versions, absent.replace("8", "2")))
    assert answer(server, "m") == (2, 6.0)
    assert f"in {versions} there is no complete version 7, which is asked for" in caplog.text


@pytest.mark.parametrize("text", ["", "# nothing\n", "custom_model_config {}"])
def test_a_file_that_lists_no_models(tmp_path, text):
    (tmp_path / "models.txt").write_text(text)
    with pytest.raises(UsageError) as caught:
        read_file(str(tmp_path / "models.txt"))
    assert "lists no models; expected model_config_list {" in str(caught.value)
