"""The session below the endpoint, and the one private call that it makes."""

import time

import numpy as np
import tensorflow as tf
from tensorflow.python.client import pywrap_tf_session

from serving.server.runtime import SavedModelRuntime


def test_the_private_call_is_still_there():
    with tf.Graph().as_default():
        tensor = tf.constant(1)
    for owner, name in (
        (tf.compat.v1.Session, "_call_tf_sessionrun"),
        (tensor, "_as_tf_output"),
        (pywrap_tf_session, "TF_NewBufferFromString"),
    ):
        assert hasattr(owner, name), (
            f"TensorFlow {tf.__version__} has no {name} any more: find the step "
            "below Session.run that does not convert what it is fed, and change "
            "serving/server/runtime.py, the only file that uses it."
        )


def test_closing_ends_the_sessions_threads(half_plus_two):
    def load_and_close():
        runtime = SavedModelRuntime(str(half_plus_two / "123"))
        runtime.run("serving_default", {"x": np.array([1.0], np.float32)}, ["y"])
        runtime.close()

    def native_threads():
        with open("/proc/self/status") as file:
            return int(next(line for line in file if line.startswith("Threads:")).split()[1])

    load_and_close()
    before = native_threads()
    for _ in range(3):
        load_and_close()
    deadline = time.monotonic() + 5  # TensorFlow's own, for optimising a graph, end a moment later
    while native_threads() > before + 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert native_threads() <= before + 2
