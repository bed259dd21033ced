"""Addresses of endpoints, written and read: what `gan serve` prints is what a client takes."""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

from serving.errors import UsageError

_WITH_PATH = re.compile(
    r"(?P<target>https?://[^/]+(?:/.*)?)/v1/?(?:models/?(?:/(?P<model>[^/:?#]+)"
    r"(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:?#]+))?(?:/metadata|:predict)?/?)?)?"
)


class Address(NamedTuple):
    """A target without the path of a model, and what that path said.

    Attributes:
        target: where the endpoint is.
        model: the model's name, or None.
        version: the version, or None.
        label: the version label, or None.
    """

    target: str
    model: str | None = None
    version: int | None = None
    label: str | None = None


def read(target: str) -> Address:
    """Returns the parts of a target, such as "http://host:8501/v1/models/pets"."""
    match = _WITH_PATH.fullmatch(target)
    if match is None:
        return Address(target)
    version = match["version"]
    return Address(
        match["target"],
        unquote(match["model"]) if match["model"] else None,
        int(version) if version else None,
        unquote(match["label"]) if match["label"] else None,
    )


def host_and_port(host: str, port: int) -> str:
    """Returns both as one text, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def model_path(model: str) -> str:
    """Returns the path of a model over REST."""
    return f"/v1/models/{quote(model, safe='')}"


def check_brackets(target: str) -> None:
    """Refuses an IPv6 address whose end nobody could tell from the port.

    Raises:
        UsageError: it is in no brackets.
    """
    host = re.sub(r"^\w+://", "", target).partition("/")[0]
    if "[" not in host and re.fullmatch(r"[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:\d*", host):
        address, _, port = host.rpartition(":")
        raise UsageError(
            f"target: {target!r} has an IPv6 address; write it in brackets, "
            f"{target.replace(host, f'[{address}]:{port}')!r}."
        )
