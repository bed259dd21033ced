"""The embedded endpoint: TF Serving's interfaces over SavedModel directories.

The names below are loaded when first used: the endpoint's flags can be read without TensorFlow.
"""

from typing import Any

__all__ = ["Server", "serve"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from serving.server import app

    return getattr(app, name)
