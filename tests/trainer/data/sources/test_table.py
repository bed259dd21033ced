import gzip

import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.config.recipe import load_experiment
from trainer.data import loading
from trainer.data.columns import columns_of
from trainer.data.survey import lines, survey
from trainer.errors import ConfigError

MIXED = """age, job ,income,member,code
31, nurse,10.5,1,7
 25,driver,?,0,7
47,,12.25,1,7
52,nurse,11,0,7
"""


def data_of(path, **options):
    return Data(source={"name": "table", "path": str(path), **options}, holdout_share=0.0)


def written(tmp_path, content, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_columns_are_inferred_and_rows_are_numbers(tmp_path):
    data = loading.load(data_of(written(tmp_path, MIXED)))
    columns = columns_of(data.spec.sample)
    assert [(c.name, c.kind) for c in columns] == [
        ("age", "integer"),
        ("job", "category"),
        ("income", "real"),
        ("member", "category"),
        ("code", "category"),
    ]
    assert columns[1].categories == ("", "driver", "nurse")
    assert columns[1].shares == (0.25, 0.25, 0.5)
    assert columns[2].range == (10.5, 12.25) and columns[2].missing == 0.25
    np.testing.assert_array_equal(
        data.train["sample"],
        np.array(
            [[31, 2, 10.5, 1, 0], [25, 1, np.nan, 0, 0], [47, 0, 12.25, 1, 0], [52, 2, 11, 0, 0]],
            np.float32,
        ),
    )


def test_a_schema_is_shown_before_training(tmp_path):
    told = dict(lines(survey(data_of(written(tmp_path, MIXED)))))
    assert told["column age"] == "integer, 25 to 52"
    assert told["column job"] == "category, 3: (missing), driver, nurse; 25.0% missing"
    assert told["column income"] == "real, 10.5 to 12.25; 25.0% missing"


def test_a_recipe_may_know_better(tmp_path):
    options = {
        "kinds": {"age": "category", "member": "integer"},
        "leave_out": ["code"],
        "rename": {"job": "work"},
        "missing": ["?", "nurse"],
    }
    columns = columns_of(loading.load(data_of(written(tmp_path, MIXED), **options)).spec.sample)
    assert [(c.name, c.kind) for c in columns] == [
        ("age", "category"),
        ("work", "category"),
        ("income", "real"),
        ("member", "integer"),
    ]
    assert columns[0].categories == ("25", "31", "47", "52") and columns[1].shares[0] == 0.75


def test_a_compressed_file_without_a_header_and_with_other_delimiters(tmp_path):
    content = gzip.compress(b"1.5;a\n2.5;b\n3.5;c\n")
    path = written(tmp_path, content, "a.csv.gz")
    spec = loading.load(data_of(path, columns=["x", "y"], delimiter=";")).spec
    assert spec.count == 3 and spec.sample.names == ("x", "y")


def test_parquet_reads_as_csv_does(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "age": pyarrow.array([31, 25, 47, 52]),
        "job": pyarrow.array(["nurse", "driver", None, "nurse"]),
        "income": pyarrow.array([10.5, None, 12.25, 11.0]),
        "member": pyarrow.array([1, 0, 1, 0]),
        "code": pyarrow.array([7, 7, 7, 7]),
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    one = loading.load(data_of(tmp_path / "a.parquet"))
    other = loading.load(data_of(written(tmp_path, MIXED)))
    assert one.spec == other.spec
    np.testing.assert_array_equal(one.train["sample"], other.train["sample"])


def test_ten_thousand_categories_work_and_are_warned_of(tmp_path, caplog):
    rows = "".join(f"name-{i},{i % 7}\n" for i in range(10_000))
    spec = loading.load(data_of(written(tmp_path, f"name,day\n{rows}"))).spec
    assert len(columns_of(spec.sample)[0].categories) == 10_000
    assert "column 'name' of a.csv has 10000 categories in 10000 rows" in caplog.text


def test_a_constant_column_is_told_of(tmp_path, caplog):
    loading.load(data_of(written(tmp_path, MIXED)))
    assert "column 'code' of a.csv never varies" in caplog.text


def test_a_column_without_a_value_is_left_out_and_told_of(tmp_path, caplog):
    dataset = loading.load(data_of(written(tmp_path, "a,b,c\n1,,x\n2,?,y\n3,NA,x\n")))
    assert dataset.spec.sample.names == ("a", "c")
    assert "column 'b' of a.csv has no value at all and is left out" in caplog.text


def test_whole_numbers_that_are_rounded_are_told_of(tmp_path, caplog):
    loading.load(data_of(written(tmp_path, "a,b\n16777217,1\n5,2\n6,3\n")))
    assert "column 'a' of a.csv has whole numbers of more than seven digits" in caplog.text
    assert "(16777217 to 16777216)" in caplog.text and "column 'b'" not in caplog.text


NUMBERS = "x\n" + "".join(f"{i}\n" for i in range(20))


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        ("", {}, r"a\.csv is empty; give a file with rows"),
        ("a,b\n", {}, r"has 0 rows below its first line, the header.*data\.source\.columns"),
        ("a,b\n1,2\n", {}, r"has 1 rows below"),
        ("a,,c\n1,2,3\n4,5,6\n", {}, r"column 2 of a\.csv has no name; name it"),
        ("a,b,a\n1,2,3\n4,5,6\n", {}, r"has two columns 'a'; rename one of them"),
        ("a,seed\n1,2\n4,5\n", {}, r"has a column 'seed'.*data\.source\.rename=\{seed: NAME\}"),
        ("a,b\n1,2\n4\n", {}, r"row 2 of .* has 1 cells for 2 columns; mend it"),
        (b"a,b\n1,\xff\n2,3\n", {}, r"a\.csv is not UTF-8 text \(byte 6, in line 2\); save it"),
        ("a,b\n,\n,?\n", {}, r"no column of a\.csv has a value"),
        ("a,b\n1,\n2,?\n", {"predicted": "b"}, r"column 'b' of a\.csv has no value at all; take"),
        ("a;b\n1;2\n3;4\n", {}, r"delimiter: received ',', by which .*'a;b'; set it to \";\"\."),
        ("a\tb\n1\t2\n3\t4\n", {}, r"delimiter: .*a.csv has one column, .*; set it to "),
        (NUMBERS + "old\n", {}, r"column 'x' of a\.csv holds numbers, but row 21 holds 'old'"),
        (NUMBERS, {"predicted": "y"}, r"data\.source\.predicted: received 'y', but the columns"),
        (NUMBERS, {"kinds": {"z": "real"}}, r"data\.source\.kinds\.z: received 'z'"),
        (NUMBERS, {"leave_out": ["z"]}, r"data\.source\.leave_out: received 'z'"),
        (NUMBERS, {"leave_out": ["x"]}, r"data\.source\.leave_out: no column is left"),
        (
            "x\na\nb\n",
            {"kinds": {"x": "real"}},
            r"received 'real' for column 'x'.*holds 'a' \(row 1",
        ),
    ],
)
def test_bad_input_gets_a_sentence(tmp_path, content, options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        loading.load(data_of(written(tmp_path, content), **options))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.xlsx", b"PK\x03\x04\xff\xfe\x00", r"a\.xlsx is not UTF-8 text"),
        ("a.csv.gz", b"no gzip", r"cannot be read \(.*\); give the path of a CSV"),
        ("a.parquet", b"no parquet", r"cannot be read as Parquet"),
    ],
)
def test_other_files_get_a_sentence(tmp_path, name, content, sentence):
    with pytest.raises(ConfigError, match=sentence):
        loading.load(data_of(written(tmp_path, content, name)))


def test_a_missing_file_and_a_condition_without_columns_are_refused():
    with pytest.raises(ConfigError, match=r"data\.source\.path: .*none\.csv cannot be read"):
        loading.load(data_of("none.csv"))
    with pytest.raises(ConfigError, match=r"'category' with data\.source=digits.*source=loans"):
        load_experiment("cgan-digits", ["condition=category"])
    with pytest.raises(ConfigError, match=r"'given_category' with condition=none"):
        load_experiment("ctgan-loans", ["condition=none"])


def test_the_loans_are_the_same_for_ever_and_follow_their_rule():
    from trainer.data.sources.loans import GAPS, draw

    columns = draw(4000)
    assert [column[0] for column in columns.values()] == [
        *("32", "nurse", "", "17254", "home", "42400", "no")
    ]
    assert np.mean([not cell for cell in columns["income"]]) == pytest.approx(GAPS, abs=0.01)
    repaid = np.array(columns["repaid"]) == "yes"
    saves = np.array(columns["savings"]) != "0"
    assert repaid[saves].mean() > repaid[~saves].mean() + 0.1
