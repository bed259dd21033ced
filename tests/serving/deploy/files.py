"""The deployment files as the tests of this folder read them."""

import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from google.protobuf import text_format

from serving.server import textproto
from serving.server.options import TF_SERVING_ONLY, tf_serving_flags

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "serving/deploy"
OVERLAYS = ("cpu", "gpu", "canary", "embedded")
TF_SERVING_FLAGS = {*tf_serving_flags(), *TF_SERVING_ONLY}


def load(path):
    """The only document of a YAML or JSON file in serving/deploy."""
    text = (DEPLOY / path).read_text()
    return json.loads(text) if path.endswith(".json") else yaml.safe_load(text)


def render(folder):
    """The resources that kustomize makes of a folder."""
    if shutil.which("kubectl"):
        command = ["kubectl", "kustomize"]
    elif shutil.which("kustomize"):
        command = ["kustomize", "build"]
    else:
        pytest.skip("neither kubectl nor kustomize is installed")
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True)
    if done.returncode:
        raise ValueError(done.stderr)
    return list(yaml.safe_load_all(done.stdout))


def flags(arguments):
    """What `--name=value` arguments say, by name."""
    return dict(argument.removeprefix("--").split("=", 1) for argument in arguments)


def text_message(name, text):
    """A text protocol buffer of one of TF Serving's messages."""
    from tensorflow_serving.config import model_server_config_pb2

    message = (
        model_server_config_pb2.ModelServerConfig()
        if name == "ModelServerConfig"
        else textproto.new(name)
    )
    return text_format.Parse(text, message)


def metrics_path():
    """The one place that says where Prometheus finds the metrics."""
    text = (DEPLOY / "config/monitoring.config").read_text()
    return text_message("MonitoringConfig", text).prometheus_config.path


def models(path="config/models.config"):
    """The model of a models.config."""
    message = text_message("ModelServerConfig", (DEPLOY / path).read_text())
    (model,) = message.model_config_list.config
    return model


def logical_commands(document):
    """The commands in a document's indented blocks, as words."""
    lines = document.replace("\\\n", " ").splitlines()
    for line in lines:
        words = shlex.split(line, comments=True) if line.startswith("    ") else []
        if words:
            yield words
