"""compose.yaml against the Compose Specification's schema, and against what it names."""

import copy
import json
import re
import subprocess
import sys
from importlib.resources import files

import pytest

import trainer.cli
from tests.serving.deploy.files import DEPLOY, TF_SERVING_FLAGS, flags, load, metrics_path, models

COMPOSE = load("compose.yaml")
SERVICES = COMPOSE["services"]
ENDPOINTS = ("tf-serving", "embedded")


@pytest.fixture(scope="module")
def validator():
    reason = "the Compose Specification's schema comes with check-jsonschema"
    jsonschema = pytest.importorskip("jsonschema", reason=reason)
    package = pytest.importorskip("check_jsonschema", reason=reason)
    schema = files(package).joinpath("builtin_schemas/vendor/compose-spec.json")
    return jsonschema.validators.validator_for(json.loads(schema.read_text()))(
        json.loads(schema.read_text())
    )


def test_the_file_meets_the_specification(validator):
    assert [error.message for error in validator.iter_errors(COMPOSE)] == []


@pytest.mark.parametrize(
    ("path", "right", "wrong"),
    [
        (["services", "tf-serving"], "healthcheck", "healthchek"),
        (["services", "grafana"], "read_only", "readonly"),
        (["services", "prometheus", "deploy", "resources", "limits"], "memory", "memori"),
        (["configs", "rules"], "file", "fil"),
    ],
)
def test_a_misspelt_key_is_refused(validator, path, right, wrong):
    compose = copy.deepcopy(COMPOSE)
    place = compose
    for key in path:
        place = place[key]
    place[wrong] = place.pop(right)
    assert any(wrong in str(error) for error in validator.iter_errors(compose))


@pytest.mark.parametrize("name", SERVICES)
def test_containers_are_unprivileged_limited_and_watched(name):
    service = SERVICES[name]
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"])
    assert {"cpus", "memory", "pids"} == set(service["deploy"]["resources"]["limits"])
    assert service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_by_a_parameter(name):
    tag = re.fullmatch(r"[\w./-]+:\$\{(\w+_TAG):-(.+)\}", SERVICES[name]["image"])
    assert tag and tag[2] != "latest"


def test_everything_listens_on_this_machine_only_unless_told_otherwise():
    published = [port for service in SERVICES.values() for port in service["ports"]]
    assert all(port.startswith(("127.0.0.1:", "${BIND_ADDRESS:-127.0.0.1}:")) for port in published)


def test_configurations_exist_and_all_are_used():
    used = {entry["source"] for service in SERVICES.values() for entry in service["configs"]}
    assert used == set(COMPOSE["configs"])
    assert all((DEPLOY / config["file"]).is_file() for config in COMPOSE["configs"].values())


@pytest.mark.parametrize("name", ENDPOINTS)
def test_files_that_flags_name_are_mounted_there(name):
    named = {v for k, v in flags(SERVICES[name]["command"]).items() if k.endswith("_file")}
    assert len(named) == 3
    assert named <= {entry["target"] for entry in SERVICES[name]["configs"]}


@pytest.mark.parametrize("name", ENDPOINTS)
def test_the_model_lies_where_its_configuration_says(name):
    (mount,) = SERVICES[name]["volumes"]
    assert mount["target"] == models().base_path and mount["read_only"]
    assert f"/v1/models/{models().name}" in SERVICES[name]["healthcheck"]["test"][-1]


def test_tf_serving_has_the_flags():
    assert set(flags(SERVICES["tf-serving"]["command"])) <= TF_SERVING_FLAGS


def test_gan_serve_has_the_flags():
    serve = trainer.cli.main.commands["serve"]
    params = serve.make_context("serve", list(SERVICES["embedded"]["command"])).params
    assert params["host"] == "0.0.0.0" and params["enable_batching"] is True


def test_a_flag_that_neither_has_would_be_noticed():
    serve = trainer.cli.main.commands["serve"]
    with pytest.raises(Exception, match="enable_batchin"):
        serve.make_context("serve", ["--enable_batchin=true"])
    assert "enable_batchin" not in TF_SERVING_FLAGS


@pytest.mark.parametrize("name", ENDPOINTS)
def test_ports_are_the_same_everywhere(name):
    service = SERVICES[name]
    ports = {key: flags(service["command"])[key] for key in ("port", "rest_api_port")}
    assert ports == {"port": "8500", "rest_api_port": "8501"}
    assert {port.rsplit(":", 1)[1] for port in service["ports"]} == set(ports.values())
    assert ports["rest_api_port"] in service["healthcheck"]["test"][-1]
    assert service["networks"]["default"]["aliases"] == ["endpoint"]
    assert load("prometheus/prometheus.yaml")["scrape_configs"] == [
        {
            "job_name": "saddlepoint",
            "metrics_path": metrics_path(),
            "static_configs": [{"targets": [f"endpoint:{ports['rest_api_port']}"]}],
        }
    ]


@pytest.mark.parametrize("name", ENDPOINTS)
def test_the_health_check_tells_a_server_from_none(name, half_plus_two_server):
    asked = SERVICES[name]["healthcheck"]["test"][1:]
    # The image has a `python`, as not every machine does.
    command = [sys.executable if word == "python" else word for word in asked]
    model = half_plus_two_server.options.model_name

    def succeeds(port):
        text = command[-1].replace("8501", str(port)).replace("models/digits", f"models/{model}")
        done = subprocess.run([*command[:-1], text], capture_output=True, timeout=20)
        return done.returncode == 0

    assert succeeds(half_plus_two_server.rest_api_port)
    assert not succeeds(1)
    model = "another"
    assert not succeeds(half_plus_two_server.rest_api_port)
