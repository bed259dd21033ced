"""BLEU of sentences against many references, and of sentences against one another (self-BLEU).

Sentences are sequences of symbols. References are counted once, so that ten thousand sentences
against ten thousand references take seconds.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

import numpy as np

from trainer.errors import MetricError

# A sequence of symbols, which are told apart by being equal.
Sentence = Sequence[Hashable]

ORDERS = (2, 3, 4, 5)
# What stands for no match at all, so that its logarithm is finite: smoothing method 1 of Chen &
# Cherry 2014, "A systematic comparison of smoothing techniques for sentence-level BLEU".
_EPSILON = 0.1


def bleu(sentences: Sequence[Sentence], references: Sequence[Sentence]) -> dict[int, np.ndarray]:
    """BLEU of each sentence, by the longest n-grams that it looks at.

        BLEU-N = min(1, exp(1 - r / c)) (Π_{n ≤ N} p_n)^(1/N)

    with c the sentence's length, r the nearest length of a reference (the shorter of two), and p_n
    the share of the sentence's n-grams that are matched: each as often as it stands in the one
    reference that has most of it. A p_n of no match is smoothed, 0.1 over the number of n-grams;
    without a matched symbol BLEU is 0.

    Args:
        sentences: n of them, at least one.
        references: at least one; each is a reference of every sentence.

    Returns:
        2, 3, 4 and 5 → float64 [n] on [0, 1].

    Raises:
        MetricError: for no sentence or no reference.

    Reference: Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine
    translation"; the mean over sentences against all test sentences: Zhu et al. 2018, "Texygen: a
    benchmarking platform for text generation models".
    """
    if not sentences or not references:
        raise MetricError("there are no texts of one side; give more.")
    known = _References(references)
    return _by_order([known.scores(sentence) for sentence in sentences])


def self_bleu(sentences: Sequence[Sentence]) -> dict[int, np.ndarray]:
    """BLEU of each sentence with all others as its references; see `bleu`.

    Raises:
        MetricError: for less than two sentences.

    Reference: Zhu et al. 2018, section 3.
    """
    if len(sentences) < 2:
        raise MetricError("there are less than two texts; give more.")
    known = _References(sentences)
    return _by_order([known.scores(sentence, is_own=True) for sentence in sentences])


def _by_order(scores: Sequence[Sequence[float]]) -> dict[int, np.ndarray]:
    return dict(zip(ORDERS, np.array(scores, np.float64).T, strict=True))


def _words(sentence: Sentence, size: int) -> Iterator[tuple[Hashable, ...]]:
    """The runs of so many symbols of a sentence, in order."""
    return zip(*(sentence[start:] for start in range(size)), strict=False)


class _References:
    """What sentences are matched with; one of them may be left out, as a sentence's own."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self._lengths = Counter(map(len, sentences))
        self._limits = [_Limits(sentences, size) for size in range(1, max(ORDERS) + 1)]

    def scores(self, sentence: Sentence, *, is_own: bool = False) -> list[float]:
        """BLEU by `ORDERS`; with `is_own` the sentence is one of the references."""
        matches = [limits.matched(sentence, is_own=is_own) for limits in self._limits]
        if not matches[0]:
            return [0.0] * len(ORDERS)
        totals = [max(1, len(sentence) - size) for size in range(len(matches))]
        logs = np.log([(m or _EPSILON) / t for m, t in zip(matches, totals, strict=True)])
        brevity = min(0.0, 1.0 - self._nearest_length(len(sentence), is_own) / len(sentence))
        return [math.exp(brevity + logs[:order].mean()) for order in ORDERS]

    def _nearest_length(self, length: int, is_own: bool) -> int:
        if self._lengths[length] > int(is_own):
            return length
        others = (other for other in self._lengths if other != length)
        return min(others, key=lambda other: (abs(other - length), other))


class _Limits:
    """How often each n-gram of a size stands in the reference that has most of it."""

    def __init__(self, sentences: Sequence[Sentence], size: int) -> None:
        self._size = size
        # Of each n-gram: the most of one reference, how many have as many, the most of the others.
        self._most: dict[tuple[Hashable, ...], tuple[int, int, int]] = {}
        for sentence in sentences:
            for ngram, count in Counter(_words(sentence, size)).items():
                most, owners, below = self._most.get(ngram, (0, 0, 0))
                if count > most:
                    most, owners, below = count, 1, most
                elif count == most:
                    owners += 1
                else:
                    below = max(below, count)
                self._most[ngram] = most, owners, below

    def matched(self, sentence: Sentence, *, is_own: bool) -> int:
        """How many n-grams of a sentence are matched."""
        counts = Counter(_words(sentence, self._size))
        return sum(min(n, self._limit(ngram, n, is_own)) for ngram, n in counts.items())

    def _limit(self, ngram: tuple[Hashable, ...], count: int, is_own: bool) -> int:
        most, owners, below = self._most.get(ngram, (0, 0, 0))
        return below if is_own and owners == 1 and count == most else most
