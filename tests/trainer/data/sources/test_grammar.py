import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.data.sources.grammar import END, LENGTH, VOCABULARY, is_grammatical
from trainer.errors import ConfigError


@pytest.fixture(scope="module")
def dataset():
    return loading.load(Data(source="grammar"))


def words(row):
    return [VOCABULARY[number] for number in row]


def test_sentences_are_tokens(dataset):
    assert (len(dataset.train), len(dataset.held_out)) == (9000, 1000)
    field = dataset.spec.sample
    assert (field.kind, field.dtype, field.shape) == ("tokens", "int32", (LENGTH,))
    assert field.names == VOCABULARY and field.names[0] == END
    assert len(set(VOCABULARY)) == len(VOCABULARY) == 22


def test_every_sentence_is_grammatical_and_every_word_is_used(dataset):
    assert all(is_grammatical(words(row)) for row in dataset.train["sample"][:2000])
    assert set(np.unique(dataset.train["sample"])) == set(range(len(VOCABULARY)))
    lengths = (dataset.train["sample"] > 0).sum(axis=1)
    assert (lengths.min(), lengths.max()) == (3, LENGTH)
    assert len(np.unique(dataset.train["sample"], axis=0)) > 5000


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("the dogs that see a cat sleep", True),
        ("a small bird sings <end> <end>", True),
        ("some cats that like the big dogs see a loud bird", True),
        ("the dogs that see a cat sleeps", False),
        ("a dogs sleep", False),
        ("the dog that see a cat sleeps", False),
        ("the cat sleeps the dog", False),
        ("the cat sleeps <end> dog", False),
        ("the cat", False),
        ("the unknown sleeps", False),
        ("<end> <end>", False),
        ("", False),
    ],
)
def test_right_is_told_from_wrong(sentence, expected):
    assert is_grammatical(sentence.split()) is expected


def test_random_words_are_hardly_ever_grammatical():
    random = np.random.RandomState(0).randint(len(VOCABULARY), size=(500, LENGTH))
    assert not any(is_grammatical(words(row)) for row in random)


def test_symbols_have_no_range():
    with pytest.raises(ConfigError, match=r"data\.value_range: received .* no numbers; leave it"):
        loading.load(Data(source="grammar", value_range=(0.0, 1.0)))


def test_sentences_are_the_same_ones_for_ever():
    three = loading.load(Data(source={"name": "grammar", "sentences": 3}, holdout_share=0.0))
    assert [" ".join(words(row)).partition(" <")[0] for row in three.train["sample"]] == GOLDEN


GOLDEN = [
    "a big dog that sees some small cats sleeps",
    "the loud cats like the small dog",
    "the dog that likes some loud cats likes the loud cat",
]
