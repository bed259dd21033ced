"""Everything after training: the endpoint, its clients and bulk generation.

Importing this package costs no TensorFlow; `serving.server` and `serving.batch` need it.
"""

from serving.async_client import AsyncClient
from serving.client import Client
from serving.errors import (
    DeadlineExceeded,
    FailedPrecondition,
    HandshakeFailed,
    InternalError,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    RequestError,
    ResourceExhausted,
    ServingError,
    Unauthenticated,
    Unavailable,
    Unimplemented,
    UsageError,
)

__all__ = [
    "AsyncClient",
    "Client",
    "DeadlineExceeded",
    "FailedPrecondition",
    "HandshakeFailed",
    "InternalError",
    "InvalidArgument",
    "NotFound",
    "PermissionDenied",
    "RequestError",
    "ResourceExhausted",
    "ServingError",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "UsageError",
]
