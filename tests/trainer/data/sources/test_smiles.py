import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.errors import ConfigError


def load(path, *, share=0.01, **options):
    source = {"name": "smiles", "path": str(path), **options}
    return loading.load(Data(source=source, holdout_share=0.0, max_corrupt_share=share))


def test_each_line_is_a_molecule_with_types_on_the_diagonal(tmp_path):
    (tmp_path / "a.smi").write_text("CO ethanol's little brother\n\n[NH4+]\nC=O\n", "utf-8")
    dataset = loading.load(Data(source=f"smiles:{tmp_path / 'a.smi'}", holdout_share=0.0))
    field = dataset.spec.sample
    assert (field.kind, field.shape, field.dtype) == ("graph", (2, 2), "uint8")
    assert field.names == ("none", "C", "N+", "O")
    np.testing.assert_array_equal(
        dataset.train["sample"], [[[1, 1], [1, 3]], [[2, 0], [0, 0]], [[1, 2], [2, 3]]]
    )


def test_a_column_of_a_csv_file(tmp_path):
    (tmp_path / "a.csv").write_text('name,smiles,text\nx,"CO",N\ny,CC,O\n', "utf-8")
    assert load(tmp_path / "a.csv").spec.sample.names == ("none", "C", "O")
    assert load(tmp_path / "a.csv", column="text").spec.sample.names == ("none", "N", "O")


def test_what_is_too_large_or_in_parts_is_left_out_and_counted(tmp_path, caplog):
    (tmp_path / "a.smi").write_text("CCCC\nC.C\nCC\nCO\nCCCO\n", "utf-8")
    assert len(load(tmp_path / "a.smi", atoms=3).train) == 2
    assert "Left out: 1 molecules in several parts (line 2)." in caplog.text
    assert "Left out: 2 molecules of more than 3 atoms (lines 1, 5)." in caplog.text


def test_a_share_of_lines_may_be_unreadable(tmp_path, caplog):
    (tmp_path / "a.smi").write_text("CC\nCX\nCO\n[CH3]\n", "utf-8")
    assert len(load(tmp_path / "a.smi", share=0.5).train) == 2
    assert "Line 2 (CX) is left out: 'X' at position 2" in caplog.text
    assert "Left out: 2 of 4 lines cannot be read." in caplog.text
    with pytest.raises(
        ConfigError,
        match=r"data\.max_corrupt_share: received 0\.3, but already 2 of the 4 lines cannot be "
        r"read \(the last one, line 4, is '\[CH3\]'",
    ):
        load(tmp_path / "a.smi", share=0.3)


@pytest.mark.parametrize(
    ("name", "content", "options", "sentence"),
    [
        ("a.smi", b"CC\n\xff\n", {}, r"source\.path: .* is not UTF-8 text \(byte 3, in line 2\)"),
        ("a.smi", b"", {}, r"data\.source: .* holds 0 molecules to train on and .*; give more\."),
        ("a.smi", b"CC\n", {}, r"data\.source: .* holds 1 molecules"),
        ("a.smi", b"CCC\nCCCC\n", {"atoms": 2}, r"beside 2 of more than 2 atoms, .* more, or a"),
        ("a.csv", b"a,b\nC,N\n", {}, r"data\.source\.column: .* has no column 'smiles'; its col"),
        ("a.csv", b"", {}, r"its columns are none"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(tmp_path, name, content, options, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        load(tmp_path / name, **options)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"data\.source\.path: .* cannot be read"):
        load(tmp_path / "a.smi")
