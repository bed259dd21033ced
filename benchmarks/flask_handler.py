"""What people write to serve a generator: a Flask handler around `model.predict`.

The handler takes the JSON that TF Serving's REST interface takes and answers in its form, so that
one load can be put on both.
"""

import json
import sys
from typing import Any

import flask
import numpy as np
from werkzeug.serving import make_server

from trainer.assembly import assemble
from trainer.rundir import RunDirectory


def application(generator: Any, num_classes: int) -> flask.Flask:
    """The program that answers POST /v1/models/m:predict with images for seeds.

    Args:
        generator: a Keras model of "latent" and one-hot "condition", with images in [-1, 1].
        num_classes: the length of a condition.
    """
    size = generator.input["latent"].shape[-1]
    app = flask.Flask(__name__)

    @app.post("/v1/models/m:predict")
    def predict() -> flask.Response:
        seeds = flask.request.get_json()["inputs"]["seed"]
        latents = np.stack([np.random.default_rng(seed).standard_normal(size) for seed in seeds])
        labels = np.eye(num_classes)[np.array(seeds) % num_classes]
        samples = generator.predict({"latent": latents, "condition": labels}, verbose=0)
        images = np.clip(127.5 * samples + 127.5, 0, 255).astype(np.uint8)
        return flask.jsonify({"outputs": {"image": images.tolist()}})

    return app


def main(run_dir: str) -> None:
    """Serves the generator of a run, with the weights it began with, until the process is ended."""
    run = RunDirectory(run_dir)
    spec = run.read_spec()
    generator = assemble(run.read_experiment(), spec).gan.generator
    app = application(generator, spec.num_classes)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(json.dumps({"rest_api_port": server.server_port}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
