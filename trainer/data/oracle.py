"""An oracle of sequences: a random LSTM, of which every sequence's probability is known."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

# Numbers of an embedded symbol, and of a state.
_UNITS = 32


class _State(NamedTuple):
    hidden: np.ndarray
    cell: np.ndarray


class Oracle:
    """p(y_1 … y_T) = Π_t softmax(W h_t + b), h the state of an LSTM; all parameters from N(0, 1).

    The first symbol follows a start that is embedded like a symbol. Computed in float64, so the
    same seed is the same oracle everywhere.

    Args:
        symbols: V, how many there are.
        seed: of the parameters.

    Reference: Yu et al. 2017, "SeqGAN: sequence generative adversarial nets with policy gradient",
    section 5.1.
    """

    def __init__(self, symbols: int, seed: int) -> None:
        self.symbols = symbols
        # numpy has frozen the streams of RandomState; those of its newer generators may change.
        random = np.random.RandomState(seed)
        self._embedding = random.standard_normal((symbols + 1, _UNITS))
        self._kernel = random.standard_normal((2 * _UNITS, 4 * _UNITS))
        self._bias = random.standard_normal(4 * _UNITS)
        self._output = random.standard_normal((_UNITS, symbols))
        self._output_bias = random.standard_normal(symbols)

    @classmethod
    def of(cls, about: Mapping[str, Any]) -> "Oracle":
        """The oracle that a field tells of, in its `about["oracle"]`."""
        return cls(about["symbols"], about["seed"])

    def sample(self, count: int, length: int, random: np.random.RandomState) -> np.ndarray:
        """Sequences that it writes, int32 [count, length]."""
        state, symbol = _start(count), np.full(count, self.symbols)
        ids = np.empty((count, length), np.int32)
        for place in range(length):
            log_p, state = self._next(symbol, state)
            reached = np.cumsum(np.exp(log_p), axis=1)
            dice = random.uniform(size=(count, 1)) * reached[:, -1:]
            symbol = np.minimum((reached <= dice).sum(axis=1), self.symbols - 1)
            ids[:, place] = symbol
        return ids

    def log_probabilities(self, ids: np.ndarray) -> np.ndarray:
        """Log p(y_t | y_1 … y_{t-1}) of sequences int [n, T], float64 [n, T], in nats."""
        state, symbol = _start(len(ids)), np.full(len(ids), self.symbols)
        values = np.empty(ids.shape)
        for place in range(ids.shape[1]):
            log_p, state = self._next(symbol, state)
            symbol = ids[:, place]
            values[:, place] = log_p[np.arange(len(ids)), symbol]
        return values

    def _next(self, symbol: np.ndarray, state: _State) -> tuple[np.ndarray, _State]:
        """Of every next symbol the logarithm of its probability [n, V], and the state behind."""
        given = np.concatenate([self._embedding[symbol], state.hidden], axis=1)
        i, f, o, g = np.split(given @ self._kernel + self._bias, 4, axis=1)
        cell = _sigmoid(f) * state.cell + _sigmoid(i) * np.tanh(g)
        hidden = _sigmoid(o) * np.tanh(cell)
        logits = hidden @ self._output + self._output_bias
        logits -= logits.max(axis=1, keepdims=True)
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return log_p, _State(hidden, cell)


def _start(count: int) -> _State:
    return _State(np.zeros((count, _UNITS)), np.zeros((count, _UNITS)))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    half: np.ndarray = 0.5 + 0.5 * np.tanh(0.5 * x)
    return half
