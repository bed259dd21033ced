"""Requests that are found waiting together, and how they share a run of the model.

With batching, the requests that one thread finds waiting go to TensorFlow's scheduler as one task:
a thread for each would cost several times what it computes. The scheduler puts such tasks together
further, as it does single requests.
"""

import time
from collections.abc import Generator, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

from serving.server.rows import RowBudget
from serving.server.runtime import RunResult, SavedModelRuntime
from serving.server.status import StatusError

_ENOUGH_ROWS = 64  # with more in a run a row becomes hardly cheaper, and the first waits for them


@dataclass
class ModelCall:
    """What a request wants the model to run.

    Attributes:
        runtime: the model's version.
        signature: the name of one of its signatures.
        inputs: arrays by input name.
        outputs: the names of the outputs wanted.
        rows: as declared; 0 where the signature declares none.
        batched: whether it goes to the batcher.
        timeout: seconds that waiting for room and the run may take.
        seconds: how long the run took, its mates' included; 0 while it has not run.
    """

    runtime: SavedModelRuntime
    signature: str
    inputs: Mapping[str, np.ndarray]
    outputs: Sequence[str]
    rows: int
    batched: bool
    timeout: float | None = None
    seconds: float = 0.0

    @cached_property
    def layout(self) -> Hashable | None:
        """What calls that can share a run have in common; None for one that must run alone."""
        if not self.batched or not self.rows:
            return None
        rows = [(name, array.dtype, array.shape[1:]) for name, array in self.inputs.items()]
        return self.runtime, self.signature, tuple(self.outputs), tuple(rows)


# How a request is answered: it yields its call, at most one, and goes on with what came of it.
_Answer = TypeVar("_Answer")
Steps = Generator[ModelCall, RunResult, _Answer]


class Gathering:
    """Calls that one thread runs together."""

    def __init__(self, budget: RowBudget) -> None:
        """Starts empty.

        Args:
            budget: bounds the rows that run at once, here and in all other threads.
        """
        self._budget = budget
        self._calls: list[ModelCall] = []
        self._rows = 0

    def add(self, call: ModelCall) -> bool:
        """Takes a call; returns whether another one could share its run."""
        self._calls.append(call)
        self._rows += call.rows
        return call.layout is not None and self._rows < _ENOUGH_ROWS

    def run(self) -> list[RunResult | StatusError]:
        """Runs all calls; returns what came of each, in the order in which they were added."""
        results: dict[int, RunResult | StatusError] = {}
        for group in self._groups():
            results |= zip(map(id, group), self._run_group(group), strict=True)
        return [results[id(call)] for call in self._calls]

    def _groups(self) -> Iterator[list[ModelCall]]:
        """Yields calls that share a run: of one layout, and not of too many rows."""
        growing: dict[Hashable, list[ModelCall]] = {}
        for call in self._calls:
            if call.layout is None:
                yield [call]
                continue
            group = growing.get(call.layout, [])
            if group and not self._fits(group, call):
                yield group
                group = []
            growing[call.layout] = [*group, call]
        yield from growing.values()

    def _fits(self, group: list[ModelCall], call: ModelCall) -> bool:
        rows = call.rows + sum(mate.rows for mate in group)
        return rows <= min(call.runtime.max_shared_rows, self._budget.limit or rows)

    def _run_group(self, group: list[ModelCall]) -> Sequence[RunResult | StatusError]:
        timeouts = [call.timeout for call in group if call.timeout is not None]
        # Who has less time than another is answered in time all the same: nobody waits for threads.
        patience = max(timeouts) if len(timeouts) == len(group) else None
        try:
            with self._budget.take(sum(call.rows for call in group), patience) as left:
                started = time.monotonic()
                try:
                    return _run(group, left)
                finally:
                    for call in group:
                        call.seconds = time.monotonic() - started
        except StatusError as error:
            return [error] * len(group)


def _run(group: list[ModelCall], timeout: float | None) -> Sequence[RunResult | StatusError]:
    call, inputs = group[0], [call.inputs for call in group]
    if call.batched:
        return call.runtime.run_together(call.signature, inputs, call.outputs, timeout)
    return [call.runtime.run_alone(call.signature, call.inputs, call.outputs, timeout)]
