"""HTTP below the application: what is refused, cut off or passed over before it is a request."""

import json
import socket

import httpx
import pytest

BODY = b'{"instances":[2.0]}'
OFFER = (
    b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n"
)


@pytest.fixture
def connection(half_plus_two_server):
    address = ("127.0.0.1", half_plus_two_server.rest_api_port)
    with socket.create_connection(address, timeout=10) as connection:
        yield connection


def post(fields, body=BODY):
    return b"POST /v1/models/default:predict HTTP/1.1\r\nhost: x\r\n" + fields + b"\r\n" + body


def reply(connection):
    """The status and the body of the next reply."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(1)
    head = received.decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
    body = b""
    while len(body) < length:
        body += connection.recv(length - len(body))
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"CONNECT x:80 HTTP/1.1\r\nhost: x\r\n\r\n",
        post(b"content-length: 5\r\ntransfer-encoding: chunked\r\n"),
        post(b"content-length: 19\r\ncontent-length: 3\r\n"),
    ],
)
def test_what_is_no_http_is_refused_as_every_error_is(connection, sent):
    connection.sendall(sent)
    assert reply(connection) == (400, {"error": "Invalid HTTP request received."})
    assert connection.recv(1) == b""


@pytest.mark.parametrize(
    "sent",
    [
        post(OFFER + b"content-length: 19\r\n"),
        post(OFFER + b"transfer-encoding: chunked\r\n", b"13\r\n" + BODY + b"\r\n0\r\n\r\n"),
    ],
)
def test_an_offer_of_another_protocol_is_passed_over(connection, sent):
    for _ in range(2):
        connection.sendall(sent)
        assert reply(connection) == (200, {"predictions": [3.0]})
    connection.sendall(sent * 20)
    assert [reply(connection) for _ in range(20)] == [(200, {"predictions": [3.0]})] * 20


def test_an_offer_in_an_older_protocol_is_passed_over(connection):
    sent = post(OFFER + b"content-length: 19\r\n").replace(b"HTTP/1.1", b"HTTP/1.0")
    connection.sendall(sent)
    assert reply(connection) == (200, {"predictions": [3.0]})
    assert connection.recv(1) == b""


@pytest.mark.parametrize("fields", [b"x: " + b"y" * 1000 + b"\r\n", b"y" * 1000])
def test_fields_after_the_body_are_bounded(connection, half_plus_two_server, fields):
    connection.sendall(post(b"transfer-encoding: chunked\r\n", b"13\r\n" + BODY + b"\r\n0\r\nx: "))
    with pytest.raises(ConnectionError):
        for _ in range(20_000):
            connection.sendall(fields)
    url = f"http://127.0.0.1:{half_plus_two_server.rest_api_port}/healthz"
    assert httpx.get(url).status_code == 200
