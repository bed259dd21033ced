import numpy as np
import pytest

from serving import batch
from serving.exported import ExportedModel
from trainer.config.experiment import Data
from trainer.data import loading
from trainer.errors import ConfigError

# A worker process would spend seconds on its start.
HERE = batch.ExecutionOptions(workers=0, progress=False)


@pytest.fixture(scope="module")
def expected(exported):
    """The first 40 samples of the tiny export, with their labels."""
    return ExportedModel(str(exported)).run("generate", {"seed": np.arange(40)})


def load(path):
    return loading.load(Data(source=f"generated:{path}", holdout_share=0.0))


@pytest.mark.parametrize("format", ["png", "npz", "tfrecord", "webdataset"])
def test_what_was_generated_is_read_back(exported, expected, tmp_path, format):
    batch.generate(str(exported), str(tmp_path / "out"), count=40, format=format, execution=HERE)
    found = load(tmp_path / "out")
    np.testing.assert_array_equal(found.train["sample"], expected["image"])
    np.testing.assert_array_equal(found.train.labels, expected["label"])
    assert found.spec.label_names == tuple("0123456789")


@pytest.mark.parametrize("content", [None, "{}"])
def test_another_folder_is_refused(tmp_path, content):
    (tmp_path / "out").mkdir()
    if content is not None:
        (tmp_path / "out" / "notes.json").write_text(content)
    with pytest.raises(ConfigError, match="holds no finished output of `gan generate`"):
        load(tmp_path / "out")
