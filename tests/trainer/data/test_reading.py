import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data.reading import as_stored, rows_of
from trainer.errors import ConfigError


@pytest.mark.parametrize(
    ("dtype", "stored"),
    [
        (np.uint8, "uint8"),
        (np.uint16, "uint16"),
        (np.float32, "float32"),
        (np.float64, "float32"),
        (np.float16, "float32"),
    ],
)
def test_dtypes_that_are_stored(dtype, stored):
    assert as_stored(np.ones((2, 2), dtype), "here").dtype.name == stored


@pytest.mark.parametrize("dtype", [np.int64, np.bool_, np.complex64, "U3"])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(ConfigError, match=r"data\.source: here holds .*convert them to uint8"):
        as_stored(np.ones((2, 2), dtype), "here")


def test_rows_of_arrays():
    part = rows_of(np.arange(4).reshape(2, 2), np.array([1, 0]), "here", Data())
    rows = list(part.rows)
    assert part.count == 2
    assert [int(row.fields["label"]) for row in rows] == [1, 0]
    assert rows[1].origin == "here row 1"
    unlabelled = rows_of(np.zeros((2, 2)), None, "here", Data()).rows
    assert [list(row.fields) for row in unlabelled] == [["sample"], ["sample"]]


def test_rows_of_images_have_the_size_and_channels_asked_for():
    rows = rows_of(np.zeros((2, 8, 6, 1), np.uint8), None, "", Data(size=(4, 3), channels=3)).rows
    assert [row.fields["sample"].shape for row in rows] == [(4, 3, 3)] * 2
