"""Canonical status codes, and the one exception that carries a code with its text."""

import enum


class Code(enum.IntEnum):
    """The canonical codes, with the numbers that gRPC and TensorFlow share."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class StatusError(Exception):
    """A request or a load that ends in a status other than OK.

    Attributes:
        code: the canonical code.
        text: the message exactly as clients receive it.
    """

    def __init__(self, code: Code, text: str) -> None:
        """Binds a canonical `code` to the `text` that clients match on."""
        super().__init__(text)
        self.code = code
        self.text = text

    def __str__(self) -> str:
        """Returns the code's name and the text, as TensorFlow prints a status."""
        return f"{self.code.name}: {self.text}"


def overloaded(reason: str) -> StatusError:
    """Returns the UNAVAILABLE of a server that has no room; `reason` is a clause."""
    return StatusError(Code.UNAVAILABLE, f"The server is overloaded: {reason}. Try again later.")


def invalid_argument(text: str) -> StatusError:
    """Returns the most frequent error: INVALID_ARGUMENT with `text`."""
    return StatusError(Code.INVALID_ARGUMENT, text)
