import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import store
from trainer.data.reading import Part, Row, Source, Table, as_stored, native, rows_of
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


def test_whatever_else_hangs_on_a_dtype_is_dropped():
    for dtype in (">u2", ">f4", ">i8", np.dtype("f4", metadata={"unit": "m"})):
        array = np.arange(4).astype(dtype)
        plain = native(array)
        np.testing.assert_array_equal(plain, array)
        assert plain.dtype == np.dtype(array.dtype.name)
        assert plain.dtype.metadata is None


def test_the_store_reads_any_byte_order(tmp_path):
    """Sources of the user's own may yield what they like."""
    rows = [Row({"sample": np.full(3, i, ">f4")}, "") for i in range(4)]
    data = Data(cache_gib=0.0, cache_dir=str(tmp_path), holdout_share=0.0)
    stored = store.read(Source((Table(Part(rows, 4)),)), data)
    np.testing.assert_array_equal(stored.train["sample"][:, 0], range(4))
