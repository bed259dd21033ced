"""Captions of pictures as a field of an example, and those that wrong pairs are made with."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from trainer.data.reading import Part, Row, Table
from trainer.fields import Field

_logger = logging.getLogger("saddlepoint")

# Captions that the specification keeps, for requests that name none.
_KEPT = 512
# Captions that are parted at once.
_BLOCK = 8192
# Of the choice of those and of the rows that they stand for, the same one for ever.
_SEED = 20160605


def field_of(training: Sequence[str], *, words: int, length: int | None) -> Field:
    """The field of captions: its names are the vocabulary, `about["captions"]` some of them.

    Args:
        training: captions of training examples, with a word at least.
        words: of the vocabulary at most, the most frequent ones; all others are unknown.
        length: words of a caption at most; None takes those of the longest.
    """
    from trainer.data.modalities import text

    parted = _parted(training)
    longest = max(1, *map(len, parted))
    names = text.vocabulary(parted, words)
    known = set(names)
    unknown = {word for caption in parted for word in caption} - known
    if unknown:
        _logger.warning(
            "data.source.words: %d rare words of the captions, such as %r, are left out of the "
            "vocabulary of %d.",
            *(len(unknown), min(unknown), words),
        )
    if length is not None and length < longest:
        cut = sum(len(caption) > length for caption in parted)
        _logger.warning(
            "data.source.length: %d of the %d training captions have more than %d words and are "
            "cut.",
            *(cut, len(parted), length),
        )
    shape = (min(length or longest, longest),)
    return Field(shape, "int32", "text", names=names, about={"captions": _some(training)})


def measured(field: Field, training: np.ndarray, labels: np.ndarray | None) -> Field:
    """The field with the classes of examples that have the captions that it keeps.

    `about["labels"]` is a class for each of `about["captions"]`: that of its own example, or of
    another one of the same words where some examples could not be read; captions that no example
    is left of are dropped.

    Args:
        field: of captions, see `field_of`.
        training: those of the training examples as numbers of words, int32 [n, T].
        labels: of the same examples, int64 [n], where they have some.
    """
    kept = field.about.get("captions")
    if not kept or labels is None:
        return field
    by_words = defaultdict(list)
    for row in _chosen(len(training)):
        by_words[training[row].tobytes()].append(row)
    waiting = {words: iter(rows) for words, rows in by_words.items()}
    own = (next(waiting.get(words.tobytes(), iter(())), None) for words in ids_of(kept, field))
    found = [
        (text, int(labels[row])) for text, row in zip(kept, own, strict=True) if row is not None
    ]
    about = {"captions": [text for text, _ in found], "labels": [label for _, label in found]}
    return replace(field, about={**field.about, **about})


def ids_of(captions: Sequence[str], field: Field) -> np.ndarray:
    """Captions as numbers of words, int32 [n, T]."""
    import tensorflow as tf

    from trainer.data.modalities import text

    blocks = [captions[i : i + _BLOCK] for i in range(0, len(captions), _BLOCK)]
    rows = [text.ids(tf.constant(block), field).numpy() for block in blocks]
    return np.concatenate([np.zeros((0, *field.fixed_shape), np.int32), *rows])


def fields_of(field: Field) -> dict[str, Field]:
    """The fields `text`, an example's own caption, and `wrong_text`, that of any other."""
    return {"text": field, "wrong_text": replace(field, about={})}


def wrong(own: Table, train: np.ndarray, held_out: np.ndarray | None = None) -> Table:
    """The table of captions that are drawn apart from the examples, int32 [n, T].

    Drawn in an order of its own, a caption belongs to another example; where it is the same one by
    its words, who uses it has to look (`trainer.game.terms.matching_aware`).
    """
    part = None if held_out is None else _part(held_out)
    return Table(_part(train), part, own.labels)


def _part(ids: np.ndarray) -> Part:
    def rows() -> Iterator[Row]:
        for index, row in enumerate(ids):
            yield Row({"wrong_text": row}, f"caption {index + 1}")

    return Part(rows(), len(ids))


def _some(captions: Sequence[str]) -> list[str]:
    """A fixed choice, every caption as often as it occurs among all."""
    return [captions[i] for i in _chosen(len(captions))[:_KEPT]]


def _chosen(count: int) -> np.ndarray:
    """The order in which some of so many are chosen."""
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    return np.random.RandomState(_SEED).permutation(count)


def _parted(captions: Sequence[str]) -> list[list[str]]:
    """The words of each caption."""
    import tensorflow as tf

    from trainer.data.modalities import text

    blocks = [captions[i : i + _BLOCK] for i in range(0, len(captions), _BLOCK)]
    lists = [caption for block in blocks for caption in text.words(tf.constant(block)).to_list()]
    return [[word.decode("utf-8") for word in caption] for caption in lists]
