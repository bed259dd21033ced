"""The canonical statuses as HTTP has them: what a server answers, and what a client reads in it."""

HTTP_STATUS = {  # what is not listed is 500
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
_OF_HTTP_ALONE = {413: "RESOURCE_EXHAUSTED", 502: "UNAVAILABLE"}
# Of several statuses with one number, the first is read in it.
_CANONICAL = {number: name for name, number in reversed(HTTP_STATUS.items())} | _OF_HTTP_ALONE


def canonical_status(number: int) -> str:
    """Returns the status that an HTTP number stands for; "UNKNOWN" for any other."""
    return _CANONICAL.get(number, "UNKNOWN")
