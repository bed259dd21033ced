"""The two ways a command can end badly; each carries one sentence for the person who typed it."""


class ConfigError(ValueError):
    """The request cannot be carried out as asked: names the field, the value and the remedy."""


class RunError(RuntimeError):
    """A run that was asked for correctly failed on its way: says what happened and what is left."""
