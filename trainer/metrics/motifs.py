"""What sequences of one alphabet have at which place: motifs, position matrices, coupled places."""

from typing import NamedTuple

import numpy as np

from trainer.errors import MetricError


def occurrences(ids: np.ndarray, motif: np.ndarray) -> np.ndarray:
    """How often each sequence int [n, T] has a word int [m]; overlapping ones count, int64 [n]."""
    return starts(ids, motif).sum(axis=1)


def starts(ids: np.ndarray, motif: np.ndarray) -> np.ndarray:
    """Where a word int [m] begins in sequences int [n, T], bool [n, T - m + 1]."""
    if len(motif) > ids.shape[1]:
        return np.zeros((len(ids), 0), bool)
    windows = np.lib.stride_tricks.sliding_window_view(ids, len(motif), axis=1)
    return (windows == motif).all(axis=2)


def evenness(begins: np.ndarray) -> float:
    """Entropy of where something begins, over that of places that are all alike.

    Args:
        begins: bool [n, places], a single one in every row.

    Returns:
        1 where all places are as frequent, 0 where it is always the same one.

    Raises:
        MetricError: without rows, or with one place only.
    """
    if not len(begins) or begins.shape[1] < 2:
        raise MetricError("no sequence has it exactly once, so there is no place to tell.")
    return _entropy(begins.sum(axis=0)) / float(np.log2(begins.shape[1]))


def position_matrix(ids: np.ndarray, symbols: int) -> np.ndarray:
    """How frequent each symbol is at each place: int [n, T] → float64 [T, symbols]."""
    places = np.arange(ids.shape[1])
    counts = np.bincount((ids + symbols * places).ravel(), minlength=symbols * len(places))
    return counts.reshape(len(places), symbols) / max(1, len(ids))


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's correlation of two position matrices, over places and symbols together.

    Raises:
        MetricError: when a matrix is the same everywhere.
    """
    a, b = (matrix.ravel() - matrix.mean() for matrix in (one, other))
    norm = float(np.sqrt(a @ a) * np.sqrt(b @ b))
    if not norm:
        raise MetricError("a position matrix is the same at all places for all symbols.")
    return float(a @ b) / norm


class Coupling(NamedTuple):
    """Two places and their mutual information in bits."""

    first: int
    second: int
    bits: float


def strongest(ids: np.ndarray, symbols: int) -> Coupling:
    """The two places of sequences int [n, T] that tell most of each other.

    Raises:
        MetricError: for sequences of one symbol.
    """
    length = ids.shape[1]
    if length < 2:
        raise MetricError("sequences of one symbol have no two places.")
    pairs = [(i, j) for i in range(length) for j in range(i + 1, length)]
    found = (Coupling(i, j, mutual_information(ids[:, i], ids[:, j], symbols)) for i, j in pairs)
    return max(found, key=lambda coupling: coupling.bits)


def mutual_information(one: np.ndarray, other: np.ndarray, symbols: int) -> float:
    """I(x; y) = H(x) + H(y) - H(x, y) in bits, of symbols int [n] each.

    Each entropy is corrected for the number n of samples by (its values that occur - 1) / 2n nats.

    Reference: Miller 1955, "Note on the bias of information estimates".
    """
    joint = np.bincount(one * symbols + other, minlength=symbols**2).reshape(symbols, symbols)
    sides = joint.sum(axis=1), joint.sum(axis=0)
    first, second = (_entropy(counts, corrected=True) for counts in sides)
    return float(first + second - _entropy(joint.ravel(), corrected=True))


def _entropy(counts: np.ndarray, *, corrected: bool = False) -> float:
    """In bits, of counts [k]."""
    counts = counts[counts > 0]
    share = counts / counts.sum()
    bits = -float(share @ np.log2(share))
    missing = (len(counts) - 1) / (2.0 * float(counts.sum()) * np.log(2.0))
    return bits + missing if corrected else bits
