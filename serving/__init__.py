"""Everything after training: the endpoint, its clients and bulk generation.

Importing this package costs no TensorFlow; `serving.server` and `serving.batch` need it.
"""

from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from serving.async_client import AsyncClient
    from serving.client import Client

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


def __getattr__(name: str) -> Any:
    """The clients, whose packages are imported when one is first asked for."""
    if name not in ("AsyncClient", "Client"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from serving.async_client import AsyncClient
    from serving.client import Client

    return {"AsyncClient": AsyncClient, "Client": Client}[name]
