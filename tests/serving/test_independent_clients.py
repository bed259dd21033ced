"""Programs that know nothing of this project call `gan serve`, or run its export, unchanged.

The slow tests install those programs from PyPI and npm into folders of their own, and skip with the
installer's last words where that fails. A folder that has them already is named by
SADDLEPOINT_OVMSCLIENT_PYTHON, SADDLEPOINT_OPENVINO_PYTHON (interpreters) or
SADDLEPOINT_NODE_MODULES.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import descriptor_pb2

from tests.serving.deploy.files import DEPLOY

CLIENTS = Path(__file__).parent / "clients"
NODE_PACKAGES = ("@grpc/grpc-js@1", "@grpc/proto-loader@0.8")
SEEDS = np.arange(5)
# TF Serving's texts for an input `sed` where `seed` is expected.
WRONG_INPUT = {
    "grpc": "Signature input alias: seed(feed name: ",
    "rest": "Missing named input: seed in 'inputs' object.",
}


def run(*command, **options):
    """Standard output of a program that ends well."""
    text = [str(part) for part in command]
    done = subprocess.run(text, capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def install(*command):
    """Runs an installer; skips the test where it cannot get what it should."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{command[-1]}: {(done.stderr.strip() or 'failed').splitlines()[-1]}")


def interpreter(variable, package, folder):
    """A Python that has `package` and not this project."""
    if os.environ.get(variable):
        return os.environ[variable]
    run(sys.executable, "-m", "venv", folder)
    install(folder / "bin/pip", "install", "--quiet", package)
    return folder / "bin/python"


@pytest.fixture(scope="module")
def endpoint(exported):
    """A `gan serve` process with the deployment's batching and monitoring: two addresses."""
    command = [
        *(sys.executable, "-m", "trainer.cli", "serve", str(exported), "--json"),
        *("--model_name=digits", "--port=0", "--rest_api_port=0", "--enable_batching=true"),
        f"--batching_parameters_file={DEPLOY / 'config/batching_parameters.txt'}",
        f"--monitoring_config_file={DEPLOY / 'config/monitoring.config'}",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            ports = json.loads(process.stdout.readline())
            yield f"127.0.0.1:{ports['port']}", f"127.0.0.1:{ports['rest_api_port']}"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def model(exported):
    """The export in this process, its signatures as functions of arrays."""
    loaded = tf.saved_model.load(str(exported / "1"))

    def call(signature, **inputs):
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        outputs = loaded.signatures[signature](**tensors)
        return {name: value.numpy() for name, value in outputs.items()}

    call.loaded = loaded
    return call


@pytest.fixture(scope="module")
def expected(model):
    """The pictures and labels of the seeds 0 to 4."""
    outputs = model("generate", seed=SEEDS)
    pictures = outputs["image"].astype(int)
    # Pictures that hardly differ would make every comparison below pass.
    assert min(np.abs(pictures[0] - other).max() for other in pictures[1:]) > 4
    return outputs


def require_same(outputs, expected):
    """One grey level is what another batch size or another vector unit may change."""
    image = np.asarray(outputs["image"], np.int64)
    assert image.shape == expected["image"].shape
    assert np.abs(image - expected["image"].astype(np.int64)).max() <= 1
    if "label" in outputs:
        np.testing.assert_array_equal(outputs["label"], expected["label"])


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(endpoint, expected, tmp_path):
    _, rest = endpoint
    address = f"http://{rest}/v1/models/digits"

    def post(body):
        status = ("--write-out", "%{http_code}", "--output", tmp_path / "reply.json")
        code = run("curl", "--silent", *status, "--data", json.dumps(body), f"{address}:predict")
        return int(code), json.loads((tmp_path / "reply.json").read_text())

    status = json.loads(run("curl", "--silent", "--fail", address))
    assert [entry["state"] for entry in status["model_version_status"]] == ["AVAILABLE"]
    code, reply = post({"instances": [{"seed": int(seed)} for seed in SEEDS]})
    rows = reply["predictions"]
    assert code == 200
    require_same({name: [row[name] for row in rows] for name in rows[0]}, expected)
    code, reply = post({"signature_name": "generate_png", "inputs": {"seed": SEEDS.tolist()}})
    pngs = [base64.b64decode(entry["b64"]) for entry in reply["outputs"]["image_bytes"]]
    require_same({"image": [tf.io.decode_png(png).numpy() for png in pngs]}, expected)
    body = {"signature_name": "generate_conditional", "instances": [{"seed": 0, "label": 10}]}
    code, reply = post(body)
    assert code == 400 and "label must lie in" in reply["error"]
    metrics = run("curl", "--silent", "--fail", f"http://{rest}/monitoring/prometheus/metrics")
    assert ':tensorflow:serving:request_count{model_name="digits",status="OK"}' in metrics


@pytest.mark.slow
def test_saved_model_cli(exported, expected, tmp_path):
    program = Path(sys.executable).with_name("saved_model_cli")
    program = program if program.exists() else shutil.which("saved_model_cli")
    if program is None:
        pytest.skip("saved_model_cli is not installed; it comes with TensorFlow")
    shown = run(program, "show", "--dir", exported / "1", "--all")
    assert "signature_def['generate_conditional']" in shown
    tag = ("--tag_set", "serve", "--signature_def", "serving_default")
    inputs = ("--input_exprs", "seed=[0, 1, 2, 3, 4]", "--outdir", tmp_path)
    run(program, "run", "--dir", exported / "1", *tag, *inputs)
    outputs = {name: np.load(tmp_path / f"{name}.npy") for name in ("image", "label")}
    require_same(outputs, expected)


@pytest.mark.slow
def test_ovmsclient(endpoint, expected, tmp_path):
    python = interpreter("SADDLEPOINT_OVMSCLIENT_PYTHON", "ovmsclient", tmp_path / "venv")
    run(python, CLIENTS / "ovms_client.py", *endpoint, "digits", tmp_path / "out.npz")
    found = np.load(tmp_path / "out.npz")
    for transport in ("grpc", "rest"):
        require_same({name: found[f"{transport}_{name}"] for name in ("image", "label")}, expected)
        assert WRONG_INPUT[transport] in str(found[f"{transport}_refusal"])


def descriptors():
    """A FileDescriptorSet of TF Serving's services and all that they import, imports first."""
    from tensorflow_serving.apis import model_service_pb2, prediction_service_pb2

    files = {}

    def add(file):
        for dependency in file.dependencies:
            add(dependency)
        files.setdefault(file.name, file)

    add(prediction_service_pb2.DESCRIPTOR)
    add(model_service_pb2.DESCRIPTOR)
    found = descriptor_pb2.FileDescriptorSet()
    for file in files.values():
        file.CopyToProto(found.file.add())
    return found


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node(endpoint, expected, tmp_path):
    modules = os.environ.get("SADDLEPOINT_NODE_MODULES")
    if not modules:
        if shutil.which("npm") is None:
            pytest.skip("npm is not installed")
        install(
            "npm", "install", "--silent", "--ignore-scripts", "--prefix", tmp_path, *NODE_PACKAGES
        )
        modules = tmp_path / "node_modules"
    (tmp_path / "serving.desc").write_bytes(descriptors().SerializeToString())
    command = ("node", CLIENTS / "node_client.js", tmp_path / "serving.desc", endpoint[0], "digits")
    answer = json.loads(run(*command, env={**os.environ, "NODE_PATH": str(modules)}))
    assert answer["states"] == ["AVAILABLE"] and answer["metadata"] == ["signature_def"]
    assert answer["spec"]["name"] == "digits"
    assert answer["spec"]["signature_name"] == "serving_default"
    image = np.reshape(answer["image"], answer["shape"])
    require_same({"image": image, "label": answer["label"]}, expected)
    errors = answer["errors"]
    assert errors["unknown"]["code"] == "INVALID_ARGUMENT"
    assert errors["unknown"]["text"].startswith(WRONG_INPUT["grpc"])
    assert errors["label"]["code"] == "INVALID_ARGUMENT"
    assert "label must lie in" in errors["label"]["text"]
    assert errors["absent"]["code"] == "NOT_FOUND"
    assert errors["absent"]["text"].startswith("Servable not found for request: Latest(nobody)")


@pytest.mark.slow
def test_openvino(model, expected, tmp_path):
    """OpenVINO reads `serving_default` alone and lacks Bitcast, with which seeds become latents.

    So it gets `decode`, saved under that name, and the latents that TensorFlow makes of the seeds.
    """
    decode = {"serving_default": model.loaded.signatures["decode"]}
    tf.saved_model.save(model.loaded, str(tmp_path / "decode"), signatures=decode)
    latent = model("latents", seed=SEEDS)["latent"]
    np.savez(tmp_path / "inputs.npz", latent=latent, label=expected["label"])
    python = interpreter("SADDLEPOINT_OPENVINO_PYTHON", "openvino", tmp_path / "venv")
    files = (tmp_path / "decode", tmp_path / "inputs.npz", tmp_path / "out.npz")
    run(python, CLIENTS / "openvino_run.py", *files)
    require_same(np.load(tmp_path / "out.npz"), expected)
