"""What travels between a client and a model, and where the model is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from serving import address
from serving.errors import UsageError

DEFAULT_MODEL = "default"
API_KEY_HEADER = "x-api-key"
_GRPC, _GRPCS = "grpc://", "grpcs://"
_HTTP, _HTTPS = "http://", "https://"


@dataclass(frozen=True)
class Call:
    """One message to the model.

    Attributes:
        signature: the signature's name.
        inputs: arrays of the signature's own types; strings as object arrays of bytes.
        outputs: the type of every output, "string" for strings.
    """

    signature: str
    inputs: Mapping[str, np.ndarray]
    outputs: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """The answer to a call.

    Attributes:
        outputs: arrays by output name; strings as object arrays of bytes.
        version: of the model that answered; None over REST, whose replies do not say it.
    """

    outputs: dict[str, np.ndarray]
    version: int | None


@dataclass(frozen=True)
class Certificates:
    """The files by which two sides of an encrypted connection know each other, as PEM.

    Attributes:
        authority: who vouches for the server; None for those that the system trusts.
        certificate: the client's own, where the server asks for one.
        key: the private key of `certificate`.
    """

    authority: str | None = None
    certificate: str | None = None
    key: str | None = None

    def __bool__(self) -> bool:
        """Returns whether any file is named."""
        return any((self.authority, self.certificate, self.key))


@dataclass(frozen=True)
class Endpoint:
    """A model at an address, and what it takes to be let in.

    Attributes:
        target: "host:8500" or "grpc://host:8500", "grpcs://host:8500" with TLS,
            "http://host:8501", "https://host:8501".
        model: the name under which it is served.
        version: the version asked for; None for the newest.
        label: the version label asked for, in the place of a version.
        certificates: for TLS; "host:8500" with any of them means TLS.
        api_key: sent as `x-api-key`.
    """

    target: str
    model: str = DEFAULT_MODEL
    version: int | None = None
    label: str | None = None
    certificates: Certificates = Certificates()
    api_key: str | None = None

    @classmethod
    def at(
        cls,
        target: str,
        model: str,
        version: int | None,
        label: str | None,
        certificates: Certificates,
        api_key: str | None,
    ) -> "Endpoint":
        """Returns the endpoint at an address that may say itself which model and version it is.

        Raises:
            UsageError: the address and the arguments differ, or a field cannot be.
        """
        found = address.read(target)
        named = _agreed("model", model if model != DEFAULT_MODEL else None, found.model)
        return cls(
            found.target,
            DEFAULT_MODEL if named is None else named,
            _agreed("version", version, found.version),
            _agreed("version_label", label, found.label),
            certificates,
            api_key,
        )

    def __post_init__(self) -> None:
        """Raises UsageError when a field cannot be, or two do not go together."""
        address.check_brackets(self.target)
        if not self.is_rest and (not self.address.partition(":")[2] or "://" in self.address):
            raise UsageError(
                f"target: {self.target!r} names no endpoint; pass 'host:8500' for gRPC or "
                "'http://host:8501' for REST."
            )
        for name, text in (("model", self.model), ("version_label", self.label)):
            if text is not None and not (isinstance(text, str) and text):
                raise UsageError(f"{name}: received {text!r}; expected a name.")
        if self.version is not None and not _is_version(self.version):
            raise UsageError(
                f"version: received {self.version!r}; expected a whole number from 0 to 2**63 - 1."
            )
        if self.version is not None and self.label is not None:
            raise UsageError("version: received a version and a version label; pass one of them.")
        if bool(self.certificates.certificate) != bool(self.certificates.key):
            raise UsageError("client_certificate: it and client_key go together; pass both.")
        if self.certificates and not self.is_encrypted:
            raise UsageError(
                f"target: {self.target!r} is not encrypted, so no certificate is looked at; "
                "write https:// or grpcs://, or leave the certificates out."
            )
        if self.api_key is not None and not (self.api_key.isascii() and self.api_key.isprintable()):
            raise UsageError("api_key: only printable ASCII characters can travel in a header.")

    @property
    def is_rest(self) -> bool:
        """Whether requests go over HTTP rather than gRPC."""
        return self.target.startswith((_HTTP, _HTTPS))

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        if "://" in self.target:
            return self.target.startswith((_HTTPS, _GRPCS))
        return bool(self.certificates)

    @property
    def address(self) -> str:
        """The target of a gRPC channel: host and port."""
        return self.target.removeprefix(_GRPCS).removeprefix(_GRPC)


_Value = TypeVar("_Value")


def _agreed(name: str, given: _Value | None, in_address: _Value | None) -> _Value | None:
    """Returns what was given, or else what the address says.

    Raises:
        UsageError: they differ.
    """
    if given is not None and in_address is not None and given != in_address:
        raise UsageError(
            f"{name}: received {given!r}, and the address says {in_address!r}; leave one out."
        )
    return in_address if given is None else given


def _is_version(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        return False
    return 0 <= int(value) < 2**63
