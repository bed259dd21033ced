import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.errors import ConfigError


def load(path, **options):
    source = {"name": "lines", "path": str(path), **options}
    return loading.load(Data(source=source, holdout_share=0.0))


def test_characters_are_symbols(tmp_path):
    (tmp_path / "names.txt").write_text("ab\n\n  b\u00e4a \r\nb\n", "utf-8")
    dataset = loading.load(Data(source=f"lines:{tmp_path / 'names.txt'}", holdout_share=0.0))
    assert dataset.spec.sample.names == ("<end>", "a", "b", "\u00e4")
    np.testing.assert_array_equal(dataset.train["sample"], [[1, 2, 0], [2, 3, 1], [2, 0, 0]])
    assert dataset.train["sample"].dtype == np.int32
    assert dataset.spec.sample.kind == "tokens"


def test_words_are_symbols(tmp_path):
    (tmp_path / "text.txt").write_text("the cat  sleeps\na cat\n", "utf-8-sig")
    dataset = load(tmp_path / "text.txt", level="word", length=4)
    assert dataset.spec.sample.names == ("<end>", "a", "cat", "sleeps", "the")
    np.testing.assert_array_equal(dataset.train["sample"], [[4, 2, 3, 0], [1, 2, 0, 0]])


def test_longer_lines_are_left_out_and_counted(tmp_path, caplog):
    (tmp_path / "names.txt").write_text("ab\nabcd\nba\n", "utf-8")
    dataset = load(tmp_path / "names.txt", length=3)
    np.testing.assert_array_equal(dataset.train["sample"], [[1, 2, 0], [2, 1, 0]])
    assert "1 of the 3 lines have more than 3 symbols and are left out" in caplog.text
    # The next run may have another idea of length.
    assert len(load(tmp_path / "names.txt").train) == 3


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        (b"ab\n\xff\n", {}, r"data\.source\.path: .* is not UTF-8 text \(byte 3\); save it"),
        (b"ab\n\n", {}, r"data\.source\.path: .* holds 1 lines with text"),
        (b"", {}, r"data\.source\.path: .* holds 0 lines with text"),
        (b"abc\nabcd\nab\n", {"length": 2}, r"data\.source\.length: received 2, and 2 of 3 lines"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(tmp_path, content, options, sentence):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        load(tmp_path / "a.txt", **options)


def test_a_missing_file_gets_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match=r"data\.source\.path: .*none\.txt cannot be read \(No"):
        load(tmp_path / "none.txt")


def test_pictures_options_are_refused(tmp_path):
    (tmp_path / "a.txt").write_text("ab\nba\n")
    with pytest.raises(ConfigError, match=r"data\.flip: received True .*no pictures; leave"):
        loading.load(Data(source=f"lines:{tmp_path / 'a.txt'}", flip=True, holdout_share=0.0))
