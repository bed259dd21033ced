"""Calls an endpoint by ovmsclient.

    python ovms_client.py HOST:GRPC HOST:REST MODEL OUT.npz

Runs in an environment of its own, without TensorFlow and without this project.
"""

import sys

import numpy as np
import ovmsclient


def ask(client, model):
    """What a caller does with a model: is it there, what does it take, what does it give."""
    status = client.get_model_status(**model)
    metadata = client.get_model_metadata(**model)
    if "metadata" in metadata:  # over REST ovmsclient hands on what TF Serving says as it is
        metadata = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
    outputs = client.predict(inputs={"seed": np.arange(5, dtype=np.int64)}, **model)
    (version,) = status
    assert status[version]["state"] == "AVAILABLE", status
    assert metadata["inputs"]["seed"]["dtype"] == "DT_INT64", metadata
    assert set(metadata["outputs"]) == set(outputs), (metadata, outputs)
    return outputs


def refusal(client, model):
    """The text of the error for an input that the model does not have."""
    try:
        client.predict(inputs={"sed": np.arange(2)}, **model)
    except Exception as error:
        return str(error)
    return "no error"


def main(grpc_address, rest_address, model, out):
    """Asks over both transports and writes what came back.

    The version is named: where a caller names none, ovmsclient asks for version 0, which OpenVINO's
    server takes for the newest one and TF Serving for one that it has not got.
    """
    found = {}
    clients = {
        "grpc": ovmsclient.make_grpc_client(grpc_address),
        "rest": ovmsclient.make_http_client(rest_address),
    }
    asked = {"model_name": model, "model_version": 1}
    for transport, client in clients.items():
        for name, value in ask(client, asked).items():
            found[f"{transport}_{name}"] = np.asarray(value)
        found[f"{transport}_refusal"] = np.asarray(refusal(client, asked))
    np.savez(out, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
