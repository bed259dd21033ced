"""Proxies and certificates that environment variables name, for both clients and transports."""

import socket

import pytest

from serving import Client, Unavailable, UsageError
from serving.environment import proxy_for

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "grpc_proxy", "no_grpc_proxy")


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in (*PROXIES, *map(str.upper, PROXIES), "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def nobody():
    """A port at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.mark.parametrize("value", ["http://127.0.0.1:{}", "socks5://127.0.0.1:{}", "nonsense"])
def test_this_machine_is_reached_without_a_proxy(
    digits_server, target_of, client_class, monkeypatch, nobody, value
):
    for name in PROXIES:
        monkeypatch.setenv(name, value.format(nobody))
    monkeypatch.setenv("no_proxy", "[::1]")
    with client_class(target_of(digits_server), "digits", timeout=10) as client:
        assert client.generate([1])["label"].tolist() == [1]


@pytest.mark.parametrize(
    ("scheme", "variables", "text"),
    [
        ("http", {"HTTP_PROXY": "ftp://p:1"}, "HTTP_PROXY: received 'ftp://p:1'; expected a proxy"),
        ("http", {"http_proxy": "http://"}, "http_proxy: received 'http://'"),
        ("http", {"http_proxy": "http://u:secret@p:x"}, "http_proxy: received 'http://p:x'"),
        ("http", {"ALL_PROXY": "socks5://p:1"}, "ALL_PROXY: 'socks5://p:1' needs the package"),
        ("https", {"HTTPS_PROXY": "://"}, "HTTPS_PROXY: received '://'"),
        ("https", {"SSL_CERT_FILE": "/no/file"}, "SSL_CERT_FILE: '/no/file' does not exist"),
        ("https", {"SSL_CERT_FILE": __file__}, f"SSL_CERT_FILE: '{__file__}' cannot be used"),
        ("https", {"SSL_CERT_DIR": "/no/folder"}, "SSL_CERT_DIR: '/no/folder' does not exist"),
    ],
)
def test_variables_that_cannot_be_are_named(monkeypatch, client_class, scheme, variables, text):
    monkeypatch.setattr("serving.environment._has_socks", lambda: False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as caught:
        client_class(f"{scheme}://gan.example.org:1")
    assert text in str(caught.value) and "secret" not in str(caught.value)


def test_a_plain_address_needs_no_certificates(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/no/file")
    Client("http://gan.example.org:1").close()


@pytest.mark.parametrize("target", ["http://192.0.2.1:8501", "192.0.2.1:8500"])
def test_an_error_says_when_a_proxy_was_asked(client_class, monkeypatch, nobody, target):
    monkeypatch.setenv("http_proxy", f"http://me:secret@127.0.0.1:{nobody}")
    with client_class(target, timeout=5, max_retries=0) as client:
        with pytest.raises(Unavailable) as caught:
            client.describe()
    wanted = f"through the proxy http://127.0.0.1:{nobody} of http_proxy"
    assert wanted in caught.value.text and "secret" not in caught.value.text


@pytest.mark.parametrize(
    ("exceptions", "host"),
    [
        ("*", "gan.example.org"),
        ("a, example.org", "gan.example.org"),
        (".example.org", "gan.example.org"),
        ("*.example.org:443", "gan.example.org"),
        ("10.0.0.0/8", "10.1.2.3"),
        ("[fd00::1]", "fd00::1"),
        ("[fd00::]:80,fd00::/8", "fd00::1"),
        ("", "127.0.0.2"),
        ("", "::1"),
        ("", "localhost"),
        ("", "pets.localhost"),
    ],
)
def test_hosts_that_need_no_proxy(monkeypatch, exceptions, host):
    monkeypatch.setenv("http_proxy", "p:1")
    assert proxy_for("http", "example.com").url == "http://p:1"
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert proxy_for("http", host) is None


@pytest.mark.parametrize("exceptions", ["example.org", "n.example.org", "10.0.0.0/8", "[::1]"])
def test_hosts_that_need_one(monkeypatch, exceptions):
    monkeypatch.setenv("https_proxy", "http://p:1")
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert proxy_for("https", "gan.example.com") is not None
