import numpy as np
import pytest
import tensorflow as tf

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.data.modalities import tokens
from trainer.data.survey import lines, survey
from trainer.data.symbols import parted, rows_of
from trainer.errors import ConfigError


def load(path, **options):
    source = {"name": "text", "path": str(path), **options}
    return loading.load(Data(source=source, holdout_share=0.0))


def test_words_are_symbols(tmp_path):
    (tmp_path / "text.txt").write_text("the cat  sleeps\n\na cat.\n", "utf-8-sig")
    dataset = loading.load(Data(source=f"text:{tmp_path / 'text.txt'}", holdout_share=0.0))
    field = dataset.spec.sample
    assert field.names == ("<end>", ".", "a", "cat", "sleeps", "the") and field.kind == "tokens"
    np.testing.assert_array_equal(dataset.train["sample"], [[5, 3, 4], [2, 3, 1]])
    assert dataset.train["sample"].dtype == np.int32
    texts = tokens.text(tf.constant(dataset.train["sample"]), field).numpy()
    assert texts.tolist() == [b"the cat sleeps", b"a cat ."]
    np.testing.assert_array_equal(rows_of({"text": texts}, field), dataset.train["sample"])


def test_a_look_at_a_file_tells_of_its_symbols(tmp_path):
    (tmp_path / "a.txt").write_text("the cat sleeps\na cat.\n")
    seen = dict(lines(survey(Data(source=f"text:{tmp_path / 'a.txt'}"))))
    assert seen["examples"] == "2, all opened" and seen["symbols"] == "3 a row, of 6"


def test_characters_are_symbols(tmp_path):
    (tmp_path / "names.txt").write_text("ab\n\n  bäa \r\nb\n", "utf-8")
    dataset = load(tmp_path / "names.txt", level="character")
    assert dataset.spec.sample.names == ("<end>", "a", "b", "ä")
    np.testing.assert_array_equal(dataset.train["sample"], [[1, 2, 0], [2, 3, 1], [2, 0, 0]])
    texts = tokens.text(tf.constant(dataset.train["sample"]), dataset.spec.sample).numpy()
    assert [text.decode() for text in texts] == ["ab", "bäa", "b"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("it's a black-and-white photo.", ["it", "'s", "a", "black-and-white", "photo", "."]),
        ("it 's here , too .", ["it", "'s", "here", ",", "too", "."]),
        ("<unknown> - 3.5 «à»", ["<unknown>", "-", "3", ".", "5", "«", "à", "»"]),
        ("क्षि नमस्ते", ["क्षि", "नमस्ते"]),
        ("", []),
    ],
)
def test_words_are_parted_at_punctuation(line, words):
    assert parted(line, "word") == words
    assert parted(" ".join(words), "word") == words


def test_rare_words_are_unknown(tmp_path, caplog):
    (tmp_path / "a.txt").write_text("b a a\nb a d\nc <end> d\n")
    names = load(tmp_path / "a.txt", min_count=2).spec.sample.names
    assert names == ("<end>", "<unknown>", "a", "b", "d")
    assert "1 of 5 symbols, such as 'c', are rare and written as <unknown>" in caplog.text
    # Of equally frequent ones the first in order stays.
    dataset = load(tmp_path / "a.txt", vocabulary=2)
    assert dataset.spec.sample.names == ("<end>", "<unknown>", "a", "b")
    np.testing.assert_array_equal(dataset.train["sample"], [[3, 2, 2], [3, 2, 1], [1, 0, 1]])


def test_another_file_is_held_out(tmp_path):
    (tmp_path / "a.txt").write_text("a b\nb\n")
    (tmp_path / "b.txt").write_text("b c\na\nb b b\n")
    dataset = load(tmp_path / "a.txt", held_out=str(tmp_path / "b.txt"))
    assert dataset.spec.sample.names == ("<end>", "<unknown>", "a", "b")
    np.testing.assert_array_equal(dataset.train["sample"], [[2, 3], [3, 0]])
    np.testing.assert_array_equal(dataset.held_out["sample"], [[3, 1], [2, 0]])


def test_longer_lines_are_left_out_counted_and_named(tmp_path, caplog):
    (tmp_path / "names.txt").write_text("ab\n\nabcd\nba\n", "utf-8")
    dataset = load(tmp_path / "names.txt", level="character", length=3)
    np.testing.assert_array_equal(dataset.train["sample"], [[1, 2, 0], [2, 1, 0]])
    assert "1 of the 3 lines have more than 3 symbols and are left out (line 3)" in caplog.text
    # The next run may have another idea of length.
    assert len(load(tmp_path / "names.txt", level="character").train) == 3


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        (b"a b\n\xff\n", {}, r"source\.path: .* is not UTF-8 text \(byte 4, in line 2\); save it"),
        (b"ab\n\n", {}, r"data\.source\.path: .* holds 1 lines with text"),
        (b"", {}, r"data\.source\.path: .* holds 0 lines with text"),
        (b"a b c\na b\na\n", {"length": 1}, r"source\.length: received 1, and 2 of 3 lines of"),
        (b"a b\nc d\n", {"min_count": 2}, r"source\.min_count: received 2, and no symbol of"),
        (b"a b\nc d\n", {"held_out": "none.txt"}, r"data\.source\.held_out: none\.txt cannot be"),
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
        loading.load(Data(source=f"text:{tmp_path / 'a.txt'}", flip=True, holdout_share=0.0))
