"""Runs an export by OpenVINO.

    python openvino_run.py SAVED_MODEL INPUTS.npz OUT.npz

Runs in an environment of its own, without TensorFlow and without this project. The model is what
`serving_default` of the SavedModel computes.
"""

import sys

import numpy as np
import openvino


def main(saved_model, inputs, out):
    """Converts, runs in float32 and writes the outputs by name."""
    core = openvino.Core()
    model = core.compile_model(
        openvino.convert_model(saved_model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    results = model(dict(np.load(inputs)))
    np.savez(out, **{output.get_any_name(): value for output, value in results.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
