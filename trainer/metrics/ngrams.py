"""Words of n neighbouring symbols: how frequent they are, and Markov chains that know them."""

import numpy as np

from trainer.errors import MetricError


def words(ids: np.ndarray, lengths: np.ndarray, n: int) -> np.ndarray:
    """All runs of n neighbouring symbols, int [m, n].

    Args:
        ids: sequences int [k, T].
        lengths: symbols of each, int [k]; what stands behind is no word.
        n: 1 at least.

    Raises:
        MetricError: when no sequence is as long.
    """
    if n <= ids.shape[1]:
        windows = np.lib.stride_tricks.sliding_window_view(ids, n, axis=1)
        inside = np.arange(windows.shape[1]) + n <= lengths[:, np.newaxis]
        found: np.ndarray = windows[inside]
        if len(found):
            return found
    raise MetricError(f"no sequence has {n} symbols; take a smaller n.")


def divergence(one: np.ndarray, other: np.ndarray) -> float:
    """Jensen-Shannon divergence of the frequencies of words int [m, n] and [k, n], in bits.

    0 where all words are as frequent on both sides, 1 where no word is on both.

    Reference: Lin 1991, "Divergence measures based on the Shannon entropy".
    """
    codes = _codes(np.concatenate([one, other]))
    size = int(codes.max()) + 1
    p, q = (np.bincount(part, minlength=size) / len(part) for part in np.split(codes, [len(one)]))
    middle = (p + q) / 2.0
    return (_relative(p, middle) + _relative(q, middle)) / 2.0


def distinct(found: np.ndarray) -> float:
    """How many different words there are among words int [m, n], over m (distinct-n).

    It falls with the number of sequences, for there are only so many words.

    Reference: Li et al. 2016, "A diversity-promoting objective function for neural conversation
    models", section 5.
    """
    return (int(_codes(found).max()) + 1) / len(found)


def _relative(p: np.ndarray, q: np.ndarray) -> float:
    """Σ p log2 (p / q) over what p has."""
    has = p > 0.0
    return float(np.sum(p[has] * np.log2(p[has] / q[has])))


def _codes(found: np.ndarray) -> np.ndarray:
    """Words int [m, n] → a number for each different one, int64 [m]."""
    codes = np.zeros(len(found), np.int64)
    base = int(found.max()) + 1
    for column in found.T:
        codes = np.unique(codes * base + column, return_inverse=True)[1].ravel()
    return codes


class MarkovChain:
    """What follows the last `order` symbols, as frequent as in given sequences.

    The next symbol is that behind a random occurrence of the same context; in front of a sequence
    there is one more symbol. A context behind which nothing ever stood takes any.

    Args:
        ids: sequences int [k, T]; what fills their rows is a symbol like others.
        order: symbols that it looks back, 1 at least.
    """

    def __init__(self, ids: np.ndarray, order: int) -> None:
        self.order, self.length = order, ids.shape[1]
        self.start = int(ids.max()) + 1
        padded = np.pad(ids, ((0, 0), (order, 0)), constant_values=self.start)
        windows = np.lib.stride_tricks.sliding_window_view(padded, order + 1, axis=1)
        rows = windows.reshape(-1, order + 1)
        contexts = np.ascontiguousarray(rows[:, :order])
        self._keys, places = np.unique(contexts, axis=0, return_inverse=True)
        by_context = np.argsort(places.ravel(), kind="stable")
        self._next = rows[by_context, order]
        counts = np.bincount(places.ravel(), minlength=len(self._keys))
        self._ends = np.cumsum(counts)
        self._counts = counts
        self._number = {tuple(key): number for number, key in enumerate(self._keys.tolist())}

    def sample(self, count: int, seed: int) -> np.ndarray:
        """So many sequences, int64 [count, T]."""
        random = np.random.RandomState(seed)
        made = np.full((count, self.order + self.length), self.start, np.int64)
        for place in range(self.order, made.shape[1]):
            contexts = made[:, place - self.order : place]
            dice = random.uniform(size=count)
            made[:, place] = self._following(contexts, dice)
        return made[:, self.order :]

    def _following(self, contexts: np.ndarray, dice: np.ndarray) -> np.ndarray:
        numbers = np.array([self._number.get(tuple(row), -1) for row in contexts.tolist()])
        counts = np.where(numbers < 0, len(self._next), self._counts[numbers])
        firsts = np.where(numbers < 0, 0, self._ends[numbers] - self._counts[numbers])
        chosen: np.ndarray = self._next[firsts + (dice * counts).astype(np.int64)]
        return chosen
