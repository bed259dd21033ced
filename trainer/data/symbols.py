"""Sequences of symbols as rows of numbers of one length, and back; lines as symbols."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from trainer.errors import ConfigError
from trainer.fields import Field

# Ends a sequence, and fills what is left of its row; the first symbol of vocabularies that need it.
END = "<end>"
# What stands for symbols that a vocabulary lacks.
UNKNOWN = "<unknown>"


def ids_of(sequences: Sequence[Sequence[str]], names: Sequence[str], length: int) -> np.ndarray:
    """Sequences as numbers of symbols, int32 [n, length]; shorter ones are filled with zeros.

    Raises:
        KeyError: for a symbol that is none of the names.
    """
    numbers = {symbol: number for number, symbol in enumerate(names)}
    ids = np.zeros((len(sequences), length), np.int32)
    for row, sequence in zip(ids, sequences, strict=True):
        row[: len(sequence)] = [numbers[symbol] for symbol in sequence]
    return ids


def rows_of(named: Mapping[str, np.ndarray], field: Field) -> np.ndarray:
    """The inverse of `modalities.tokens.text`: answers with a "text" [n] → int32 [n, T].

    Raises:
        ConfigError: for a text that is no sequence of the field's symbols, or of another length.
    """
    texts = _texts(named["text"])
    separator = str(field.about.get("separator", " "))
    sequences = [list(t) if not separator else t.split(separator) if t else [] for t in texts]
    (length,) = field.fixed_shape
    known, ends = set(field.names), END in field.names
    for text, sequence in zip(texts, sequences, strict=True):
        fits = len(sequence) <= length if ends else len(sequence) == length
        if not fits or not known.issuperset(sequence):
            raise ConfigError(
                f"TARGET: {text!r} is no sequence of {length} of the data's symbols "
                f"({', '.join(field.names[:8])}, …); measure it against the data that it was "
                "trained on."
            )
    return ids_of(sequences, field.names, length)


def lengths(ids: np.ndarray, field: Field) -> np.ndarray:
    """Symbols of each row int [n, T] in front of its end, int64 [n]; T where nothing ends."""
    if END not in field.names:
        return np.full(len(ids), ids.shape[1], np.int64)
    ended = ids == field.names.index(END)
    return np.where(ended.any(axis=1), ended.argmax(axis=1), ids.shape[1]).astype(np.int64)


def _texts(values: Iterable[bytes | str]) -> list[str]:
    return [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values]


# ---- Lines of text ------------------------------------------------------------------------------


def reading(level: str) -> dict[str, str]:
    """What stands between symbols where they are read."""
    return {"separator": "" if level == "character" else " "}


def parted(line: str, level: str) -> list[str]:
    """A line's characters, or its words.

    A word is a run of letters, marks and digits, which hyphens may join. An apostrophe begins a
    word ("it's" is "it" and "'s"), and any other mark of punctuation is one. Both files and samples
    from elsewhere are parted so, whether their punctuation stands apart already or not.
    """
    if level == "character":
        return list(line)
    found: list[str] = _words().findall(line)
    return found


@lru_cache(maxsize=1)
def _words() -> re.Pattern[str]:
    """What `parted` calls words; marks, such as vowel signs, are no word characters to `re`."""
    codes = (chr(code) for code in range(0x300, 0x20000))
    marks = "".join(code for code in codes if unicodedata.category(code).startswith("M"))
    letter = rf"[\w{marks}]"
    special = "|".join(map(re.escape, (END, UNKNOWN)))
    return re.compile(rf"{special}|'?{letter}+(?:-{letter}+)*|[^\w\s]")
