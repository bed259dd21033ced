"""The ways a command or a part of it can end badly; each carries one sentence for a person."""


class ConfigError(ValueError):
    """The request cannot be carried out as asked: names the field, the value and the remedy."""


class RunError(RuntimeError):
    """A run that was asked for correctly failed on its way: says what happened and what is left."""


class MetricError(ValueError):
    """No honest number can be had from these samples: says why. The other metrics go on."""
