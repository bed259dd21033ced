"""Everything after training: the endpoint, its client and bulk generation.

Importing this package costs no TensorFlow; `serving.server` and `serving.batch` need it.
"""

from serving.client import Client
from serving.errors import (
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    RequestError,
    ServingError,
    Unavailable,
    UsageError,
)

__all__ = [
    "Client",
    "DeadlineExceeded",
    "FailedPrecondition",
    "InvalidArgument",
    "NotFound",
    "RequestError",
    "ServingError",
    "Unavailable",
    "UsageError",
]
