"""Rows of any program beside those of a table."""

import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data.columns import Column, field_of
from trainer.errors import ConfigError
from trainer.evaluation import table_files

JOB = Column("job", "category", ("", "driver", "nurse"))
FIELD = field_of([Column("age", "integer"), JOB, Column("pay", "real", missing=0.5)], None)
REFERENCE = Data(
    source={
        "name": "table",
        "path": "real.csv",
        "rename": {"seed": "age"},
        "missing": ["-"],
        "delimiter": ";",
    }
).source


def read(path):
    return table_files.rows_of(table_files.read(str(path), REFERENCE), FIELD)


def test_rows_are_read_by_the_names_and_the_gaps_of_the_reference(tmp_path):
    (tmp_path / "made.csv").write_text("pay;seed;job;more\n1.5;30;nurse;x\n-;41;-;y\n")
    expected = np.array([[30, 2, 1.5], [41, 0, np.nan]], np.float32)
    np.testing.assert_array_equal(read(tmp_path / "made.csv"), expected)
    # A folder's files come after one another; those of `gan generate` have commas.
    for number in range(2):
        (tmp_path / f"{number}.csv").write_text("age,job,pay\n30,nurse,1.5\n41,,\n")
    (tmp_path / "made.csv").unlink()
    (tmp_path / "manifest.json").write_text("{}")
    np.testing.assert_array_equal(read(tmp_path), np.tile(expected, (2, 1)))


def test_parquet_is_read_too(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    rows = {"age": [30, 41], "job": ["nurse", None], "pay": [1.5, None]}
    pandas.DataFrame(rows).to_parquet(tmp_path / "made.parquet")
    expected = np.array([[30, 2, 1.5], [41, 0, np.nan]], np.float32)
    np.testing.assert_array_equal(read(tmp_path / "made.parquet"), expected)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("age;job\n30;nurse\n41;nurse\n", "TARGET: it has no column 'pay'"),
        ("age;job;pay\n30;pilot;1\n41;nurse;2\n", "TARGET: its column 'job' holds 'pilot'"),
        (
            "age;job;pay\n30;nurse;much\n41;nurse;2\n",
            "TARGET: its column 'pay' should hold numbers",
        ),
        ("age;job;pay\n30;nurse\n", "TARGET: .* has 1 rows"),
        ("", "TARGET: .* is empty"),
    ],
)
def test_rows_that_cannot_be_measured_are_refused(tmp_path, text, words):
    (tmp_path / "made.csv").write_text(text)
    with pytest.raises(ConfigError, match=words):
        read(tmp_path / "made.csv")


def test_other_files_and_other_columns_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="holds no rows of a table"):
        read(tmp_path)
    (tmp_path / "a.csv").write_text("age;job;pay\n30;nurse;1\n41;nurse;2\n")
    (tmp_path / "b.csv").write_text("age;pay\n30;1\n41;2\n")
    with pytest.raises(ConfigError, match=r"the columns of .*b\.csv are not those of .*a\.csv"):
        read(tmp_path)
