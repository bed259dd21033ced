"""A batch file of Slurm: a task for each worker, and back into the queue when one is lost."""

import functools
import re
import shlex
from typing import Any

from trainer.submit.job import Job
from trainer.submit.platforms import Slurm
from trainer.submit.submission import handed_to, wait_until

# Seconds before the end of its time, or before it gives way to another job, in which the workers
# are told: what they need to finish a step and to write a checkpoint.
_NOTICE_SECONDS = 120
# States after which no start follows; a job that goes back into the queue is PENDING again.
_FAILED = ("BOOT_FAIL", "CANCELLED", "DEADLINE", "FAILED", "OUT_OF_MEMORY", "TIMEOUT")


class Script:
    """A file for sbatch."""

    def __init__(self, job: Job) -> None:
        """Takes a job whose platform is `Slurm`."""
        self._job = job
        assert isinstance(job.platform, Slurm)
        self._platform = job.platform
        self._number = ""

    @property
    def document(self) -> dict[str, Any]:
        """The script as the only one of JSON values."""
        return {"script": self.text}

    @functools.cached_property
    def text(self) -> str:
        """The script.

        The signal goes to the workers and not to this shell, which outlives them to put the job
        back. A worker that was told to stop, or that lost another one, ends with `RESTART`; one
        that a signal ended, before it could hear of it or by a crash, with 128 and its number.
        srun gives the highest code. Up to 127 another start would meet the same again.
        """
        options = "\n".join(f"#SBATCH --{option}" for option in self._options())
        return f"""\
#!/usr/bin/env bash
{options}

srun --kill-on-bad-exit=0 {self._command()}
code=$?
if [ $code -gt 128 ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt {self._platform.restarts} ]; then
  scontrol requeue "$SLURM_JOB_ID"
fi
exit $code
"""

    def submit(self) -> str:
        """Hands the script to sbatch; see `Submission`."""
        # A federation adds the cluster's name.
        self._number = handed_to(["sbatch", "--parsable"], self.text).partition(";")[0]
        return f"Submitted batch job {self._number}; it writes {self._job.run_dir}."

    def wait(self) -> None:
        """Until a start of the job has done all; see `Submission`."""
        job = ["scontrol", "show", "job", self._number]
        wait_until("COMPLETED", _FAILED, lambda: _state(handed_to(job)))

    def _options(self) -> list[str]:
        platform = self._platform
        options = {
            "job-name": self._job.name,
            "nodes": self._job.workers,
            "ntasks-per-node": 1,
            "gpus-per-task": platform.gpus or None,
            "cpus-per-task": platform.cpus,
            "mem": platform.memory,
            "time": platform.time,
            "partition": platform.partition,
            "account": platform.account,
            "signal": f"TERM@{_NOTICE_SECONDS}",
            "output": f"{self._job.name}-%j.log",
            "open-mode": "append",
        }
        given = (f"{name}={value}" for name, value in options.items() if value is not None)
        return [*given, "requeue"]

    def _command(self) -> str:
        words = [self._platform.python, "-m", "trainer.task", *self._job.arguments]
        # Slurm's word counts, whatever TF_CONFIG the shell that submitted has.
        return shlex.join([*words, *self._job.places, "--set=devices.cluster=slurm"])


def _state(shown: str) -> str:
    """The state in what `scontrol show job` says."""
    found = re.search(r"\bJobState=([A-Z_]+)", shown)
    return found[1] if found else ""
