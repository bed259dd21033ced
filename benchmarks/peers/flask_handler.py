"""Flask's own server around the signature of an export, or around `model.predict` of a run."""

import logging
import os
import sys

import flask
from werkzeug.serving import make_server

from benchmarks.peers import RUN, Images, exported


def application(images: Images) -> flask.Flask:
    """The program that answers POST /v1/models/m:predict with images for seeds."""
    app = flask.Flask(__name__)

    @app.post("/v1/models/m:predict")
    def predict() -> flask.Response:
        seeds = flask.request.get_json()["inputs"]["seed"]
        return flask.jsonify({"outputs": {"image": images(seeds).tolist()}})

    return app


def main(port: int) -> None:
    """Serves the generator of a run where one is named, else the export."""
    if RUN in os.environ:
        from benchmarks.bulk_exports import Predicting

        images: Images = Predicting(os.environ[RUN]).images
    else:
        images = exported()
    logging.disable(logging.WARNING)  # else a line per request
    make_server("127.0.0.1", port, application(images), threaded=True).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
