"""What speaking to Vertex AI takes, whoever speaks: its address, messages and refusals."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


def host(region: str) -> str:
    """The service's host in a region."""
    return f"{region}-aiplatform.googleapis.com"


def message(kind: str, document: Mapping[str, Any]) -> Any:
    """A message of a kind, such as CustomJob, from its JSON form.

    Raises:
        google.protobuf.json_format.ParseError: it has other fields or values.
    """
    from google.cloud.aiplatform_v1 import types
    from google.protobuf import json_format

    made = getattr(types, kind)()
    json_format.ParseDict(document, type(made).pb(made))
    return made


@contextmanager
def refusals(kind: type[Exception], remedy: str = "") -> Iterator[None]:
    """What Google's clients raise, as a sentence.

    Args:
        kind: of exception in its place.
        remedy: said where nobody is logged in.

    Raises:
        ModuleNotFoundError: Google's clients are not installed.
    """
    from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except GoogleAuthError as error:
        raise kind(f"Vertex AI: {error}{remedy}") from error
    except GoogleAPICallError as error:
        raise kind(f"Vertex AI refuses: {error.message}") from error
    except (GoogleAPIError, TimeoutError) as error:
        # An operation outlasted the time that it was given.
        said = str(error) or type(error).__name__
        raise kind(f"Vertex AI did not answer in time: {said}; look there how it went.") from error
