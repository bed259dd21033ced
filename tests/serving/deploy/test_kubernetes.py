"""The manifests, as written and as kustomize renders them, against the schemas of Kubernetes."""

import copy
import functools
import shutil

import pytest
import yaml

import trainer.cli
from tests.serving.deploy.files import (
    DEPLOY,
    OVERLAYS,
    TF_SERVING_FLAGS,
    flags,
    load,
    metrics_path,
    models,
    render,
    text_message,
)

VERSION = "1.32"
KUBERNETES = DEPLOY / "kubernetes"
BASE = sorted(path.name for path in (KUBERNETES / "base").iterdir())
KUSTOMIZATIONS = [
    "config/kustomization.yaml",
    "kubernetes/base/kustomization.yaml",
    *(f"kubernetes/overlays/{overlay}/kustomization.yaml" for overlay in OVERLAYS),
]


@functools.cache
def _rendered(overlay):
    return render(KUBERNETES / "overlays" / overlay)


@pytest.fixture(params=OVERLAYS)
def overlay(request):
    return request.param


@pytest.fixture
def resources(overlay):
    """What an overlay applies, by kind and name."""
    entries = copy.deepcopy(_rendered(overlay))
    return {(entry["kind"], entry["metadata"]["name"]): entry for entry in entries}


@pytest.fixture
def pod(resources):
    return resources["Deployment", "saddlepoint"]["spec"]["template"]


@pytest.fixture
def container(pod):
    (container,) = pod["spec"]["containers"]
    return container


@pytest.fixture(scope="module")
def validate():
    reason = "kubernetes-validate, which carries the schemas, is not installed"
    package = pytest.importorskip("kubernetes_validate", reason=reason)
    with pytest.MonkeyPatch.context() as patch:
        # Without it, each call reads all of Kubernetes' schemas again.
        read = functools.cache(package.utils.schema_contents)
        patch.setattr(package.utils, "schema_contents", read)
        yield lambda resource: package.validate(resource, VERSION, strict=True)


# ---- Form ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in BASE if name != "kustomization.yaml"])
def test_manifests_meet_the_schema(validate, name):
    for resource in yaml.safe_load_all((KUBERNETES / "base" / name).read_text()):
        assert validate(resource) == VERSION


def test_rendered_manifests_meet_the_schema(validate, resources):
    for resource in resources.values():
        assert validate(resource) == VERSION


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("deployment.yaml", "readinessProbe", "readynessProbe"),
        ("deployment.yaml", "readOnlyRootFilesystem", "readOnlyRootFileSystem"),
        ("deployment.yaml", "claimName", "claim"),
        ("autoscaler.yaml", "averageValue", "avarageValue"),
        ("autoscaler.yaml", "maxReplicas: 10", "maxReplicas: many"),
        ("disruption_budget.yaml", "maxUnavailable", "maxUnavailible"),
        ("network_policy.yaml", "podSelector", "podsSelector"),
        ("service.yaml", "targetPort", "targetport"),
    ],
)
def test_a_misspelt_key_is_refused(validate, name, right, wrong):
    text = (KUBERNETES / "base" / name).read_text()
    assert right in text
    with pytest.raises(Exception, match=r"(?i)" + wrong.split(": ")[-1]):
        for resource in yaml.safe_load_all(text.replace(right, wrong)):
            validate(resource)


# Kustomize's documented keys, those that are used here.
KUSTOMIZATION_KEYS = {
    *("apiVersion", "kind", "namespace", "labels"),
    *("resources", "images", "patches", "configMapGenerator"),
}


@pytest.mark.parametrize("path", KUSTOMIZATIONS)
def test_kustomizations_have_kustomizes_keys_and_name_files_that_exist(path):
    document = load(path)
    assert set(document) <= KUSTOMIZATION_KEYS and document["kind"] == "Kustomization"
    folder = (DEPLOY / path).parent
    generated = [
        file for entry in document.get("configMapGenerator", []) for file in entry["files"]
    ]
    for name in [*document.get("resources", []), *generated]:
        assert (folder / name).exists(), name
    if path.endswith("base/kustomization.yaml"):
        assert {*document["resources"], "kustomization.yaml", "../../config"} == {
            *BASE,
            "../../config",
        }


def test_kustomize_refuses_a_misspelt_key(tmp_path):
    folder = shutil.copytree(DEPLOY, tmp_path / "deploy")
    file = folder / "kubernetes/overlays/cpu/kustomization.yaml"
    file.write_text(file.read_text().replace("patches:", "patchs:"))
    with pytest.raises(ValueError, match="patchs"):
        render(file.parent)


# ---- Security ------------------------------------------------------------------------------------


def test_pods_meet_the_restricted_standard(resources, pod, container):
    labels = resources["Namespace", "saddlepoint"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    security = pod["spec"]["securityContext"]
    assert security["runAsNonRoot"] and security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    kinds = {next(key for key in volume if key != "name") for volume in pod["spec"]["volumes"]}
    assert kinds <= {"configMap", "emptyDir", "persistentVolumeClaim"}
    assert not pod["spec"]["automountServiceAccountToken"]


def test_only_the_temporary_folder_can_be_written(container):
    writable = [mount for mount in container["volumeMounts"] if not mount.get("readOnly")]
    assert [mount["mountPath"] for mount in writable] == ["/tmp"]


def test_selectors_find_the_pods_and_nothing_else(resources, pod):
    labels = pod["metadata"]["labels"].items()
    selectors = [
        resources["Deployment", "saddlepoint"]["spec"]["selector"]["matchLabels"],
        resources["Service", "saddlepoint"]["spec"]["selector"],
        resources["Service", "saddlepoint-pods"]["spec"]["selector"],
        resources["PodDisruptionBudget", "saddlepoint"]["spec"]["selector"]["matchLabels"],
        resources["NetworkPolicy", "saddlepoint"]["spec"]["podSelector"]["matchLabels"],
    ]
    assert all(selector and selector.items() <= labels for selector in selectors)


def test_callers_need_one_label_and_nothing_goes_out(resources):
    policy = resources["NetworkPolicy", "saddlepoint"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"] and policy["egress"] == []
    callers, monitoring = policy["ingress"]
    assert callers["from"][0]["podSelector"] == {"matchLabels": {"saddlepoint/caller": "true"}}
    assert {port["port"] for port in callers["ports"]} == {"grpc", "rest"}
    assert [port["port"] for port in monitoring["ports"]] == ["rest"]


# ---- One story -----------------------------------------------------------------------------------


def test_resources_are_requested_and_limited(container, overlay):
    resources = container["resources"]
    assert {"cpu", "memory"} <= set(resources["requests"]) & set(resources["limits"])
    assert ("nvidia.com/gpu" in resources["limits"]) == (overlay == "gpu")


def test_ports_are_the_same_everywhere(resources, pod, container):
    given = flags(container["args"])
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": int(given["port"]), "rest": int(given["rest_api_port"])}
    assert ports == {"grpc": 8500, "rest": 8501}
    for name in ("saddlepoint", "saddlepoint-pods"):
        service = resources["Service", name]["spec"]
        assert {port["targetPort"]: port["port"] for port in service["ports"]} == ports
    assert pod["metadata"]["annotations"]["prometheus.io/port"] == str(ports["rest"])
    assert pod["metadata"]["annotations"]["prometheus.io/path"] == metrics_path()


def test_the_program_has_the_flags(container, overlay):
    if overlay == "embedded":
        assert container["command"] == ["gan", "serve"]
        serve = trainer.cli.main.commands["serve"]
        params = serve.make_context("serve", list(container["args"])).params
        assert params["host"] == "0.0.0.0" and params["enable_batching"] is True
    else:
        assert container["command"] == ["tensorflow_model_server"]
        assert set(flags(container["args"])) <= TF_SERVING_FLAGS


def test_files_that_flags_name_are_mounted_there(resources, pod, container):
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    files = set()
    for mount in container["volumeMounts"]:
        assert "subPath" not in mount
        if config := volumes[mount["name"]].get("configMap"):
            data = resources["ConfigMap", config["name"]]["data"]
            files |= {f"{mount['mountPath']}/{name}" for name in data}
    named = {value for key, value in flags(container["args"]).items() if key.endswith("_file")}
    assert named == files and len(files) == 3


def test_configmaps_carry_the_files(resources, overlay):
    path = "kubernetes/overlays/canary" if overlay == "canary" else "config"
    data = resources["ConfigMap", "saddlepoint-models"]["data"]
    assert data == {"models.config": (DEPLOY / path / "models.config").read_text()}
    (server,) = (
        entry for (kind, name), entry in resources.items() if name.startswith("saddlepoint-server-")
    )
    text_message("BatchingParameters", server["data"]["batching_parameters.txt"])
    text_message("MonitoringConfig", server["data"]["monitoring.config"])


def test_the_model_lies_where_its_configuration_says(resources, pod, container):
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert models().base_path == f"{mounts['exports']}/{models().name}"
    (volume,) = (volume for volume in pod["spec"]["volumes"] if volume["name"] == "exports")
    assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in resources


def test_probes_ask_what_the_server_answers(container, overlay):
    probes = {kind: container[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness")}
    if overlay == "embedded":
        assert probes["startup"]["grpc"] == {"port": 8500}
        assert probes["readiness"]["grpc"] == {"port": 8500, "service": "PredictionService"}
        assert not any("httpGet" in probe for probe in probes.values())
    else:
        expected = {"path": f"/v1/models/{models().name}", "port": "rest"}
        assert all(probe["httpGet"] == expected for probe in probes.values())
    despair = {k: p["periodSeconds"] * p["failureThreshold"] for k, p in probes.items()}
    assert despair["readiness"] < despair["liveness"] < despair["startup"]


def test_the_endpoint_answers_the_probes(half_plus_two_server):
    """The gRPC health service by the names that the manifest uses, and the REST status."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(f"127.0.0.1:{half_plus_two_server.port}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for service in ("", "PredictionService"):
            reply = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)
            assert reply.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError):
            health.Check(health_pb2.HealthCheckRequest(service="Prediction"), timeout=10)


def test_requests_under_way_have_time_to_end(pod, container, overlay):
    grace, given = pod["spec"]["terminationGracePeriodSeconds"], flags(container["args"])
    if overlay == "embedded":
        assert "lifecycle" not in container
        assert float(given["drain_delay_seconds"]) + float(given["grace_seconds"]) < grace
    else:
        program, seconds = container["lifecycle"]["preStop"]["exec"]["command"]
        assert program == "sleep" and int(seconds) < grace
        # Two readiness probes must fail before a pod leaves the service.
        probe = container["readinessProbe"]
        assert int(seconds) > probe["periodSeconds"] * probe["failureThreshold"]


def test_the_autoscaler_rules_the_deployment(resources, overlay):
    scaler = resources["HorizontalPodAutoscaler", "saddlepoint"]["spec"]
    target = scaler["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", "saddlepoint")
    assert "replicas" not in resources["Deployment", "saddlepoint"]["spec"]
    kinds = [metric["type"] for metric in scaler["metrics"]]
    assert kinds == (["Pods"] if overlay == "gpu" else ["Pods", "Resource"])
    assert 1 < scaler["minReplicas"] < scaler["maxReplicas"]


def test_tags_are_those_of_the_images(container, overlay):
    compose = load("compose.yaml")["services"]
    tag = compose["tf-serving"]["image"].split(":-")[1].rstrip("}")
    expected = {
        "gpu": f"tensorflow/serving:{tag}-gpu",
        "embedded": compose["embedded"]["image"].replace("${ENDPOINT_TAG:-local}", "local"),
    }
    assert container["image"] == expected.get(overlay, f"tensorflow/serving:{tag}")
    assert f"ARG TF_SERVING_TAG={tag}\n" in (DEPLOY / "Dockerfile").read_text()
