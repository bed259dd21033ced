"""A job of Vertex AI, as its service takes it: a CustomJob, or a HyperparameterTuningJob."""

import functools
from typing import Any

import yaml

from trainer.errors import ConfigError, RunError
from trainer.submit.job import Job, Parameter, Tuning, value_text
from trainer.submit.platforms import Vertex


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
            its name there, and where to look at it.

        Raises:
            ModuleNotFoundError: when Google's client is not installed.
            ConfigError: when it is no such message, as with an accelerator that does not exist.
            RunError: when nobody is logged in, or the service refuses it.
        """
        from google.api_core.exceptions import GoogleAPICallError
        from google.auth.exceptions import GoogleAuthError
        from google.cloud import aiplatform_v1

        region = self._platform.region
        parent = f"projects/{self._platform.project}/locations/{region}"
        message = self._message()
        try:
            client = aiplatform_v1.JobServiceClient(
                client_options={"api_endpoint": f"{region}-aiplatform.googleapis.com"}
            )
            if self._job.tuning is None:
                created = client.create_custom_job(parent=parent, custom_job=message)
            else:
                created = client.create_hyperparameter_tuning_job(
                    parent=parent, hyperparameter_tuning_job=message
                )
        except GoogleAuthError as error:
            raise RunError(
                f"Vertex AI: {error} Log in by `gcloud auth application-default login`."
            ) from error
        except GoogleAPICallError as error:
            raise RunError(f"Vertex AI refused the job: {error.message}") from error
        return f"Submitted {created.name}; it writes {self._job.run_dir}."

    def _message(self) -> Any:
        from google.cloud.aiplatform_v1.types import CustomJob, HyperparameterTuningJob
        from google.protobuf import json_format

        kind = CustomJob if self._job.tuning is None else HyperparameterTuningJob
        message = kind()
        try:
            json_format.ParseDict(self.document, kind.pb(message))
        except json_format.ParseError as error:
            raise ConfigError(f"platform: Vertex AI's client refuses the job: {error}") from error
        return message

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
