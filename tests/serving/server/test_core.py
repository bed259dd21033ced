"""Resolution over several models."""

import numpy as np
import pytest

from serving.server.batcher import execute
from serving.server.core import Core, ModelQuery
from serving.server.model_config import ModelConfig
from serving.server.models import Model
from serving.server.status import Code, StatusError


@pytest.fixture(scope="module")
def core(half_plus_two, half_plus_five, tmp_path_factory):
    base = tmp_path_factory.mktemp("base")
    (base / "9").symlink_to(half_plus_five)
    models = {
        "two": Model(ModelConfig("two", str(half_plus_two), labels={"stable": 123})),
        "five": Model(ModelConfig("five", str(base))),
    }
    for model in models.values():
        model.refresh()
    yield Core(models)
    for model in models.values():
        model.close()


class Request:
    signature, output_filter = "", ()

    def decode(self, signature):
        return {"x": np.array([2.0], np.float32)}

    def unknown_signature(self):
        return StatusError(Code.FAILED_PRECONDITION, "no such signature")


def predict(core, *query, request=None):
    """The version that answers, and its answer."""
    with core.lease(ModelQuery(*query)) as servable:
        call = core.prepare(servable, request or Request())
        (execution,) = execute([call], None)
    return servable, execution.outputs


def test_two_models_side_by_side(core):
    (two, of_two), (five, of_five) = predict(core, "two"), predict(core, "five", 9)
    assert (two.name, two.version) == ("two", 123)
    assert (five.name, five.version) == ("five", 9)
    assert (of_two["y"], of_five["y"]) == ([3.0], [6.0])


def test_labels_belong_to_a_model(core):
    assert predict(core, "two", None, "stable")[0].version == 123
    with pytest.raises(StatusError, match="Unrecognized servable version label: stable"):
        predict(core, "five", None, "stable")


def test_a_failed_request_gives_the_version_back(core):
    class Broken(Request):
        def decode(self, signature):
            raise StatusError(Code.ABORTED, "unreadable")

    with pytest.raises(StatusError, match="unreadable"):
        predict(core, "two", request=Broken())
    with core.lease(ModelQuery("two")) as servable:
        assert servable.users == 1
