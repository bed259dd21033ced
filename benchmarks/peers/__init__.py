"""What people would serve an export with instead, each in an environment of its own.

    python -m pip install -e . tensorflow flask      # this package too, to play a run's model
    python -m pip install tensorflow litserve
    python -m pip install tensorflow bentoml
    python -m pip install tensorflow kserve

Every module is a program, `python -m benchmarks.peers.NAME PORT`, which serves the export that the
environment variable PEERS_EXPORT names on that port of this machine until it is ended. Each is
written as its framework's documentation shows, and answers with the images of the seeds that it is
asked for.
"""

import os
from collections.abc import Callable

import numpy as np

Images = Callable[[list[int]], np.ndarray]

EXPORT, RUN = "PEERS_EXPORT", "PEERS_RUN"


def exported() -> Images:
    """The signature of the export, as TensorFlow loads it: seeds to uint8 [n, h, w, c]."""
    import tensorflow as tf

    loaded = tf.saved_model.load(os.environ[EXPORT])  # its variables live as long as it is held

    def images(seeds: list[int]) -> np.ndarray:
        outputs = loaded.signatures["generate"](seed=tf.constant(seeds, tf.int64))
        made: np.ndarray = outputs["image"].numpy()
        return made

    return images
