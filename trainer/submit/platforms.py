"""The platforms that take a job: the options of each, and what it refuses; no cloud client.

A new platform is a class here, its name in the union below, and a class in a file of its own that
`target` names: it makes of a job what the platform is given (`trainer.submit.submission`).
"""

import re
import sys
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component
from trainer.files import is_remote

_DIGEST = re.compile(r"\S+@sha256:[0-9a-f]{64}")


class Platform(Component):
    """What every platform has beside its options."""

    # What to name instead of a path that its machines do not see.
    seen: ClassVar[str] = ""
    # Whether its machines see the disk of the one that submits.
    shares_disk: ClassVar[bool] = False
    # Whether it makes trials of a job's `tuning`.
    tunes: ClassVar[bool] = False
    name: str = ""
    # GPUs of each worker; 0 trains on processors.
    gpus: int = Field(0, ge=0)

    def sees(self, path: str) -> bool:
        """Whether a path leads to the same place on every machine, and lasts."""
        return self.shares_disk

    def refusals(self, run_dir: str, tuned: bool) -> Iterator[str]:
        """Sentences (field, value, remedy) on what this platform cannot be asked.

        Args:
            run_dir: of the job.
            tuned: whether it has `tuning`.
        """
        if tuned and not self.tunes:
            yield (
                f"tuning: {self.name} makes no trials; take platform.name=vertex, or see "
                "docs/howto/sweeps.md for a loop of one's own"
            )


class Vertex(Platform):
    """A custom job of Vertex AI, or one of hyper-parameter tuning where the job has `tuning`."""

    target: ClassVar[str] = "trainer.submit.vertex:VertexJob"
    seen: ClassVar[str] = "name a path on a bucket, gs://BUCKET/…"
    tunes: ClassVar[bool] = True
    name: Literal["vertex"] = "vertex"
    # The project of Google Cloud, by its id.
    project: str
    # Such as europe-west4.
    region: str
    # The trainer image, by its digest.
    image: str
    # Machine type, such as g2-standard-8.
    machine: str
    # Kind of its GPUs as Vertex AI spells it, such as NVIDIA_L4.
    accelerator: str | None = None
    # Size of each machine's disk, which holds the store of the data.
    disk_gb: int = Field(100, ge=100)
    # Whether machines may be taken away at any time, for a fraction of the price.
    spot: bool = False
    # E-mail address of the account that the job runs as; null is the project's default.
    service_account: str | None = None

    def sees(self, path: str) -> bool:
        """Buckets, and where Vertex AI mounts them."""
        return path.startswith(("gs://", "/gcs/"))

    def refusals(self, run_dir: str, tuned: bool) -> Iterator[str]:
        """What Vertex AI cannot be asked."""
        yield from super().refusals(run_dir, tuned)
        yield from _tag_of_image(self.image)
        if not run_dir.startswith("gs://"):
            yield f"run_dir: received {run_dir!r}, which is on no bucket; {self.seen}"
        if (self.accelerator is None) != (self.gpus == 0):
            yield (
                f"platform.accelerator: received {self.accelerator!r} with platform.gpus="
                f"{self.gpus}; name the kind and the number of a machine's GPUs, or neither"
            )


class Kubernetes(Platform):
    """A JobSet: Kubernetes with the JobSet controller, which comes from kubernetes-sigs."""

    target: ClassVar[str] = "trainer.submit.kubernetes:Manifest"
    seen: ClassVar[str] = "name one on an object store, or below a path of platform.volumes"
    name: Literal["kubernetes"] = "kubernetes"
    # The trainer image, by its digest.
    image: str
    namespace: str = "default"
    # Processors and memory of each worker, in Kubernetes' units, such as "8" and 32Gi.
    cpu: str | None = None
    memory: str | None = None
    # Where persistent volume claims are mounted: path → name of the claim. Workers on several
    # nodes need one that many may write (ReadWriteMany).
    volumes: dict[str, str] = Field(default_factory=dict)
    # Labels of the nodes to take, such as those of spot machines.
    node_selector: dict[str, str] = Field(default_factory=dict)
    # Keys of taints that are no obstacle.
    tolerations: Annotated[tuple[str, ...], Field(strict=False)] = ()
    # Name of the account that the pods run as.
    service_account: str | None = None
    # How often all workers are started again after one was lost.
    restarts: int = Field(20, ge=0)

    def sees(self, path: str) -> bool:
        """Object stores and mounted volumes."""
        mounts = (mount.rstrip("/") for mount in self.volumes)
        return is_remote(path) or any(f"{path}/".startswith(f"{mount}/") for mount in mounts)

    def refusals(self, run_dir: str, tuned: bool) -> Iterator[str]:
        """What Kubernetes cannot be asked."""
        yield from super().refusals(run_dir, tuned)
        yield from _tag_of_image(self.image)
        if not self.sees(run_dir):
            yield f"run_dir: received {run_dir!r}, which ends with its pod; {self.seen}"


class Slurm(Platform):
    """A batch job of Slurm on nodes that share a disk with the machine that submits."""

    target: ClassVar[str] = "trainer.submit.slurm:Script"
    shares_disk: ClassVar[bool] = True
    name: Literal["slurm"] = "slurm"
    # Null is the cluster's default, here and below.
    partition: str | None = None
    account: str | None = None
    # Limit of one start, as sbatch takes it, such as 24:00:00; at its end the job checkpoints and
    # goes back into the queue.
    time: str | None = None
    # Processors of each worker.
    cpus: int | None = Field(None, ge=1)
    # Memory of each node, such as 64G.
    memory: str | None = None
    # The Python in which Saddlepoint is installed; the default is the one that submits.
    python: str = sys.executable
    # How often the job is put back into the queue after a worker was lost or the time was over.
    restarts: int = Field(20, ge=0)


def _tag_of_image(image: str) -> Iterator[str]:
    if not _DIGEST.fullmatch(image):
        yield (
            f"platform.image: received {image!r}, but what a tag names may change between two "
            "starts of a job; give the digest, NAME@sha256: and 64 hexadecimal digits"
        )


AnyPlatform = Annotated[Vertex | Kubernetes | Slurm, BY_NAME]
