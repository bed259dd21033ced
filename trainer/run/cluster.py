"""Which processes train together, as the environment of this one says; no TensorFlow.

TF_CONFIG names them, or Vertex AI's CLUSTER_SPEC, or Slurm's variables of a job step.
"""

import json
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from trainer.config.experiment import Devices
from trainer.errors import ConfigError

# What Vertex AI calls the jobs of a cluster; its further pools have no part in training.
_POOLS = {"workerpool0": "chief", "workerpool1": "worker"}
_SLURM = ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_NODELIST")
_ADDRESS = re.compile(r"\S+:\d{1,5}")
_EXAMPLE = '{"cluster": {"worker": ["HOST:PORT", …]}, "task": {"type": "worker", "index": 0}}'


@dataclass(frozen=True)
class Cluster:
    """Several processes that train together, a worker each.

    Attributes:
        size: how many, two at least.
        index: of this one; number 0 is the chief, which writes what the run leaves.
        addresses: host:port of each, by index; empty under Slurm, whose names TensorFlow resolves.
    """

    size: int
    index: int
    addresses: tuple[str, ...] = ()

    def require_own_port(self) -> None:
        """Refuses a port that another process of this machine listens on.

        Raises:
            ConfigError: naming it.
        """
        if not self.addresses:
            return
        port = int(self.addresses[self.index].rpartition(":")[2])
        with socket.socket() as own:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                own.bind(("", port))
            except (OSError, OverflowError) as error:
                reason = getattr(error, "strerror", None) or error
                raise ConfigError(
                    f"TF_CONFIG: worker {self.index} cannot listen on port {port} of this machine "
                    f"({reason}); end what does, or give the worker another port."
                ) from error

    def absent(self) -> list[str]:
        """The other workers that do not answer at their addresses, as "worker 1 (HOST:PORT)"."""
        others = [i for i in range(len(self.addresses)) if i != self.index]
        return [
            f"worker {i} ({self.addresses[i]})" for i in others if not _answers(self.addresses[i])
        ]


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=2.0).close()
    except OSError:
        return False
    return True


def of_environment(devices: Devices, environment: Mapping[str, str] = os.environ) -> Cluster | None:
    """The cluster that this process belongs to; None where it trains alone.

    Raises:
        ConfigError: for variables that name none, or one that this process has no place in.
    """
    if devices.cluster == "none":
        return None
    if devices.cluster != "slurm":
        for name in ("TF_CONFIG", "CLUSTER_SPEC"):
            if environment.get(name):
                return _of_json(name, environment[name])
        if devices.cluster == "tf_config":
            raise ConfigError(
                "devices.cluster: received 'tf_config', but the environment has neither TF_CONFIG "
                "nor CLUSTER_SPEC; set one of them for every worker, or devices.cluster=auto."
            )
    return _of_slurm(devices, environment)


def _of_slurm(devices: Devices, environment: Mapping[str, str]) -> Cluster | None:
    missing = [name for name in _SLURM if name not in environment]
    if missing and devices.cluster == "auto":
        return None
    if missing:
        raise ConfigError(
            f"devices.cluster: received 'slurm', but the environment has no {missing[0]}; start "
            "the workers by srun, or set devices.cluster=auto."
        )
    size, index = (environment[name] for name in ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID"))
    if not (size.isdigit() and index.isdigit() and int(index) < int(size)):
        raise ConfigError(
            f"SLURM_PROCID: received {index!r} of SLURM_STEP_NUM_TASKS={size!r}; start the workers "
            "by srun, or set devices.cluster=none."
        )
    return Cluster(int(size), int(index)) if int(size) > 1 else None


def _of_json(variable: str, text: str) -> Cluster | None:
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        _refuse(variable, f"received {text!r}, which is not a JSON object")
    jobs = _jobs(variable, document.get("cluster") or {})
    addresses = (*jobs.get("chief", ()), *jobs.get("worker", ()))
    if len(addresses) < 2:
        return None
    if len(set(addresses)) < len(addresses):
        _refuse(variable, f"two workers have the same address in {', '.join(addresses)}")
    return Cluster(len(addresses), _index(variable, document.get("task"), jobs), addresses)


def _jobs(variable: str, cluster: Any) -> dict[str, tuple[str, ...]]:
    """The addresses of the chief and of the other workers; what else is named is refused."""
    if not isinstance(cluster, dict):
        _refuse(variable, f"received {cluster!r} as its cluster")
    jobs: dict[str, tuple[str, ...]] = {}
    for name, addresses in cluster.items():
        if not addresses:
            continue
        job = _job(name)
        if job is None:
            _refuse(variable, f"its cluster has the job {name!r}; chief and worker train here")
        if not isinstance(addresses, list) or not all(map(_is_address, addresses)):
            _refuse(variable, f"received {addresses!r} for its {name}; give a list of HOST:PORT")
        jobs[job] = (*jobs.get(job, ()), *addresses)
    if len(jobs.get("chief", ())) > 1:
        _refuse(variable, f"its cluster has {len(jobs['chief'])} chiefs; name one")
    return jobs


def _job(name: str) -> str | None:
    name = {"master": "chief"}.get(name, name)
    name = _POOLS.get(name, name)
    return name if name in ("chief", "worker") else None


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and bool(_ADDRESS.fullmatch(value))


def _index(variable: str, task: Any, jobs: Mapping[str, tuple[str, ...]]) -> int:
    """The place of a task among all workers, the chief first."""
    if not isinstance(task, dict) or not task.get("type"):
        _refuse(variable, "it has no task, which says who of the cluster this process is")
    job = _job(str(task["type"]))
    if job is None or job not in jobs:
        _refuse(variable, f"its task is a {task['type']!r}, which its cluster does not have")
    index = str(task.get("index", ""))
    if not index.isdigit() or int(index) >= len(jobs[job]):
        _refuse(
            variable,
            f"its task has the index {task.get('index')!r}, and its cluster has {len(jobs[job])} "
            f"of the type {task['type']!r}, counted from 0",
        )
    return int(index) + (len(jobs.get("chief", ())) if job == "worker" else 0)


def _refuse(variable: str, what: str) -> NoReturn:
    raise ConfigError(f"{variable}: {what}. Accepted is {_EXAMPLE}, or set devices.cluster=none.")
