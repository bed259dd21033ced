"""TF Serving's parameters for batches, and what a request must be like to join one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from serving.errors import UsageError
from serving.server import textproto
from serving.server.status import invalid_argument

_FLAG = "batching_parameters_file"


@dataclass(frozen=True)
class BatchingParameters:
    """How requests share batches; the defaults are TF Serving's but for the threads.

    Attributes:
        max_batch_size: rows of the largest request that is taken.
        batch_timeout_micros: how long the first request of a batch waits for company.
        max_enqueued_batches: batches' worth of rows that may wait, per batch key.
        num_batch_threads: batches in progress at once, per batch key. One by default, where TF
            Serving has one a core: a batch's operations use all cores, and what comes meanwhile
            makes the next batch larger.
        allowed_batch_sizes: a batch is padded to one of these; empty pads nothing.
        enable_large_batch_splitting: whether a request beyond the execution size is cut.
        max_execution_batch_size: rows that run at once where requests are cut; 0 for
            max_batch_size.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = 1
    allowed_batch_sizes: tuple[int, ...] = ()
    enable_large_batch_splitting: bool = False
    max_execution_batch_size: int = 0

    def __post_init__(self) -> None:
        """Refuses what no batcher can do.

        Raises:
            UsageError: naming the field, its value and what would be accepted.
        """
        for name in ("max_batch_size", "max_enqueued_batches", "num_batch_threads"):
            if getattr(self, name) < 1:
                raise _refusal(f"{name} is {getattr(self, name)}; expected 1 or more.")
        if self.batch_timeout_micros < 0:
            raise _refusal(f"batch_timeout_micros is {self.batch_timeout_micros}; expected >= 0.")
        if not 0 <= self.max_execution_batch_size <= self.max_batch_size:
            raise _refusal(
                f"max_execution_batch_size is {self.max_execution_batch_size}; "
                f"expected 1 to max_batch_size, which is {self.max_batch_size}."
            )
        self._check_allowed_sizes()

    @property
    def execution_limit(self) -> int:
        """How many rows run at once."""
        if self.enable_large_batch_splitting and self.max_execution_batch_size:
            return self.max_execution_batch_size
        return self.max_batch_size

    def padded(self, size: int) -> int:
        """Returns with how many rows a batch of `size` rows runs, or each of its parts at most."""
        limit = self.execution_limit
        if not self.allowed_batch_sizes:
            return min(size, limit)
        fitting = (allowed for allowed in self.allowed_batch_sizes if size <= allowed <= limit)
        return min(fitting, default=limit)

    def _check_allowed_sizes(self) -> None:
        sizes = self.allowed_batch_sizes
        if any(right <= left for left, right in zip((0, *sizes), sizes, strict=False)):
            raise _refusal(f"allowed_batch_sizes is {list(sizes)}; expected increasing sizes.")
        if sizes and sizes[-1] != self.max_batch_size:
            raise _refusal(
                "Last entry in allowed_batch_sizes must match max_batch_size; "
                f"last entry was {sizes[-1]}, expected {self.max_batch_size}"
            )


def read_parameters(path: str) -> BatchingParameters:
    """Returns TF Serving's text protocol buffer BatchingParameters at `path`.

    Raises:
        UsageError: it cannot be read, has an unknown field, or asks for the impossible.
    """
    message = textproto.read(textproto.new("BatchingParameters"), path, _FLAG)
    given = {}
    for field, value in message.ListFields():
        given[field.name] = getattr(value, "value", value)
    if given.pop("pad_variable_length_inputs", False):
        raise _refusal("pad_variable_length_inputs is not supported here; leave it out.")
    given.pop("thread_pool_name", None)  # it only names threads
    if "allowed_batch_sizes" in given:
        given["allowed_batch_sizes"] = tuple(given["allowed_batch_sizes"])
    return BatchingParameters(**given)


def batch_size(inputs: Mapping[str, np.ndarray], parameters: BatchingParameters | None) -> int:
    """Returns how many rows a request brings to a batch; 0 where it must run alone.

    Args:
        inputs: the request's arrays.
        parameters: None where every request runs alone.

    Raises:
        StatusError: INVALID_ARGUMENT, in TF Serving's words, for what no batch can take.
    """
    if parameters is None or not inputs:
        return 0
    if any(array.ndim == 0 for array in inputs.values()):
        raise invalid_argument("Batching Run() input tensors must have at least one dimension")
    size, *others = {len(array) for array in inputs.values()}
    if others:
        raise invalid_argument("Batching Run() input tensors must have equal 0th-dimension size")
    if size > parameters.max_batch_size:
        raise invalid_argument(
            f"Task size {size} is larger than maximum input batch size {parameters.max_batch_size}"
        )
    return size


def _refusal(text: str) -> UsageError:
    return UsageError(f"{_FLAG}: {text}")
