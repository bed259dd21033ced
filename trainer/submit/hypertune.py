"""What a trial tells the tuner of Vertex AI: a line of JSON in the file that its agent reads.

The format is that of Google's `cloudml-hypertune`. No agent reads it in our tests.
"""

import json
import os
import time
from pathlib import Path

from trainer.errors import ConfigError, RunError
from trainer.evaluation.requirements import reason_missing
from trainer.evaluation.results import Evaluation, MetricValue

_FILE = "/tmp/hypertune/output.metrics"  # noqa: S108 - where the agent looks


def report(name: str, evaluation: Evaluation) -> None:
    """Writes a number of an evaluation under the name by which the job's study knows it.

    Of a number that is best near a target, the distance to it is written: a study asks for the
    lowest or the highest.

    Args:
        name: of the number, or the beginning of one up to a "_".
        evaluation: that was made after training.

    Raises:
        ConfigError: when the evaluation has no such number, or several.
        RunError: when it could not be measured.
    """
    number = _find(name, evaluation)
    value = number.loss if number.direction == "nearest" else number.value
    line = {
        "timestamp": time.time(),
        "trial": os.environ.get("CLOUD_ML_TRIAL_ID", "0"),
        name: str(value),
        "global_step": str(evaluation.step),
        "checkpoint_path": "",
    }
    path = Path(os.environ.get("CLOUD_ML_HP_METRIC_FILE", _FILE))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def _find(name: str, evaluation: Evaluation) -> MetricValue:
    try:
        return evaluation.find(name)
    except ConfigError as error:
        reason = reason_missing(name, evaluation)
        if reason is None:
            raise ConfigError(f"--tune: {error}") from error
        raise RunError(f"--tune: {name} was not measured: {reason}") from error
