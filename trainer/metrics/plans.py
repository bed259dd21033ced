"""How much of a plan can be walked: steps that exist among those that it takes."""

from typing import NamedTuple

import numpy as np

from trainer.metrics.estimate import Estimate


class Walkable(NamedTuple):
    """What can be walked of plans.

    Attributes:
        moves: share of the transitions that go somewhere which are steps that exist, over all
            plans; 1 where none goes anywhere.
        whole: bool [n], whether all of a plan can be walked.
        rests: share of the transitions that stay where they are.
    """

    moves: float
    whole: np.ndarray
    rests: float


def walkable(cells: np.ndarray, steps: np.ndarray) -> Walkable:
    """Of plans, as cells in their order.

    No step leads to nowhere (-1), or from there; nobody rests there.

    Args:
        cells: int64 [n, t], t at least 2.
        steps: bool [m, m], whether a step leads from one cell to another.
    """
    before, after = cells[:, :-1], cells[:, 1:]
    somewhere = (before >= 0) & (after >= 0)
    rests = somewhere & (before == after)
    exists = somewhere & steps[before, after]
    moves = int((~rests).sum())
    return Walkable(
        float(exists.sum() / moves) if moves else 1.0,
        (exists | rests).all(axis=1),
        float(rests.mean()),
    )


def share(of: np.ndarray) -> Estimate:
    """The share of trials bool [n] that are true, with its standard error; n at least 1."""
    mean = float(of.mean())
    return Estimate(mean, float(np.sqrt(mean * (1.0 - mean) / len(of))))
