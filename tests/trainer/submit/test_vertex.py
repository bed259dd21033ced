"""The messages against the service's own schema, and its client with a stand-in for the service."""

import json

import pytest
from click.testing import CliRunner

from trainer import task
from trainer.cli import main
from trainer.config.recipe import load_experiment
from trainer.submit.vertex import VertexJob

aiplatform = pytest.importorskip("google.cloud.aiplatform_v1", reason="the extra gcp is missing")
json_format = pytest.importorskip("google.protobuf.json_format")
RATE = "optimizers.generator.learning_rate"
TUNING = {
    "metric": "fcd",
    "trials": 8,
    "parameters": {
        RATE: {"min": 1e-5, "max": 1e-3, "scale": "log"},
        "train.steps": {"min": 100, "max": 900},
        "train.batch_size": [64, 32],
        "objective": ["hinge", {"name": "minimax"}],
    },
}


def _parsed(kind, document):
    message = kind()
    json_format.ParseDict(document, kind.pb(message), ignore_unknown_fields=False)
    return message


def test_one_machine_is_a_job_of_the_services_schema(job):
    made = _parsed(aiplatform.CustomJob, VertexJob(job("vertex")).document)
    (pool,) = made.job_spec.worker_pool_specs
    assert pool.machine_spec.accelerator_type == aiplatform.AcceleratorType.NVIDIA_L4
    assert pool.replica_count == pool.machine_spec.accelerator_count == 1
    assert made.job_spec.base_output_directory.output_uri_prefix == "gs://b/runs/one"
    assert list(pool.container_spec.args) == ["cgan-digits"]
    assert not made.job_spec.scheduling.restart_job_on_worker_restart


def test_several_spot_machines_start_again_together(job):
    described = job("vertex", {"spot": True, "service_account": "a@p"}, workers=4)
    spec = _parsed(aiplatform.CustomJob, VertexJob(described).document).job_spec
    assert [pool.replica_count for pool in spec.worker_pool_specs] == [1, 3]
    assert spec.worker_pool_specs[0].container_spec == spec.worker_pool_specs[1].container_spec
    assert spec.scheduling.strategy == aiplatform.types.Scheduling.Strategy.SPOT
    assert spec.scheduling.restart_job_on_worker_restart and spec.service_account == "a@p"


def test_the_job_takes_its_arguments(job):
    described = job(
        "vertex",
        set={"train.steps": 70, "objective": {"name": "hinge"}},
        require=["fcd<9"],
        checkpoint="best",
        data_dir="gs://b/a b",
        tuning=TUNING,
    )
    trial = [*described.arguments, f"--{RATE}=0.0003", "--objective=non_saturating"]
    context = task.main.make_context("task", list(trial))
    assert context.params["requirements"] == ("fcd<9",) and context.params["tune"] == "fcd"
    assert context.params["data_dir"] == "gs://b/a b"
    overrides = [*context.params["overrides"], *task._fields(context.args)]
    experiment = load_experiment(context.params["recipe"], overrides)
    assert experiment.train.steps == 70 and experiment.objective.name == "non_saturating"
    assert experiment.optimizers.generator.learning_rate == 0.0003


def test_a_search_is_a_tuning_job_of_the_services_schema(job):
    document = VertexJob(job("vertex", tuning=TUNING)).document
    made = _parsed(aiplatform.HyperparameterTuningJob, document)
    assert (made.max_trial_count, made.parallel_trial_count) == (8, 2)
    (metric,) = made.study_spec.metrics
    assert (metric.metric_id, metric.goal.name) == ("fcd", "MINIMIZE")
    parameters = {p.parameter_id: p for p in made.study_spec.parameters}
    assert parameters[RATE].double_value_spec.max_value == 1e-3
    assert parameters[RATE].scale_type.name == "UNIT_LOG_SCALE"
    assert parameters["train.steps"].integer_value_spec.max_value == 900
    assert list(parameters["train.batch_size"].discrete_value_spec.values) == [32, 64]
    values = parameters["objective"].categorical_value_spec.values
    assert list(values) == ["hinge", '{"name": "minimax"}']
    assert "--tune=fcd" in made.trial_job_spec.worker_pool_specs[0].container_spec.args


class _Service:
    """Takes a request, or refuses it."""

    asked, refusal, states = [], None, []

    def __init__(self, client_options):
        self.asked.append(client_options["api_endpoint"])

    def create_custom_job(self, parent, custom_job):
        if self.refusal is not None:
            raise self.refusal
        self.asked.append((parent, custom_job))
        return aiplatform.CustomJob(name=f"{parent}/customJobs/7")

    def get_custom_job(self, name, retry):
        self.asked.append(name)
        return aiplatform.CustomJob(state=f"JOB_STATE_{self.states.pop(0)}")


@pytest.fixture
def service(monkeypatch):
    monkeypatch.setattr(aiplatform, "JobServiceClient", _Service)
    monkeypatch.setattr(_Service, "asked", [])
    return _Service


def test_a_job_is_created_in_its_region(service, job_file):
    result = CliRunner().invoke(main, ["submit", job_file("vertex"), "--json"])
    assert result.exit_code == 0, result.stderr
    assert (
        "projects/p/locations/europe-west4/customJobs/7" in json.loads(result.stdout)["submitted"]
    )
    endpoint, (parent, made) = service.asked
    assert endpoint == "europe-west4-aiplatform.googleapis.com"
    assert parent == "projects/p/locations/europe-west4" and made.display_name == "one"


@pytest.mark.parametrize(("end", "code"), [("SUCCEEDED", 0), ("FAILED", 1), ("CANCELLED", 1)])
def test_waiting_ends_as_the_job_does(service, job_file, monkeypatch, end, code):
    monkeypatch.setattr("trainer.submit.submission.POLL_SECONDS", 0.0)
    monkeypatch.setattr(service, "states", ["PENDING", "RUNNING", end])
    result = CliRunner().invoke(main, ["submit", job_file("vertex"), "--wait"])
    assert (result.exit_code, service.states) == (code, []), result.stderr
    assert (f"JOB_STATE_{end}" in result.stderr) == bool(code)
    assert service.asked[-1].endswith("customJobs/7")


def test_a_refusal_is_a_sentence(service, job_file, monkeypatch):
    from google.api_core.exceptions import PermissionDenied
    from google.auth.exceptions import DefaultCredentialsError

    for refusal, words in (
        (PermissionDenied("no aiplatform.customJobs.create"), "Vertex AI refuses: no aiplatform"),
        (DefaultCredentialsError("No credentials."), "gcloud auth application-default login"),
    ):
        monkeypatch.setattr(service, "refusal", refusal)
        result = CliRunner().invoke(main, ["submit", job_file("vertex")])
        assert result.exit_code == 1 and words in result.stderr
        assert result.stderr.count("\n") == 1


def test_an_accelerator_that_does_not_exist_is_refused(service, job_file):
    path = job_file("vertex", {"accelerator": "NVIDIA_L5"})
    result = CliRunner().invoke(main, ["submit", path])
    assert result.exit_code == 2 and "NVIDIA_L5" in result.stderr and service.asked == []
