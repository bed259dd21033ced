"""A JobSet of Kubernetes (jobset.x-k8s.io/v1alpha2): one indexed job, a pod for each worker."""

import functools
import json
from typing import Any

import yaml

from trainer.submit.job import Job
from trainer.submit.platforms import Kubernetes
from trainer.submit.submission import handed_to, wait_until

_PORT = 2222
# Name of the only replicated job; hosts are NAME-worker-0-INDEX.NAME.
_ROLE = "worker"
_CONTAINER = "trainer"
# Of the user in trainer/Dockerfile.
_USER = 10001
# Exit codes of what another start would meet again: 1 is a run that failed or fell short of its
# gate, 2 a configuration that cannot be. Everything else, 138 among it, is started again.
_FINAL = [1, 2]
# What a worker has to finish its step and to write a checkpoint.
_GRACE_SECONDS = 120


class Manifest:
    """A JobSet; the pods learn who trains together by TF_CONFIG."""

    def __init__(self, job: Job) -> None:
        """Takes a job whose platform is `Kubernetes`."""
        self._job = job
        assert isinstance(job.platform, Kubernetes)
        self._platform = job.platform

    @functools.cached_property
    def document(self) -> dict[str, Any]:
        """The manifest as plain JSON values."""
        labels = {"app.kubernetes.io/name": "saddlepoint", "app.kubernetes.io/component": "trainer"}
        name = self._job.name
        return {
            "apiVersion": "jobset.x-k8s.io/v1alpha2",
            "kind": "JobSet",
            "metadata": {"name": name, "namespace": self._platform.namespace, "labels": labels},
            "spec": {
                "network": {"enableDNSHostnames": True, "subdomain": name},
                "failurePolicy": self._failure_policy(),
                "replicatedJobs": [
                    {"name": _ROLE, "replicas": 1, "template": {"spec": self._job_spec()}}
                ],
            },
        }

    @property
    def text(self) -> str:
        """The manifest as YAML."""
        return yaml.safe_dump(self.document, sort_keys=False, allow_unicode=True, width=1000)

    def submit(self) -> str:
        """Applies the manifest by kubectl, in its current context; see `Submission`."""
        return handed_to(["kubectl", "apply", "-f", "-"], self.text)

    def wait(self) -> None:
        """Until the set is complete; see `Submission`."""
        where = [f"jobset/{self._job.name}", f"--namespace={self._platform.namespace}"]
        state = ["kubectl", "get", *where, "--output=jsonpath={.status.terminalState}"]
        wait_until("Completed", ["Failed"], lambda: handed_to(state))

    def _failure_policy(self) -> dict[str, Any]:
        """All workers are started again together, once those of before are gone.

        Two chiefs at once would write one run.
        """
        final = {
            "name": "ended_for_good",
            "action": "FailJobSet",
            "onJobFailureReasons": ["PodFailurePolicy"],
        }
        return {
            "maxRestarts": self._platform.restarts,
            "restartStrategy": "BlockingRecreate",
            "rules": [final],
        }

    def _job_spec(self) -> dict[str, Any]:
        """A pod for each worker; the first that fails ends all, and the JobSet says what then."""
        codes = {"containerName": _CONTAINER, "operator": "In", "values": _FINAL}
        return {
            "completionMode": "Indexed",
            "completions": self._job.workers,
            "parallelism": self._job.workers,
            "backoffLimit": 0,
            "podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": codes}]},
            "template": {"spec": self._pod_spec()},
        }

    def _pod_spec(self) -> dict[str, Any]:
        platform = self._platform
        tolerations = [{"key": key, "operator": "Exists"} for key in platform.tolerations]
        spec = {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": _GRACE_SECONDS,
            "serviceAccountName": platform.service_account,
            "nodeSelector": platform.node_selector,
            "tolerations": tolerations,
            "securityContext": {"runAsNonRoot": True, "runAsUser": _USER, "fsGroup": _USER},
            "containers": [self._container()],
            "volumes": [volume for volume, _ in self._volumes()],
        }
        return {key: value for key, value in spec.items() if value not in (None, {}, [])}

    def _container(self) -> dict[str, Any]:
        container = {
            "name": _CONTAINER,
            "image": self._platform.image,
            "args": [*self._job.arguments, *self._job.places],
            "env": self._environment(),
            "resources": self._resources(),
            "volumeMounts": [mount for _, mount in self._volumes()],
        }
        return {key: value for key, value in container.items() if value not in ({}, [])}

    def _environment(self) -> list[dict[str, Any]]:
        """Kubernetes puts the pod's index into the place of $(WORKER_INDEX)."""
        if self._job.workers == 1:
            return []
        name, annotation = self._job.name, "batch.kubernetes.io/job-completion-index"
        addresses = [f"{name}-{_ROLE}-0-{i}.{name}:{_PORT}" for i in range(self._job.workers)]
        task = '{"type": "worker", "index": $(WORKER_INDEX)}'
        value = f'{{"cluster": {{"worker": {json.dumps(addresses)}}}, "task": {task}}}'
        index = {"fieldRef": {"fieldPath": f"metadata.annotations['{annotation}']"}}
        return [
            {"name": "WORKER_INDEX", "valueFrom": index},
            {"name": "TF_CONFIG", "value": value},
        ]

    def _resources(self) -> dict[str, Any]:
        platform = self._platform
        requests = {"cpu": platform.cpu, "memory": platform.memory}
        requests = {key: value for key, value in requests.items() if value is not None}
        limits = {"nvidia.com/gpu": platform.gpus} if platform.gpus else {}
        resources = {"requests": requests, "limits": limits}
        return {key: value for key, value in resources.items() if value}

    def _volumes(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Volumes, each with where it is mounted."""
        volumes = [
            (
                {"name": f"volume-{i}", "persistentVolumeClaim": {"claimName": claim}},
                {"name": f"volume-{i}", "mountPath": path},
            )
            for i, (path, claim) in enumerate(self._platform.volumes.items())
        ]
        if self._platform.gpus > 1:
            # GPUs of one machine exchange gradients through shared memory; a pod has 64 MB.
            memory = {"name": "shared-memory", "emptyDir": {"medium": "Memory"}}
            volumes.append((memory, {"name": "shared-memory", "mountPath": "/dev/shm"}))  # noqa: S108
        return volumes
