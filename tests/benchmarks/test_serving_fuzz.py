"""Hostile requests can be repeated by their number, and are judged by what is declared."""

import random

import grpc
import pytest

from benchmarks import fuzz_grpc, fuzz_http, serving_fuzz
from benchmarks.fuzz_grpc import Answer, Call


def made(seed, number):
    _, make, chance = serving_fuzz.choose(seed, number)
    return make(chance)


def test_a_number_gives_the_same_request_again():
    numbers = range(300)
    first = [made(0, number) for number in numbers]
    assert [made(0, number) for number in numbers] == first
    assert [made(1, number) for number in numbers] != first


def test_every_family_makes_requests():
    families = {serving_fuzz.choose(0, number)[0] for number in range(2000)}
    assert families == set(serving_fuzz._WEIGHTS)
    makers = fuzz_grpc.FAMILIES | fuzz_http.FAMILIES
    for make in makers.values():
        for seed in range(30):
            assert isinstance(make(random.Random(seed)), Call | fuzz_http.Exchange)


def test_no_request_asks_rightly_for_no_model():
    obeyed = Call(fuzz_grpc._RELOAD, bytes.fromhex("0a020a00"))
    assert fuzz_grpc._harmless(random.Random(0), obeyed).data != obeyed.data


@pytest.mark.parametrize(
    ("code", "text", "declared"),
    [
        ("OK", "", True),
        ("INVALID_ARGUMENT", "whatever", True),
        ("INTERNAL", "The 3 bytes received are no tensorflow.serving.PredictRequest.", True),
        ("INTERNAL", "KeyError: 3", False),
        ("UNKNOWN", "Unexpected <class 'KeyError'>", False),
        ("UNAVAILABLE", "The server is overloaded: 256 requests are waiting", True),
        ("UNAVAILABLE", "Socket closed", False),
    ],
)
def test_what_a_call_may_end_with(code, text, declared):
    assert Answer(grpc.StatusCode[code], text).declared is declared


def test_500_is_declared_and_yet_a_finding():
    declared = serving_fuzz.declared_statuses()
    assert {200, 400, 413, 500, 503, 504} <= declared
    assert 502 not in declared
