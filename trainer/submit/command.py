"""`gan submit`: a job file becomes a job of a platform."""

import click

from serving.json_output import json_option, say
from trainer.commands.base import SentenceCommand


@click.command(cls=SentenceCommand, extra="gcp")
@click.argument("job", metavar="JOB.yaml")
@click.option("--dry-run", is_flag=True, help="Print what would be submitted, and stop.")
@click.option("--wait", is_flag=True, help="Return when it has ended; exit with 1 if it failed.")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a field of the job, such as platform.image=IMAGE@sha256:…; may be repeated.",
)
@json_option
def submit(job: str, dry_run: bool, wait: bool, overrides: tuple[str, ...], as_json: bool) -> None:
    """Start the training job that JOB.yaml describes on Vertex AI, Kubernetes or Slurm.

    docs/cloud.md lists what a job file holds.

    \b
    Examples:
      gan submit job.yaml --dry-run
      gan submit job.yaml --set name=again --set run_dir=gs://bucket/jobs/again --wait
    """  # noqa: D301 - click reads the \b as "do not wrap"
    # Other commands need not wait for what only this one reads.
    from trainer.catalogue import resolve
    from trainer.submit.job import load_job
    from trainer.submit.submission import Submission

    described = load_job(job, overrides)
    submission: Submission = resolve(described.platform)(described)
    if dry_run:
        say(as_json, submission.document, submission.text.rstrip())
        return
    said = submission.submit()
    say(as_json, {"submitted": said}, said)
    if wait:
        submission.wait()
