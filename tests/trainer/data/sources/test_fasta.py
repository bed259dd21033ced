import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.data.modalities import tokens
from trainer.errors import ConfigError


@pytest.fixture
def load(tmp_path):
    def load(text, share=0.0, **options):
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "a.fasta").write_bytes(content)
        source = {"name": "fasta", "path": str(tmp_path / "a.fasta"), **options}
        return loading.load(Data(source=source, holdout_share=0.0, max_corrupt_share=share))

    return load


def texts(dataset):
    return tokens.text(dataset.train["sample"], dataset.spec.sample).numpy().tolist()


def test_sequences_of_one_length_have_no_end(load):
    dataset = load("; a comment\n>a first\nACG\n TT\n\n>b\nacgta\r\n")
    assert dataset.spec.sample.names == ("A", "C", "G", "T")
    assert dataset.train["sample"].tolist() == [[0, 1, 2, 3, 3], [0, 1, 2, 3, 0]]
    assert dataset.train["sample"].dtype == np.int32
    assert texts(dataset) == [b"ACGTT", b"ACGTA"]


def test_shorter_sequences_end(load):
    dataset = load(">a\nAC\n>b\nACGT\n")
    assert dataset.spec.sample.names == ("<end>", "A", "C", "G", "T")
    assert dataset.train["sample"].tolist() == [[1, 2, 0, 0], [1, 2, 3, 4]]
    assert texts(dataset) == [b"AC", b"ACGT"]


@pytest.mark.parametrize(
    ("one", "other", "alphabet"),
    [
        ("ACGT", "ACGA", "dna"),
        ("ACGU", "ACGA", "rna"),
        ("AAAA", "CCCC", "dna"),
        ("MKVL", "ACDE", "protein"),
        ("MKV*", "ACD*", "protein"),
    ],
)
def test_the_alphabet_is_told_by_the_letters(load, one, other, alphabet):
    dataset = load(f">a\n{one}\n>b\n{other}\n")
    assert dataset.spec.sample.about["alphabet"] == alphabet


def test_headers_hold_classes_and_properties(load):
    text = ">a x=1 EI\nACGT\n>b x=-2.5e1 IE\nTTTT\n>c x=0 EI\nCCCC\n"
    dataset = load(text, label=-1, properties=["x"], sites={"EI": [2, "GT"]}, motif="GT")
    assert dataset.spec.label_names == ("EI", "IE")
    assert dataset.train["label"].tolist() == [0, 1, 0]
    assert dataset.train["attributes"].tolist() == [[1.0], [-25.0], [0.0]]
    about = dataset.spec.sample.about
    assert about["sites"] == {"EI": [2, "GT"]} and about["motif"] == "GT"


def test_classes_have_names_in_headers(load):
    dataset = load(">a class=E%20I x\nACGT\n>b class=IE\nTTTT\n", label="class")
    assert dataset.spec.label_names == ("E I", "IE")


def test_other_letters_are_counted_and_named(load, caplog):
    dataset = load(">a\nACGT\n>b 7\nACNN\n>c\nTTTT\n", share=0.4)
    assert texts(dataset) == [b"ACGT", b"TTTT"]
    assert "1 of the 3 sequences are no dna (line 3, 'b', has 'N' at place 3)" in caplog.text


def test_repeated_and_longer_sequences_are_left_out(load, caplog):
    dataset = load(">a\nAC\n>b\nAC\n>c\nACG\n>d\nGG\n", unique=True, length=2)
    assert texts(dataset) == [b"AC", b"GG"]
    assert "1 of the 4 sequences are there again and are left out (line 3)" in caplog.text
    assert "1 of the 3 sequences have more letters and are left out (line 5)" in caplog.text


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        (b"", {}, r"data\.source\.path: .* holds no sequence"),
        (b"ACGT\n>a\nAC\n", {}, r"data\.source\.path: line 1 of .* in front of the first header"),
        (b">a\n\xff\n", {}, r"source\.path: .* is not UTF-8 text \(byte 3, in line 2\)"),
        (b">a\nAC\n", {}, r"data\.source\.path: .* holds 1 sequences of dna, and .*; give more\."),
        (b">a\nAC\n>b\n", {}, r"max_corrupt_share: .* 1 of the 2 .*line 3, 'b', has no letters"),
        (b">a\nACB\n>b\nACG\n", {"alphabet": "dna"}, r"has 'B' at place 3.*data\.source\.alpha"),
        (b">a\nACC\n>b\nACG\n", {"length": 2}, r"holds 0 seq.* of at most 2 letters, .*\.length"),
        (
            b">a x\nAC\n>b\nCC\n",
            {"label": 1},
            r"data\.source\.label: received 1, .* line 3 has no such",
        ),
        (b">a x=1\nAC\n>b\nCC\n", {"label": "x"}, r"label: received 'x', .* line 3 has no such"),
        (b">a x=1\nAC\n>b\nCC\n", {"properties": ["x"]}, r"properties: received 'x', .* line 3"),
        (b">a x=no\nAC\n>b\nCC\n", {"properties": ["x"]}, r"properties: .* no number behind 'x='"),
        (b">a\nAC\n>b\nCC\n", {"sites": {"q": [0, "A"]}}, r"data\.source\.sites: .* class 'q'"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(load, content, options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        load(content, **options)


def test_a_missing_file_gets_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match=r"data\.source\.path: .*none\.fa cannot be read \(No"):
        loading.load(Data(source=f"fasta:{tmp_path / 'none.fa'}"))
