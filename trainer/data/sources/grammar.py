"""Sentences of a small English grammar: discrete data on which right and wrong can be told exactly.

Verbs agree with their subject across a clause in between ("the dogs that see a cat sleep"), so a
generator that knows only neighbouring words writes wrong sentences.
"""

from collections.abc import Sequence

import numpy as np

from trainer.catalogue import Grammar
from trainer.config.experiment import Data
from trainer.data.reading import Part, Row, Source, Table
from trainer.data.symbols import END
from trainer.fields import Field

# Symbol → what may stand for it; whatever has no line is a word.
_RULES: dict[str, tuple[str, ...]] = {
    "sentence": ("subject_one verb_one", "subject_many verb_many"),
    "subject_one": ("one", "one that verb_one"),
    "subject_many": ("many", "many that verb_many"),
    "verb_one": ("alone_one", "toward_one one", "toward_one many"),
    "verb_many": ("alone_many", "toward_many one", "toward_many many"),
    "one": ("before_one noun_one", "before_one adjective noun_one"),
    "many": ("before_many noun_many", "before_many adjective noun_many"),
    "before_one": ("a", "the"),
    "before_many": ("some", "the"),
    "adjective": ("small", "big", "loud"),
    "noun_one": ("cat", "dog", "bird"),
    "noun_many": ("cats", "dogs", "birds"),
    "alone_one": ("sleeps", "sings"),
    "alone_many": ("sleep", "sing"),
    "toward_one": ("sees", "likes"),
    "toward_many": ("see", "like"),
}
_WORDS = {word for rule in _RULES.values() for text in rule for word in text.split()}
VOCABULARY: tuple[str, ...] = (END, *sorted(_WORDS - _RULES.keys()))
# Words of the longest sentence: a subject of three, a clause of five, a verb and three more.
LENGTH = 12


def open_source(data: Data) -> Source:
    """Writes the sentences: field `sample` of kind tokens, int32 [12], always the same ones."""
    assert isinstance(data.source, Grammar)
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    random = np.random.RandomState(0)
    numbers = {word: number for number, word in enumerate(VOCABULARY)}
    count = data.source.sentences
    ids = np.zeros((count, LENGTH), np.int32)
    for row in ids:
        words = write(random)
        row[: len(words)] = [numbers[word] for word in words]
    rows = (Row({"sample": row}, f"sentence {index}") for index, row in enumerate(ids))
    return Source(
        tables=(Table(Part(rows, count)),),
        fields={"sample": Field(kind="tokens", names=VOCABULARY, about={"grammar": True})},
        identity={"source": "grammar", "sentences": count},
    )


def write(random: np.random.RandomState, symbol: str = "sentence") -> list[str]:
    """Words that a symbol stands for; each of its alternatives is equally likely."""
    if symbol not in _RULES:
        return [symbol]
    chosen = _RULES[symbol][random.randint(len(_RULES[symbol]))]
    return [word for part in chosen.split() for word in write(random, part)]


def is_grammatical(words: Sequence[str]) -> bool:
    """Whether words are one whole sentence; whatever stands behind its end has to be ends, too."""
    length = words.index(END) if END in words else len(words)
    if any(word != END for word in words[length:]):
        return False
    return length in _ends("sentence", words[:length], 0)


def _ends(symbol: str, words: Sequence[str], start: int) -> set[int]:
    """Where the symbol may end that begins at a position."""
    if symbol not in _RULES:
        return {start + 1} if words[start : start + 1] == [symbol] else set()
    ends: set[int] = set()
    for alternative in _RULES[symbol]:
        reached = {start}
        for part in alternative.split():
            reached = {end for position in reached for end in _ends(part, words, position)}
        ends |= reached
    return ends
