"""Documents as TF Serving's parser takes them, and values as its errors repeat them."""

import json
import time

import pytest

from serving.server.json_text import parse_object, quote
from serving.server.status import Code, StatusError


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b' {"a": [1]} and more', {"a": [1]}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": 1, "b": 2, "a": 3}', {"a": 1, "b": 2}),
        (b'{"a": [Infinity, -Infinity]}', {"a": [float("inf"), -float("inf")]}),
        (b'{"a": [Inf, -Inf], "Inf": "-NaN"}', {"a": [float("inf"), -float("inf")], "Inf": "-NaN"}),
        (b'{"a": "\xff"}', {"a": "\udcff"}),
    ],
)
def test_what_is_taken(body, document):
    assert parse_object(body) == document


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b" \n", "JSON Parse error: The document is empty. at offset: 2"),
        (b"instances = [1, 2]", "JSON Parse error: Invalid value. at offset: 0"),
        ('{"a": 1}'.encode("utf-16"), "JSON Parse error: Invalid value. at offset: 0"),
        (b'{"a": Information}', "JSON Parse error: Invalid value."),
        (b"[1, 2.0]", "JSON Value: [1, 2.0] Is not object"),
        (b'{"a": ' + b"[" * 5000, "JSON Parse error: Invalid value."),
        (b"[" * 2**21 + b"[", "JSON Parse error: Invalid value."),
    ],
)
def test_what_is_refused(body, text):
    with pytest.raises(StatusError) as caught:
        parse_object(body)
    assert caught.value.code == Code.INVALID_ARGUMENT
    assert caught.value.text.startswith(text)


def test_a_key_that_is_ignored_may_be_nested_as_deep_as_it_likes():
    depth = 500_000
    body = '{"instances": ["[]"], "nested": ' + "[" * depth + "]" * depth + ', "last": {}}'
    document = parse_object(body.encode())
    assert (document["instances"], document["last"]) == (["[]"], {})


@pytest.mark.parametrize("prefix", ['{"inputs": "', '{"inputs": [-NaN, "', "[" * 3000 + '"'])
def test_a_string_that_does_not_end_is_looked_through_once(prefix):
    body = prefix.encode() + b'\\"' * 500_000
    begun = time.process_time()
    with pytest.raises(StatusError, match="JSON Parse error"):
        parse_object(body)
    assert time.process_time() - begun < 20  # a look from each quote on would take hours


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ([1, "ü", None, True, 1e39], '[1, "ü", null, true, 1e39]'),
        ({}, "{}"),
        ({"a": [{"b": {}}]}, '{\n    "a": [{\n            "b": {}\n        }]\n}'),
    ],
)
def test_values_are_repeated_as_they_are_printed(value, printed):
    assert quote(value) == printed


def test_a_long_document_is_not_repeated_in_full():
    with pytest.raises(StatusError) as caught:
        parse_object(json.dumps([["x" * 1000] * 10_000]).encode())
    assert len(caught.value.text) < 600
