"""Job files, by platform."""

import pytest
import yaml

from trainer.submit.job import load_job

IMAGE = "registry/project/trainer@sha256:" + 64 * "a"
PLATFORMS = {
    "vertex": {
        **{"name": "vertex", "project": "p", "region": "europe-west4", "image": IMAGE},
        **{"machine": "g2-standard-8", "accelerator": "NVIDIA_L4", "gpus": 1},
    },
    "kubernetes": {"name": "kubernetes", "image": IMAGE, "volumes": {"/shared": "claim"}},
    "slurm": {"name": "slurm"},
}
RUN_DIRS = {"vertex": "gs://b/runs/one", "kubernetes": "/shared/runs/one", "slurm": "runs/one"}


@pytest.fixture
def job_file(tmp_path):
    """Writes a job file for a platform, with fields of the job and options of the platform."""

    def write(platform, options=(), /, **fields):
        job = {"name": "one", "recipe": "cgan-digits", "run_dir": RUN_DIRS[platform]}
        job |= {"platform": {**PLATFORMS[platform], **dict(options)}, **fields}
        path = tmp_path / "job.yaml"
        path.write_text(yaml.safe_dump(job))
        return str(path)

    return write


@pytest.fixture
def job(job_file):
    """A job of such a file, checked."""
    return lambda *platform, **fields: load_job(job_file(*platform, **fields))
