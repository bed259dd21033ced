"""Games are traced again and again here, and played for a few steps."""

import pytest
import tensorflow as tf


@pytest.fixture(autouse=True, scope="module")
def graphs_as_traced():
    """TensorFlow leaves graphs as they are: rewriting them takes longer than a few steps."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})
