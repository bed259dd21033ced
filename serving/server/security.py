"""Who may talk to the endpoint, and how it proves who it is: API key and TLS."""

import hmac
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import grpc

from serving.errors import UsageError
from serving.messages import API_KEY_HEADER
from serving.server import textproto
from serving.server.options import ServerOptions

_BEARER = b"bearer "


class ApiKey:
    """The key that requests must carry, if any."""

    def __init__(self, key: bytes | None) -> None:
        """Keeps `key`; None lets every request pass."""
        self._key = key

    def __bool__(self) -> bool:
        """Whether a key is asked for at all."""
        return self._key is not None

    def admits(self, headers: Mapping[str, Any]) -> bool:
        """Returns whether the headers, by lower-case name, carry the key.

        It stands in `x-api-key`, or in `authorization` as a bearer token (which is what
        Prometheus sends). The comparison takes the same time wherever the two differ.
        """
        if self._key is None:
            return True
        given = _as_bytes(headers.get(API_KEY_HEADER, b""))
        authorization = _as_bytes(headers.get("authorization", b""))
        if not given and authorization.lower().startswith(_BEARER):
            given = authorization[len(_BEARER) :].strip()
        return hmac.compare_digest(given, self._key)


def read_api_key(options: ServerOptions) -> ApiKey:
    """Returns the key from the file or the environment variable that the options name.

    Raises:
        UsageError: it cannot be read or is empty.
    """
    if options.api_key_file:
        flag, key = "api_key_file", _read_file("api_key_file", options.api_key_file).strip()
    elif options.api_key_env:
        flag, key = "api_key_env", os.environb.get(options.api_key_env.encode(), b"").strip()
    else:
        return ApiKey(None)
    if not key or not key.isascii():
        raise UsageError(f"{flag}: {getattr(options, flag)!r} holds no key; put ASCII text there.")
    return ApiKey(key)


def grpc_credentials(path: str) -> grpc.ServerCredentials | None:
    """Returns what TF Serving's SSLConfig at `path` asks for; None where `path` is empty.

    Raises:
        UsageError: the file, the certificate or the key is not what it should be.
    """
    if not path:
        return None
    config = textproto.read(textproto.new("SSLConfig"), path, "ssl_config_file")
    key, certificate, authority = (
        text.encode() for text in (config.server_key, config.server_cert, config.custom_ca)
    )
    if config.client_verify and not authority:
        raise UsageError("ssl_config_file: client_verify needs custom_ca; add the authority's PEM.")
    with _as_file(certificate) as certificate_path, _as_file(key) as key_path:
        context = _tls_context("ssl_config_file", certificate_path, key_path)
    if authority:
        _check_authority(context, config.custom_ca)
    return grpc.ssl_server_credentials(
        [(key, certificate)], authority or None, require_client_auth=config.client_verify
    )


def http_context(options: ServerOptions) -> ssl.SSLContext | None:
    """Returns the TLS context for HTTP; None without a certificate.

    Raises:
        UsageError: certificate and key do not match, or are none.
    """
    if not options.rest_ssl_cert_file:
        return None
    for flag in ("rest_ssl_cert_file", "rest_ssl_key_file"):
        _read_file(flag, getattr(options, flag))
    return _tls_context("rest_ssl_cert_file", options.rest_ssl_cert_file, options.rest_ssl_key_file)


def _tls_context(flag: str, certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")  # never ask at the terminal
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            text = "the certificate does not belong to the private key; pass the pair"
        else:
            text = f"certificate or private key is no unencrypted PEM ({error.reason})"
        raise UsageError(f"{flag}: {text}.") from error
    return context


def _check_authority(context: ssl.SSLContext, pem: str) -> None:
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError) as error:
        raise UsageError(f"ssl_config_file: custom_ca is no PEM certificate ({error}).") from error


def _read_file(flag: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{flag}: {path!r} cannot be read: {error.strerror}.") from error


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """Yields a path that reads as `content`; in memory where the system can, for it is secret."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("tls")
        try:
            os.write(descriptor, content)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    with NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        yield file.name


def _as_bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1", "replace")
