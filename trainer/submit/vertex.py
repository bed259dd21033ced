"""A job of Vertex AI, as its service takes it: a CustomJob, or a HyperparameterTuningJob."""

import functools
from typing import Any

import yaml

from serving.deploy import vertex_ai
from trainer.errors import ConfigError, RunError
from trainer.submit.job import Job, Parameter, Tuning, value_text
from trainer.submit.platforms import Vertex
from trainer.submit.submission import wait_until

_LOG_IN = " Log in by `gcloud auth application-default login`."
_DONE = "JOB_STATE_SUCCEEDED"
_FAILED = tuple(f"JOB_STATE_{end}" for end in ("FAILED", "CANCELLED", "EXPIRED"))


class VertexJob:
    """The message, in the spelling of its JSON form.

    The base output directory makes Vertex AI set the variables from which `trainer.task` has the
    run directory and the export's; a trial gets a folder of its own there.
    """

    def __init__(self, job: Job) -> None:
        """Takes a job whose platform is `Vertex`."""
        self._job = job
        assert isinstance(job.platform, Vertex)
        self._platform = job.platform
        self._name = ""

    @functools.cached_property
    def document(self) -> dict[str, Any]:
        """Plain JSON values."""
        tuning, name = self._job.tuning, {"displayName": self._job.name}
        if tuning is None:
            return {**name, "jobSpec": self._spec()}
        return {
            **name,
            "studySpec": _study(tuning),
            "maxTrialCount": tuning.trials,
            "parallelTrialCount": min(tuning.parallel, tuning.trials),
            "trialJobSpec": self._spec(),
        }

    @property
    def text(self) -> str:
        """The same as YAML."""
        return yaml.safe_dump(self.document, sort_keys=False, allow_unicode=True, width=1000)

    def submit(self) -> str:
        """Creates the job in the project and region of the platform.

        Returns:
            its name there, and where it writes.

        Raises:
            ModuleNotFoundError: when Google's client is not installed.
            ConfigError: when it is no such message, as with an accelerator that does not exist.
            RunError: when nobody is logged in, or the service refuses it.
        """
        parent = f"projects/{self._platform.project}/locations/{self._platform.region}"
        with vertex_ai.refusals(RunError, _LOG_IN):
            message = self._message()
            client = self._client()
            if self._job.tuning is None:
                self._name = client.create_custom_job(parent=parent, custom_job=message).name
            else:
                self._name = client.create_hyperparameter_tuning_job(
                    parent=parent, hyperparameter_tuning_job=message
                ).name
        return f"Submitted {self._name}; it writes {self._job.run_dir}."

    def wait(self) -> None:
        """Until the job has succeeded; see `Submission`."""
        from google.api_core.retry import Retry

        with vertex_ai.refusals(RunError, _LOG_IN):
            client, retry = self._client(), Retry()
            searches = self._job.tuning is not None
            ask = client.get_hyperparameter_tuning_job if searches else client.get_custom_job
            wait_until(_DONE, _FAILED, lambda: str(ask(name=self._name, retry=retry).state.name))

    def _client(self) -> Any:
        from google.cloud.aiplatform_v1 import JobServiceClient

        return JobServiceClient(
            client_options={"api_endpoint": vertex_ai.host(self._platform.region)}
        )

    def _message(self) -> Any:
        from google.protobuf.json_format import ParseError

        kind = "CustomJob" if self._job.tuning is None else "HyperparameterTuningJob"
        try:
            return vertex_ai.message(kind, self.document)
        except ParseError as error:
            raise ConfigError(f"platform: Vertex AI's client refuses the job: {error}") from error

    def _spec(self) -> dict[str, Any]:
        """A chief and, in a second pool, the other workers."""
        job, platform = self._job, self._platform
        pools = [self._pool(1), *([self._pool(job.workers - 1)] if job.workers > 1 else [])]
        # All workers are started again when one of them has ended.
        scheduling: dict[str, Any] = {"strategy": "SPOT"} if platform.spot else {}
        scheduling |= {"restartJobOnWorkerRestart": True} if job.workers > 1 else {}
        account = platform.service_account
        return {
            "workerPoolSpecs": pools,
            **({"scheduling": scheduling} if scheduling else {}),
            **({"serviceAccount": account} if account else {}),
            "baseOutputDirectory": {"outputUriPrefix": job.run_dir.rstrip("/")},
        }

    def _pool(self, count: int) -> dict[str, Any]:
        platform = self._platform
        machine: dict[str, Any] = {"machineType": platform.machine}
        if platform.accelerator is not None:
            machine |= {
                "acceleratorType": platform.accelerator,
                "acceleratorCount": platform.gpus,
            }
        return {
            "machineSpec": machine,
            "replicaCount": count,
            "diskSpec": {"bootDiskType": "pd-ssd", "bootDiskSizeGb": platform.disk_gb},
            "containerSpec": {"imageUri": platform.image, "args": self._job.arguments},
        }


def _study(tuning: Tuning) -> dict[str, Any]:
    return {
        "metrics": [{"metricId": tuning.metric, "goal": tuning.goal}],
        "parameters": [_parameter(path, chosen) for path, chosen in tuning.parameters.items()],
    }


def _parameter(path: str, parameter: Parameter) -> dict[str, Any]:
    """What the tuner varies; it appends `--PATH=VALUE` to the arguments of a trial."""
    described: dict[str, Any] = {"parameterId": path}
    if parameter.values is not None:
        if all(type(value) in (int, float) for value in parameter.values):
            return {**described, "discreteValueSpec": {"values": sorted(parameter.values)}}
        values = [value_text(value) for value in parameter.values]
        return {**described, "categoricalValueSpec": {"values": values}}
    scale = "UNIT_LOG_SCALE" if parameter.scale == "log" else "UNIT_LINEAR_SCALE"
    whole = type(parameter.min) is type(parameter.max) is int
    ends = {"minValue": parameter.min, "maxValue": parameter.max}
    return {
        **described,
        "scaleType": scale,
        "integerValueSpec" if whole else "doubleValueSpec": ends,
    }
