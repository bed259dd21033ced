"""TF Serving's text files, parsed as its messages and read by the embedded endpoint."""

import pytest
from google.protobuf import text_format

from serving.server import model_config
from serving.server.batching import read_parameters
from tests.serving.deploy.files import DEPLOY, models, text_message

MODEL_FILES = ["config/models.config", "kubernetes/overlays/canary/models.config"]
MESSAGES = {
    "config/batching_parameters.txt": "BatchingParameters",
    "config/monitoring.config": "MonitoringConfig",
    **dict.fromkeys(MODEL_FILES, "ModelServerConfig"),
}


@pytest.mark.parametrize("path", MESSAGES)
def test_the_file_is_its_message(path):
    assert text_message(MESSAGES[path], (DEPLOY / path).read_text()).ByteSize()


@pytest.mark.parametrize("path", MESSAGES)
def test_a_misspelt_field_is_refused(path):
    text = (DEPLOY / path).read_text() + "\nmodell: 1\n"
    with pytest.raises(text_format.ParseError, match="modell"):
        text_message(MESSAGES[path], text)


@pytest.mark.parametrize("path", MODEL_FILES)
def test_labels_name_versions_that_are_served(path):
    model = models(path)
    assert model.version_labels["stable"] == 1
    assert set(model.version_labels.values()) == set(model.model_version_policy.specific.versions)


def test_the_canary_differs_in_its_version_alone():
    stable, canary = (models(path) for path in MODEL_FILES)
    canary.model_version_policy.specific.versions.remove(2)
    assert canary.version_labels.pop("canary") == 2
    assert stable == canary


@pytest.mark.parametrize("path", MODEL_FILES)
def test_the_embedded_endpoint_reads_the_models(path):
    (config,) = model_config.read_file(str(DEPLOY / path))
    assert config.name == "digits" and config.labels == dict(models(path).version_labels)


def test_the_embedded_endpoint_reads_the_batching_parameters():
    assert read_parameters(str(DEPLOY / "config/batching_parameters.txt"))
