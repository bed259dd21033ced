"""Inputs as a signature takes them: sent, or by its own defaults."""

import pytest
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from serving.server.signatures import read_inputs
from serving.server.status import Code, StatusError

SIGNATURE = SignatureDef()
SIGNATURE.inputs["a"].name = "a_in:0"
SIGNATURE.inputs["b"].name = "b_in:0"
SIGNATURE.defaults["b"].CopyFrom(tf.make_tensor_proto(7.0))


def sent(**values):
    return {name: tf.make_tensor_proto(value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (sent(a=1.0), {"a": 1.0, "b": 7.0}),
        (sent(a=1.0, b=2.0), {"a": 1.0, "b": 2.0}),
    ],
)
def test_a_default_stands_in(inputs, expected):
    assert read_inputs(SIGNATURE, inputs) == expected


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        (
            sent(b=1.0),
            "Signature input alias: a(feed name: a_in:0) not found in request and no default value "
            "provided. Inputs expected to be in the request {b}, or default input alias set: b",
        ),
        (
            sent(a=1.0, c=1.0),
            "Inputs contains invalid name. Used request inputs: a, request input: a,c",
        ),
        (
            sent(a=1.0, b=1.0, c=1.0),
            "input size does not match signature: 3!=2 len({a,b,c}) != len({a,b}). "
            "Sent extra: {c}. Missing but required: {}.",
        ),
    ],
)
def test_what_does_not_fit_is_named(inputs, text):
    with pytest.raises(StatusError) as caught:
        read_inputs(SIGNATURE, inputs)
    assert (caught.value.code, caught.value.text) == (Code.INVALID_ARGUMENT, text)
