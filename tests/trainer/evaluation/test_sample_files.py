"""Samples of any program: which class a label means."""

import numpy as np
import pytest
from PIL import Image

from tests.specs import spec_of
from trainer.config.experiment import Data
from trainer.evaluation import sample_files

IMAGES = np.zeros((3, 8, 8, 1), np.uint8)


# Real samples whose classes are named by other numbers than theirs.
SPEC = spec_of((8, 8, 1), label_names=("1", "2", "10"), marginal=(0.2, 0.3, 0.5))


def read(path):
    return sample_files.like(sample_files.read(str(path), Data()), SPEC).labels


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        # The type decides: integers are numbers of classes, text is a name.
        ({"labels": np.array([1, 2, 0])}, [1, 2, 0]),
        ({"labels": np.array(["1", "2", "10"])}, [0, 1, 2]),
        ({"labels": np.array(["0", "2", "1"])}, [0, 2, 1]),
        ({"label": np.array([1, 0, 1]), "label_names": np.array(["2", "10"])}, [2, 1, 2]),
        # A number that is none is never taken for a name.
        ({"labels": np.array([1, 2, 10])}, None),
        ({"labels": np.array(["1", "2", "eleven"])}, None),
    ],
)
def test_labels_of_arrays(tmp_path, arrays, expected, caplog):
    np.savez(tmp_path / "samples.npz", images=IMAGES, **arrays)
    found = read(tmp_path / "samples.npz")
    assert (found if found is None else found.tolist()) == expected
    assert ("are not used" in caplog.text) is (expected is None)


def test_folders_are_names_first_and_one_line_says_so(tmp_path, caplog):
    for name in ("1", "2"):
        (tmp_path / "png" / name).mkdir(parents=True)
        Image.fromarray(IMAGES[0, ..., 0]).save(tmp_path / "png" / name / "0.png")
    with caplog.at_level("INFO", "saddlepoint"):
        assert read(tmp_path / "png").tolist() == [0, 1]
    assert "labels (1, …) are read as names of classes." in caplog.text
