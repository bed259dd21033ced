"""What people write to serve a generator: a Flask handler around `model.predict`, or the export.

The handler takes the JSON that TF Serving's REST interface takes and answers in its form, so that
one load can be put on both.
"""

import json
import sys
from collections.abc import Callable

import flask
import numpy as np
from werkzeug.serving import make_server

from benchmarks.bulk_exports import Predicting

Images = Callable[[list[int]], np.ndarray]


def exported(export_dir: str) -> Images:
    """The signature of an export, as TensorFlow loads it."""
    import tensorflow as tf

    loaded = tf.saved_model.load(export_dir)  # its variables live as long as it is held

    def images(seeds: list[int]) -> np.ndarray:
        outputs = loaded.signatures["generate"](seed=tf.constant(seeds, tf.int64))
        made: np.ndarray = outputs["image"].numpy()
        return made

    return images


def application(images: Images) -> flask.Flask:
    """The program that answers POST /v1/models/m:predict with images for seeds."""
    app = flask.Flask(__name__)

    @app.post("/v1/models/m:predict")
    def predict() -> flask.Response:
        seeds = flask.request.get_json()["inputs"]["seed"]
        return flask.jsonify({"outputs": {"image": images(seeds).tolist()}})

    return app


def main(what: str, path: str) -> None:
    """Serves the generator of a run ("run"), or an export ("export"), until it is ended."""
    images = exported(path) if what == "export" else Predicting(path).images
    server = make_server("127.0.0.1", 0, application(images), threaded=True)
    print(json.dumps({"rest_api_port": server.server_port}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
