"""What can go wrong when a model is served, called or used for bulk generation."""


class UsageError(ValueError):
    """The caller asked for something that cannot be: its sentence says what to change."""


class ServingError(RuntimeError):
    """The request was sound but the endpoint or the run failed."""


class RequestError(RuntimeError):
    """A server refused or failed a request.

    Attributes:
        status: the canonical status name, such as ``"NOT_FOUND"``.
        text: the server's own words, unchanged.
    """

    def __init__(self, status: str, text: str) -> None:
        """Keeps the server's `text` and its canonical `status` name."""
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text


class InvalidArgument(RequestError):  # noqa: N818 - named after the canonical status
    """The server does not accept the inputs, the signature or the route."""


class NotFound(RequestError):  # noqa: N818
    """No such model or version is being served."""


class FailedPrecondition(RequestError):  # noqa: N818
    """The model has no such signature."""


class Unauthenticated(RequestError):  # noqa: N818
    """The server wants an API key, or another one."""


class PermissionDenied(RequestError):  # noqa: N818
    """The server does not let this caller in."""


class ResourceExhausted(RequestError):  # noqa: N818
    """The request asks for more than the server gives one request."""


class Unimplemented(RequestError):  # noqa: N818
    """The server does not offer this."""


class Unavailable(RequestError):  # noqa: N818
    """Nobody answered, or the server has no room; a later attempt may succeed."""


class HandshakeFailed(Unavailable):
    """Client and server do not accept each other's certificates; a later attempt will not help."""


class IdleConnectionLost(Unavailable):
    """A kept connection was closed just as a request was sent on it; nobody may be missing."""


class DeadlineExceeded(RequestError):  # noqa: N818
    """The answer did not come in time."""


class InternalError(RequestError):
    """The server broke, or its answer cannot be read."""


_BY_STATUS: dict[str, type[RequestError]] = {
    "INVALID_ARGUMENT": InvalidArgument,
    "NOT_FOUND": NotFound,
    "FAILED_PRECONDITION": FailedPrecondition,
    "UNAUTHENTICATED": Unauthenticated,
    "PERMISSION_DENIED": PermissionDenied,
    "RESOURCE_EXHAUSTED": ResourceExhausted,
    "UNIMPLEMENTED": Unimplemented,
    "UNAVAILABLE": Unavailable,
    "DEADLINE_EXCEEDED": DeadlineExceeded,
    "INTERNAL": InternalError,
}


def request_error(status: str, text: str) -> RequestError:
    """Returns the exception for a canonical `status` name, with the server's `text`."""
    return _BY_STATUS.get(status, RequestError)(status, text)
