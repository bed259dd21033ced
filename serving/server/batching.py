"""Batching of concurrent requests by TensorFlow's own scheduler.

Every signature gets a twin in the graph: the same computation inside a batch function. Requests
that reach the twin within the timeout are concatenated, run once and split again, all in
TensorFlow's threads. A signature whose rows may differ in shape has none: the batch function would
concatenate what does not fit. Clients know TF Serving's parameters file; the batch function takes
the same parameters under slightly different rules, and this file holds the translation.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from serving.errors import UsageError
from serving.server import textproto
from serving.server.status import invalid_argument

BATCH_ROWS = "batch_rows/of/the/twin"  # no output of a signature has slashes in its name
_FLAG = "batching_parameters_file"


@dataclass(frozen=True)
class BatchingParameters:
    """How requests are gathered; the defaults are TF Serving's but for the threads.

    Attributes:
        max_batch_size: rows of the largest request that is taken.
        batch_timeout_micros: how long the first request of a batch waits for company.
        max_enqueued_batches: batches that may wait, per signature.
        num_batch_threads: batches in progress at once, per signature. One by default, where TF
            Serving has one a core: a batch's operations use all cores, and what comes meanwhile
            makes the next batch larger.
        allowed_batch_sizes: a batch is padded to one of these; empty pads nothing.
        enable_large_batch_splitting: whether a request beyond the execution size is cut.
        max_execution_batch_size: rows that run at once; 0 for max_batch_size.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = 1
    allowed_batch_sizes: tuple[int, ...] = ()
    enable_large_batch_splitting: bool = False
    max_execution_batch_size: int = 0

    def __post_init__(self) -> None:
        """Refuses what the scheduler cannot do.

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
    def execution_sizes(self) -> list[int]:
        """The sizes that the batch function pads to; the last bounds what runs at once."""
        limit = self.max_batch_size
        if self.enable_large_batch_splitting:
            limit = self.max_execution_batch_size or limit
        fitting = [size for size in self.allowed_batch_sizes if size <= limit]
        if not fitting:
            return [limit] if limit < self.max_batch_size else []
        return fitting if fitting[-1] == limit else [*fitting, limit]

    @property
    def tasks_at_once(self) -> int:
        """How many tasks the scheduler is given at a time, of one kind.

        One runs and one is ready for each of its threads. Where the scheduler waits for company,
        there are enough to fill a batch for each thread and one more.
        """
        if self.batch_timeout_micros:
            return self.max_batch_size * (self.num_batch_threads + 1)
        return 2 * self.num_batch_threads

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


def can_batch(signature: SignatureDef) -> bool:
    """Returns whether a signature takes and gives tensors at all; an initialiser does not."""
    infos = (*signature.inputs.values(), *signature.outputs.values())
    return bool(signature.inputs) and all(":" in info.name for info in infos)


def has_open_sizes(signature: SignatureDef) -> bool:
    """Returns whether rows of an input may differ in shape, so that not all rows can be joined."""
    shapes = (info.tensor_shape for info in signature.inputs.values())
    return any(dimension.size < 0 for shape in shapes for dimension in shape.dim[1:])


def add_twin(
    graph: tf.Graph,
    graph_def: tf.compat.v1.GraphDef,
    signature: SignatureDef,
    parameters: BatchingParameters,
) -> dict[str, tf.Tensor]:
    """Adds the batched twin of a signature to `graph`.

    Args:
        graph: the model's graph, not finalised.
        graph_def: its definition, before any twin was added.
        signature: one for which `can_batch` holds.
        parameters: how requests are gathered.

    Returns:
        The twin's outputs by name, and under `BATCH_ROWS` a vector that tells every row how
        many rows ran with it.
    """
    inputs = [info.name for info in signature.inputs.values()]
    names = sorted(signature.outputs)
    wanted = [signature.outputs[name].name for name in names]
    part = _part(graph_def, wanted)
    handles = _resource_handles(graph, part)

    def compute(*columns: tf.Tensor) -> list[tf.Tensor]:
        fed = dict(zip(inputs, columns, strict=True))
        # A handle used inside is captured: the twin shares variables and tables with the model.
        fed |= {name: tf.identity(graph.get_tensor_by_name(name)) for name in handles}
        outputs = tf.import_graph_def(part, fed, wanted, name="")
        num_rows = tf.shape(columns[0])[:1]
        return [*outputs, tf.fill(num_rows, num_rows[0])]

    batched = tf.nondifferentiable_batch_function(
        parameters.num_batch_threads,
        parameters.max_batch_size,
        parameters.batch_timeout_micros,
        parameters.execution_sizes or None,
        parameters.max_enqueued_batches,
        False,  # no autograph: `compute` only rearranges what is in the graph
        parameters.enable_large_batch_splitting,
    )(compute)
    outputs = batched(*[graph.get_tensor_by_name(name) for name in inputs])
    return dict(zip([*names, BATCH_ROWS], outputs, strict=True))


def num_rows(inputs: Mapping[str, np.ndarray]) -> int:
    """Returns the size of dimension 0, which a batch needs to be the same for all inputs.

    Raises:
        StatusError: INVALID_ARGUMENT in TF Serving's words.
    """
    if any(array.ndim == 0 for array in inputs.values()):
        raise invalid_argument("Batching Run() input tensors must have at least one dimension")
    sizes = {len(array) for array in inputs.values()}
    if len(sizes) != 1:
        raise invalid_argument("Batching Run() input tensors must have equal 0th-dimension size")
    return sizes.pop()


def joined(requests: Sequence[Mapping[str, np.ndarray]]) -> Mapping[str, np.ndarray]:
    """Returns the inputs of one request that has the rows of all."""
    if len(requests) == 1:
        return requests[0]
    return {name: np.concatenate([each[name] for each in requests]) for name in requests[0]}


def separated(
    outputs: Sequence[np.ndarray], requests: Sequence[Mapping[str, np.ndarray]]
) -> list[list[np.ndarray]]:
    """Returns for each request what belongs to it of the outputs for `joined(requests)`."""
    ends = itertools.accumulate(map(num_rows, requests))
    bounds = itertools.pairwise((0, *ends))
    return [[output[start:end] for output in outputs] for start, end in bounds]


def _part(graph_def: tf.compat.v1.GraphDef, tensors: Sequence[str]) -> tf.compat.v1.GraphDef:
    """Returns what is needed to compute `tensors`, and no more."""
    nodes = {node.name: node for node in graph_def.node}
    needed: set[str] = set()
    pending = [_node_name(tensor) for tensor in tensors]
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending += map(_node_name, nodes[name].input)
    return tf.compat.v1.GraphDef(
        node=[node for name, node in nodes.items() if name in needed],
        library=graph_def.library,
        versions=graph_def.versions,
    )


def _node_name(tensor: str) -> str:
    """Returns the node of a tensor "node:0" or of a control input "^node"."""
    return tensor.removeprefix("^").split(":")[0]


def _resource_handles(graph: tf.Graph, part: tf.compat.v1.GraphDef) -> list[str]:
    tensors = [f"{node.name}:0" for node in part.node if not node.input]
    return [t for t in tensors if graph.get_tensor_by_name(t).dtype == tf.resource]


def _refusal(text: str) -> UsageError:
    return UsageError(f"{_FLAG}: {text}")
