"""Resolution over several models."""

import numpy as np
import pytest

from serving.server.core import Core, InputSource, ModelQuery
from serving.server.gathering import Gathering
from serving.server.model_config import ModelConfig
from serving.server.models import Model
from serving.server.rows import RowBudget
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


def read(signature):
    return {"x": np.array([2.0], np.float32)}


def predict(core, *query, read=read):
    def work():
        return (yield from core.predict(ModelQuery(*query), "", InputSource(read)))

    steps = work()
    call = next(steps)
    assert call.kind is None  # without batching nothing is shared
    with pytest.raises(StopIteration) as end:
        steps.send(*Gathering(RowBudget(0), 8, 2**20).run([call], None))
    return end.value.value


def test_two_models_side_by_side(core):
    two, five = predict(core, "two"), predict(core, "five", 9)
    assert (two.name, two.version, two.signature) == ("two", 123, "serving_default")
    assert (five.name, five.version) == ("five", 9)
    assert (two.outputs["y"], five.outputs["y"]) == ([3.0], [6.0])


def test_labels_belong_to_a_model(core):
    assert predict(core, "two", None, "stable").version == 123
    with pytest.raises(StatusError, match="Unrecognized servable version label: stable"):
        predict(core, "five", None, "stable")


def test_a_failed_request_gives_the_version_back(core):
    def fail(signature):
        raise StatusError(Code.ABORTED, "unreadable")

    with pytest.raises(StatusError, match="unreadable"):
        predict(core, "two", read=fail)
    with core.lease(ModelQuery("two")) as servable:
        assert servable.users == 1
