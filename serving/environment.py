"""What environment variables ask of a client: a proxy on the way, certificates to trust."""

import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from serving.errors import UsageError

_PROXIES = {
    "http": ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"),
    "https": ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
    "grpc": ("grpc_proxy", "https_proxy", "http_proxy"),  # as gRPC itself looks for them
}
_EXCEPTIONS = {
    "http": ("no_proxy", "NO_PROXY"),
    "https": ("no_proxy", "NO_PROXY"),
    "grpc": ("no_grpc_proxy", "no_proxy"),
}
_SOCKS = ("socks5", "socks5h")
_SCHEMES = ("http", "https", *_SOCKS)


@dataclass(frozen=True)
class Proxy:
    """What stands between the client and the server.

    Attributes:
        url: where it is, with its user and password.
        variable: that names it.
    """

    url: str
    variable: str

    def __str__(self) -> str:
        """Returns it as part of a sentence."""
        return f"the proxy {without_password(self.url)} of {self.variable}"


def proxy_for(scheme: str, host: str) -> Proxy | None:
    """Returns the proxy that the environment names for a host; a loopback address has none.

    Args:
        scheme: "http", "https" or "grpc".
        host: a name or an address, without brackets.
    """
    if is_loopback(host) or _is_excepted(host, _first(_EXCEPTIONS[scheme])[1]):
        return None
    variable, url = _first(_PROXIES[scheme])
    if not url:
        return None
    return Proxy(url if "://" in url else f"http://{url}", variable)


def check_proxy(proxy: Proxy) -> None:
    """Refuses a proxy that no request could go through.

    Raises:
        UsageError: naming the variable.
    """
    try:
        parts = urlsplit(proxy.url)
        is_sound = parts.scheme in _SCHEMES and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_sound = False
    remedy = "correct or unset it, or add the host to NO_PROXY."
    if not is_sound:
        raise UsageError(
            f"{proxy.variable}: received {without_password(proxy.url)!r}; expected a proxy such as "
            f"'http://host:3128': {remedy}"
        )
    if parts.scheme in _SOCKS and not _has_socks():
        raise UsageError(
            f"{proxy.variable}: {without_password(proxy.url)!r} needs the package 'socksio', which "
            f"is not installed; pip install 'httpx[socks]', or {remedy}"
        )


def trusted_certificates() -> tuple[str, str | None, str | None]:
    """Returns the variable that names authorities, and their file or folder; "certificate" if none.

    Raises:
        UsageError: there is no such file or folder.
    """
    for name, is_there in (("SSL_CERT_FILE", os.path.isfile), ("SSL_CERT_DIR", os.path.isdir)):
        path = os.environ.get(name)
        if not path:
            continue
        if not all(map(is_there, path.split(os.pathsep) if name == "SSL_CERT_DIR" else [path])):
            raise UsageError(
                f"{name}: {path!r} does not exist; correct or unset the environment variable, or "
                "pass ca_certificate."
            )
        return (name, path, None) if name == "SSL_CERT_FILE" else (name, None, path)
    return "certificate", None, None


def is_loopback(host: str) -> bool:
    """Returns whether a host is this machine, by its address or the name localhost."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".").endswith("localhost")


def without_password(url: str) -> str:
    """Returns an address without the user and the password in it."""
    return re.sub(r"//[^/@]*@", "//", url)


def _first(names: Sequence[str]) -> tuple[str, str]:
    for name in names:
        # What a CGI program finds there is a header of its caller's.
        if os.environ.get(name) and not (name == "HTTP_PROXY" and "REQUEST_METHOD" in os.environ):
            return name, os.environ[name].strip()
    return "", ""


def _is_excepted(host: str, exceptions: str) -> bool:
    """Returns whether a host is in a list as NO_PROXY: names, domains, addresses, networks, *."""
    host = host.lower()
    for entry in re.split(r"[\s,]+", exceptions.lower()):
        name = entry.removeprefix("*").removeprefix(".")
        name = re.sub(r"^\[(.*)\](:\d+)?$|^([^:]*):\d+$", r"\1\3", name)  # without port, brackets
        if entry == "*" or (name and (host == name or host.endswith(f".{name}"))):
            return True
        try:
            if ipaddress.ip_address(host) in ipaddress.ip_network(name, strict=False):
                return True
        except ValueError:  # one of the two is a name
            continue
    return False


def _has_socks() -> bool:
    try:
        import socksio  # noqa: F401
    except ImportError:
        return False
    return True
