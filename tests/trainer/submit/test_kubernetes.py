"""The manifest against schemas, and against what the trainer reads."""

import re

import pytest
import yaml

from trainer import task
from trainer.config.experiment import Devices
from trainer.errors import RESTART
from trainer.run.cluster import of_environment
from trainer.submit.kubernetes import Manifest

VERSION = "1.32"
# What jobset.x-k8s.io/v1alpha2 has below spec, as far as it is used here.
SPEC = {
    "network": {"enableDNSHostnames": bool, "subdomain": str},
    "failurePolicy": {"maxRestarts": int, "restartStrategy": str, "rules": list},
    "replicatedJobs": list,
}
RULE = {"name": str, "action": str, "onJobFailureReasons": list}
REPLICATED_JOB = {"name": str, "replicas": int, "template": dict}


@pytest.fixture
def manifest(job):
    """The manifest as kubectl reads it."""
    return lambda *args, **fields: yaml.safe_load(Manifest(job("kubernetes", *args, **fields)).text)


def _job_spec(manifest):
    return manifest["spec"]["replicatedJobs"][0]["template"]["spec"]


def _container(manifest):
    (container,) = _job_spec(manifest)["template"]["spec"]["containers"]
    return container


def _has_form(value, form):
    if isinstance(form, dict):
        return value.keys() == form.keys() and all(_has_form(value[k], form[k]) for k in form)
    return isinstance(value, form)


FULL = {
    **{"gpus": 4, "cpu": "8", "memory": "32Gi", "service_account": "trainer"},
    **{"node_selector": {"spot": "true"}, "tolerations": ["spot"]},
}


@pytest.mark.parametrize(("options", "workers"), [({}, 1), (FULL, 4)])
def test_the_job_meets_kubernetes_schema(manifest, options, workers):
    reason = "kubernetes-validate, which carries the schemas, is not installed"
    validate = pytest.importorskip("kubernetes_validate", reason=reason).validate
    spec = _job_spec(manifest(options, workers=workers))
    document = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}, "spec": spec}
    assert validate(document, VERSION, strict=True) == VERSION
    spec["backofLimit"] = spec.pop("backoffLimit")
    with pytest.raises(Exception, match="backofLimit"):
        validate(document, VERSION, strict=True)


def test_the_set_has_jobsets_fields(manifest):
    document = manifest(FULL, workers=4)
    assert document["apiVersion"] == "jobset.x-k8s.io/v1alpha2" and document["kind"] == "JobSet"
    spec = document["spec"]
    assert _has_form(spec, SPEC)
    (rule,) = spec["failurePolicy"]["rules"]
    assert _has_form(rule, RULE) and re.fullmatch(
        r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?", rule["name"]
    )
    (jobs,) = spec["replicatedJobs"]
    assert _has_form(jobs, REPLICATED_JOB)


def test_what_would_fail_again_is_not_started_again(manifest):
    """The rest, 138 and lost pods among it, restarts the whole set."""
    document = manifest(workers=2)
    spec = _job_spec(document)
    (rule,) = spec["podFailurePolicy"]["rules"]
    codes = rule["onExitCodes"]
    assert rule["action"] == "FailJob" and codes["operator"] == "In"
    assert codes["containerName"] == _container(document)["name"]
    assert {1, 2} == set(codes["values"]) and RESTART not in codes["values"]
    assert spec["backoffLimit"] == 0 and spec["template"]["spec"]["restartPolicy"] == "Never"
    (restart,) = document["spec"]["failurePolicy"]["rules"]
    assert (restart["action"], restart["onJobFailureReasons"]) == (
        "FailJobSet",
        ["PodFailurePolicy"],
    )
    assert document["spec"]["failurePolicy"]["maxRestarts"] > 0


def test_every_pod_finds_its_place_among_the_workers(manifest):
    document = manifest(workers=4)
    assert _job_spec(document)["completions"] == _job_spec(document)["parallelism"] == 4
    index, config = _container(document)["env"]
    (name,) = re.findall(r"\$\((\w+)\)", config["value"])
    assert name == index["name"] and "job-completion-index" in str(index["valueFrom"])
    for i in range(4):
        value = config["value"].replace(f"$({name})", str(i))
        cluster = of_environment(Devices(), {"TF_CONFIG": value})
        assert (cluster.size, cluster.index) == (4, i)
    # <jobset>-<replicated job>-<job>-<pod>.<subdomain>
    jobs = document["spec"]["replicatedJobs"][0]["name"]
    assert cluster.addresses[2].startswith(
        f"one-{jobs}-0-2.{document['spec']['network']['subdomain']}:"
    )


def test_one_pod_is_no_cluster(manifest):
    assert "env" not in _container(manifest())


def test_the_job_takes_its_arguments(manifest):
    arguments = _container(manifest(set={"train.steps": 9}, require=["fcd<9"]))["args"]
    context = task.main.make_context("task", list(arguments))
    assert context.params["run_dir"] == "/shared/runs/one" and context.args == []
    assert context.params["model_dir"] == "/shared/runs/one/model"
    assert context.params["overrides"] == ("train.steps=9",)


def test_gpus_of_one_pod_share_memory(manifest):
    container = _container(manifest({"gpus": 2}))
    assert container["resources"]["limits"] == {"nvidia.com/gpu": 2}
    assert "/dev/shm" in {mount["mountPath"] for mount in container["volumeMounts"]}
