"""Addresses: what `gan serve` prints is what clients take, whatever the model is called."""

import re
import socket

import numpy as np
import pytest
from click.testing import CliRunner

from serving import Client, NotFound, UsageError
from serving.address import Address, read
from serving.server import Server
from trainer.cli import main


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("h:1", Address("h:1")),
        ("http://h:1/", Address("http://h:1/")),
        ("http://h:1/gan/", Address("http://h:1/gan/")),
        ("http://h:1/v1", Address("http://h:1")),
        ("http://h:1/v1/models", Address("http://h:1")),
        ("https://h:1/gan/v1/models/a%2Fb", Address("https://h:1/gan", "a/b")),
        ("http://h:1/v1/models/a/versions/3:predict", Address("http://h:1", "a", 3)),
        ("http://h:1/v1/models/a/labels/my%20best/", Address("http://h:1", "a", None, "my best")),
        ("http://h:1/v1/models/a/metadata", Address("http://h:1", "a")),
        ("http://v1/models", Address("http://v1/models")),
    ],
)
def test_the_parts_of_an_address(target, expected):
    assert read(target) == expected


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as held:
            held.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.fixture(scope="module", params=["127.0.0.1", "::1"])
def host(request):
    if request.param == "::1" and not has_ipv6():
        pytest.skip("no IPv6 here")
    return request.param


@pytest.fixture(scope="module", params=["digits", "a/b", "my model", "50%", "Ziffern-ü"])
def named_server(digits, host, request):
    with Server(str(digits), request.param, host=host, port=0, rest_api_port=0) as server:
        yield server, request.param


def _printed(server):
    return re.search("gRPC  (.*)\n  REST  (.*)", server.greeting).groups()


def test_printed_addresses_are_taken(named_server, client_class):
    server, name = named_server
    grpc, rest = _printed(server)
    for target, model in ((grpc, name), (rest, name), (rest, "default")):
        with client_class(target, model, timeout=10) as client:
            assert client.describe()["name"] == "tiny"


def test_a_call_asks_the_only_model_there_is(named_server):
    server, _ = named_server
    result = CliRunner().invoke(main, ["call", _printed(server)[0], "--json"])
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"target": "http://::1:8501"}, "write it in brackets, 'http://[::1]:8501'"),
        ({"target": "::1:8500"}, "write it in brackets, '[::1]:8500'"),
        ({"target": "grpc://fd00::1:8500"}, "write it in brackets, 'grpc://[fd00::1]:8500'"),
        ({"target": "http://h:1/v1/models/a", "model": "b"}, "model: received 'b', and the addr"),
        ({"target": "http://h:1/v1/models/a/versions/1", "version": 2}, "version: received 2, and"),
        (
            {"target": "http://h:1/v1/models/a/versions/1", "version_label": "x"},
            "version: received",
        ),
        ({"target": "h:1", "version": "1"}, "version: received '1'; expected a whole number"),
        ({"target": "h:1", "version": -1}, "version: received -1; expected a whole number"),
        ({"target": "http://h:1", "version": True}, "version: received True; expected a whole"),
        ({"target": "http://h:1", "version": 2**63}, "version: received 9223372036854775808"),
        ({"target": "http://h:1", "version_label": ""}, "version_label: received ''; expected"),
        ({"target": "h:1", "model": ""}, "model: received ''; expected a name"),
        ({"target": "h:1", "model": 3}, "model: received 3; expected a name"),
    ],
)
def test_what_is_no_address_of_a_model(client_class, options, text):
    with pytest.raises(UsageError) as caught:
        client_class(**options)
    assert text in str(caught.value)


def test_a_version_may_be_numpys(digits_server, target_of):
    with Client(target_of(digits_server), "digits", version=np.int64(1)) as client:
        assert client.describe()["name"] == "tiny"


@pytest.mark.parametrize(
    ("names", "here"),
    [
        (["digits"], "This server has the model 'digits'."),
        (["a", "b b"], "This server has the models 'a', 'b b'."),
        ([str(n) for n in range(25)], "'3', '4', …."),
    ],
)
def test_not_found_names_the_models_there_are(
    half_plus_two, tmp_path, start_server, target_of, client_class, names, here
):
    config = tmp_path / "models.txt"
    config.write_text(
        "model_config_list {"
        + "".join(f"config {{ name: '{n}' base_path: '{half_plus_two}' }} " for n in names)
        + "}"
    )
    server = start_server("", model_config_file=str(config))
    with client_class(target_of(server), "nobody") as client, pytest.raises(NotFound) as caught:
        client.generate([1])
    assert caught.value.text.startswith("Servable not found for request: Latest(nobody). ")
    assert caught.value.text.endswith(here)


def test_call_without_a_model_where_there_are_two(half_plus_two, tmp_path, start_server, target_of):
    config = tmp_path / "models.txt"
    models = [f"config {{ name: '{name}' base_path: '{half_plus_two}' }}" for name in "ab"]
    config.write_text(f"model_config_list {{ {' '.join(models)} }}")
    server = start_server("", model_config_file=str(config))
    result = CliRunner().invoke(main, ["call", target_of(server)])
    assert result.exit_code == 1
    assert "Latest(default). This server has the models 'a', 'b'." in result.stderr
