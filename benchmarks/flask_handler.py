"""What people write to serve a generator: a Flask handler around `model.predict`.

The handler takes the JSON that TF Serving's REST interface takes and answers in its form, so that
one load can be put on both.
"""

import json
import sys

import flask
from werkzeug.serving import make_server

from benchmarks.bulk_exports import Predicting


def application(generator: Predicting) -> flask.Flask:
    """The program that answers POST /v1/models/m:predict with images for seeds."""
    app = flask.Flask(__name__)

    @app.post("/v1/models/m:predict")
    def predict() -> flask.Response:
        seeds = flask.request.get_json()["inputs"]["seed"]
        return flask.jsonify({"outputs": {"image": generator.images(seeds).tolist()}})

    return app


def main(run_dir: str) -> None:
    """Serves the generator of a run until the process is ended."""
    server = make_server("127.0.0.1", 0, application(Predicting(run_dir)), threaded=True)
    print(json.dumps({"rest_api_port": server.server_port}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
