"""Texts: numbers of words, which the players see as they are and networks of their own read.

A word is a run of letters, marks and digits, in lower case. The same TensorFlow operations part
the training captions and what a server is sent, so both are read alike.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import tensorflow as tf

from trainer.data.symbols import END, UNKNOWN
from trainer.fields import Field

# Of hashes by which words are looked up.
_BUCKETS = 2**62


def seen(values: tf.Tensor, field: Field) -> tf.Tensor:
    """The numbers themselves, int32 [..., T]."""
    return values


def stored(values: tf.Tensor, field: Field) -> tf.Tensor:
    """The numbers themselves, int32 [..., T]."""
    return values


def seen_field(field: Field) -> Field:
    """int32 [T], with the vocabulary."""
    return Field(field.shape, field.dtype, field.kind, names=field.names)


def words(texts: tf.Tensor) -> tf.RaggedTensor:
    """Texts string [n] → their words, ragged [n, …]; what is no UTF-8 parts words, too."""
    lower = tf.strings.lower(texts, encoding="utf-8")
    parted = tf.strings.regex_replace(lower, r"[^\pL\pM\pN]+", " ")
    return tf.strings.split(parted)


def ids(texts: tf.Tensor, field: Field) -> tf.Tensor:
    """Texts as numbers of words: the inverse of `tokens.text`, for words that are known.

    Args:
        texts: string [n], anything at all.
        field: of kind "text" and shape (T,); its names are the vocabulary.

    Returns:
        int32 [n, T]: what follows the T-th word is cut, and shorter texts are filled with the end.
    """
    (length,) = field.fixed_shape
    found = words(texts)[:, :length]
    numbers = found.with_values(_numbers(found.values, field.names))
    filled: tf.Tensor = numbers.to_tensor(shape=[None, length])
    return filled


def vocabulary(texts: Sequence[Sequence[str]], most: int) -> tuple[str, ...]:
    """The end, the unknown word, and the `most` most frequent words of texts in lasting order."""
    counts = Counter(word for text in texts for word in text)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return (END, UNKNOWN, *sorted(ranked[:most]))


def _numbers(found: tf.Tensor, names: tuple[str, ...]) -> tf.Tensor:
    """Words string [m] → their places in the vocabulary int32 [m]; of others, that of the unknown.

    A binary search among hashes needs no table, which a SavedModel would have to initialise; the
    words themselves are compared at last, so equal hashes cannot mistake one for another.
    """
    hashes, places = _hashed(names)
    own = tf.strings.to_hash_bucket_fast(found, _BUCKETS)
    nearest = tf.minimum(tf.searchsorted(tf.constant(hashes), own), len(names) - 1)
    place = tf.gather(tf.constant(places), nearest)
    is_known = tf.equal(tf.gather(tf.constant(names), place), found)
    return tf.where(is_known, place, names.index(UNKNOWN))


@lru_cache(maxsize=8)
def _hashed(names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of words, ascending int64 [V], and the place of each in the vocabulary, int32 [V]."""
    with tf.init_scope():
        hashes = tf.strings.to_hash_bucket_fast(tf.constant(names), _BUCKETS).numpy()
    places = np.argsort(hashes, kind="stable")
    return hashes[places], places.astype(np.int32)
