"""The ways a command or a part of it can end badly; each carries one sentence for a person."""


class ConfigError(ValueError):
    """The request cannot be carried out as asked: names the field, the value and the remedy."""


class RunError(RuntimeError):
    """A run that was asked for correctly failed on its way: says what happened and what is left."""


class MetricError(ValueError):
    """No honest number can be had from these samples: says why. The other metrics go on."""


# The exit code of a job that is to be started again: neither an error of the user (1 to 127) nor a
# fatal signal, and one that Vertex AI (129 to 255) and Kubeflow (138) start again.
RESTART = 138


class WorkerLostError(RuntimeError):
    """Another worker of the cluster is gone: says so, and that a restart goes on."""
