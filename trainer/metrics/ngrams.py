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

    Raises:
        MetricError: for more contexts than can be numbered.
    """

    def __init__(self, ids: np.ndarray, order: int) -> None:
        self.order, self.length = order, ids.shape[1]
        self._start = int(ids.max()) + 1
        if (self._start + 1) ** order >= 2**62:
            raise MetricError(
                f"a chain of order {order} over {self._start} symbols has too many contexts; take "
                "a smaller order."
            )
        padded = np.pad(ids, ((0, 0), (order, 0)), constant_values=self._start)
        codes = [self._codes(padded[:, t : t + order]) for t in range(self.length)]
        contexts = np.stack(codes, axis=1).ravel()
        by_context = np.argsort(contexts, kind="stable")
        self._next = ids.ravel()[by_context]
        self._keys, self._firsts, self._counts = np.unique(
            contexts[by_context], return_index=True, return_counts=True
        )

    def sample(self, count: int, seed: int) -> np.ndarray:
        """So many sequences, int64 [count, T]."""
        random = np.random.RandomState(seed)
        made = np.full((count, self.order + self.length), self._start, np.int64)
        for place in range(self.order, made.shape[1]):
            codes = self._codes(made[:, place - self.order : place])
            made[:, place] = self._following(codes, random.uniform(size=count))
        return made[:, self.order :]

    def _codes(self, contexts: np.ndarray) -> np.ndarray:
        """A number for each context int [n, order], int64 [n]."""
        codes: np.ndarray = contexts @ (self._start + 1) ** np.arange(self.order, dtype=np.int64)
        return codes

    def _following(self, codes: np.ndarray, dice: np.ndarray) -> np.ndarray:
        places = np.minimum(np.searchsorted(self._keys, codes), len(self._keys) - 1)
        is_known = self._keys[places] == codes
        firsts = np.where(is_known, self._firsts[places], 0)
        counts = np.where(is_known, self._counts[places], len(self._next))
        chosen: np.ndarray = self._next[firsts + (dice * counts).astype(np.int64)]
        return chosen
