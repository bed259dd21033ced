"""Runs the signatures of one SavedModel in a TensorFlow session.

A session rather than `tf.saved_model.load(...).signatures`, because clients match on the
runtime's own error texts and the loaded functions word them differently. `Session.run` would
convert the fed values to the placeholder's type first (a bool would pass as a float), so the
step below it is called. This file is the only one that touches TensorFlow's private interface.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef, TensorInfo
from tensorflow.python.client import pywrap_tf_session

from serving.server.batching import (
    BATCH_ROWS,
    BatchingParameters,
    add_twin,
    can_batch,
    has_open_sizes,
    joined,
    num_rows,
    separated,
)
from serving.server.status import Code, StatusError, invalid_argument

# What says nothing of a request's mates. CANCELLED does: a batch is cancelled with its last member.
_FINAL = (Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED)


@dataclass(frozen=True)
class RuntimeOptions:
    """What holds for every model of an endpoint.

    Attributes:
        batching: how requests are gathered; None runs each alone.
        intra_op_threads: threads that share one operation; 0 for as many as there are cores.
        inter_op_threads: operations in progress at once; 0 for as many as there are cores.
    """

    batching: BatchingParameters | None = None
    intra_op_threads: int = 0
    inter_op_threads: int = 0


@dataclass(frozen=True)
class RunResult:
    """The outputs of a run and how many rows ran together, those of other requests included."""

    outputs: dict[str, np.ndarray]
    batch_rows: int | None = None


class SavedModelRuntime:
    """A loaded SavedModel.

    Attributes:
        signatures: the model's SignatureDefs by name.
        batching: how requests are gathered; None when each runs alone.
    """

    def __init__(self, export_dir: str, options: RuntimeOptions | None = None) -> None:
        """Loads `export_dir` and initialises its variables and tables.

        Raises:
            StatusError: the export cannot be read or initialised.
        """
        options = options or RuntimeOptions()
        self.batching = options.batching
        self._handles: dict[str, Any] = {}
        self._twins: dict[str, dict[str, Any]] = {}
        # Signatures of open sizes: what waits together and is of one shape runs together.
        self._open: set[str] = set()
        graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=graph, config=_session_config(options))
        try:
            with graph.as_default(), as_status():
                self.signatures = self._load(graph, export_dir)
        except StatusError:
            self.close()
            raise

    @property
    def max_shared_rows(self) -> int:
        """How many rows a task of the batcher may have; 0 where there is no batcher."""
        return self.batching.max_batch_size if self.batching is not None else 0

    @property
    def tasks_at_once(self) -> int:
        """How many tasks of one kind keep the batcher busy."""
        return self.batching.tasks_at_once if self.batching is not None else 1

    def is_batched(self, name: str, inputs: Mapping[str, np.ndarray]) -> bool:
        """Returns whether a request goes to the batcher.

        Raises:
            StatusError: INVALID_ARGUMENT, in TF Serving's words, where the batcher would refuse it.
        """
        if name not in self._twins and name not in self._open:
            return False
        rows, limit = num_rows(inputs), self.max_shared_rows
        if rows > limit:
            text = f"Task size {rows} is larger than maximum input batch size {limit}"
            raise invalid_argument(text)
        return rows > 0  # of none, the batcher would drop their shape

    def run(
        self,
        name: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        timeout: float | None = None,
    ) -> RunResult:
        """Feeds `inputs` by name to a signature and returns the named `outputs`.

        With batching, the run may share its batch with others. One bad row fails the whole batch;
        therefore the members of a failed batch run again.

        Args:
            name: one of `signatures`; every name in `inputs` and `outputs` is in it.
            inputs: arrays by input name; strings as object arrays of bytes.
            outputs: the names of the outputs to fetch.
            timeout: seconds after which the run is given up; None waits for ever.

        Raises:
            StatusError: with the runtime's own code and text.
        """
        if not self.is_batched(name, inputs):
            return self.run_alone(name, inputs, outputs, timeout)
        [result] = self.run_together(name, [inputs], outputs, timeout)
        if isinstance(result, StatusError):
            raise result
        return result

    def run_together(
        self,
        name: str,
        requests: Sequence[Mapping[str, np.ndarray]],
        outputs: Sequence[str],
        timeout: float | None = None,
    ) -> list[RunResult | StatusError]:
        """Runs several requests that go to the batcher as one task.

        Where the task fails, its halves run again, and theirs, until the bad request is alone.

        Args:
            name: as for `run`.
            requests: the inputs of each. All of them are batched, their rows have the same types
                and shapes, and there are no more than `max_shared_rows` of them.
            outputs: as for `run`.
            timeout: as for `run`.

        Returns:
            What came of each request.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        return self._run_by_halves(name, requests, outputs, deadline)

    def _run_by_halves(
        self,
        name: str,
        requests: Sequence[Mapping[str, np.ndarray]],
        outputs: Sequence[str],
        deadline: float | None,
    ) -> list[RunResult | StatusError]:
        try:
            return self._run_batched(name, requests, outputs, _left(deadline))
        except StatusError as error:
            if error.code in _FINAL:
                text = error.text.split("\n\t [[")[0]
                return [StatusError(error.code, text) for _ in requests]
        if len(requests) == 1:
            try:
                return [self.run_alone(name, requests[0], outputs, _left(deadline))]
            except StatusError as error:  # a new one: its frames hold the arrays of all mates
                return [StatusError(error.code, error.text)]
        half = len(requests) // 2
        return [
            *self._run_by_halves(name, requests[:half], outputs, deadline),
            *self._run_by_halves(name, requests[half:], outputs, deadline),
        ]

    def run_alone(
        self,
        name: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        timeout: float | None = None,
    ) -> RunResult:
        """Does as `run`, never in company.

        Raises:
            StatusError: with the runtime's own code and text.
        """
        signature = self.signatures[name]
        fetches = [self._handle(signature.outputs[output]) for output in outputs]
        values = self._call(signature, inputs, fetches, timeout)
        return RunResult(dict(zip(outputs, values, strict=True)))

    def close(self) -> None:
        """Frees the session; the runtime cannot be used afterwards."""
        self._session.close()
        del self._session  # its devices, and with them the batchers' threads, go with it
        self._handles.clear()
        self._twins.clear()

    def _load(self, graph: tf.Graph, export_dir: str) -> dict[str, SignatureDef]:
        tags = [tf.saved_model.SERVING]
        loaded = tf.compat.v1.saved_model.load(self._session, tags, export_dir)
        signatures = dict(loaded.signature_def)
        self._handles = dict(_handles(graph, signatures))
        if self.batching is not None:
            definition = graph.as_graph_def()
            for name, signature in signatures.items():
                if can_batch(signature) and has_open_sizes(signature):
                    self._open.add(name)
                elif can_batch(signature):
                    twin = add_twin(graph, definition, signature, self.batching)
                    self._twins[name] = {key: t._as_tf_output() for key, t in twin.items()}
        self._session.run(tf.no_op())  # hands the last nodes to the runtime
        graph.finalize()
        return signatures

    def _run_batched(
        self,
        name: str,
        requests: Sequence[Mapping[str, np.ndarray]],
        outputs: Sequence[str],
        timeout: float | None,
    ) -> list[RunResult | StatusError]:
        with as_status():
            inputs = joined(requests)
        if name in self._open:
            made = self.run_alone(name, inputs, outputs, timeout).outputs
            rows = num_rows(inputs)
            values = [*(made[output] for output in outputs), np.full(rows, rows)]
        else:
            twin = self._twins[name]
            fetches = [*(twin[output] for output in outputs), twin[BATCH_ROWS]]
            values = self._call(self.signatures[name], inputs, fetches, timeout)
        return [
            RunResult(dict(zip(outputs, own, strict=True)), int(batch[0]))
            for *own, batch in separated(values, requests)
        ]

    def _call(
        self,
        signature: SignatureDef,
        inputs: Mapping[str, np.ndarray],
        fetches: list[Any],
        timeout: float | None,
    ) -> list[np.ndarray]:
        feeds = {self._handle(signature.inputs[name]): value for name, value in inputs.items()}
        with _run_options(timeout) as options, as_status():
            values = self._session._call_tf_sessionrun(options, feeds, fetches, [], None)
        # A single string comes as bytes, which NumPy would take for an array of a type of its own.
        return [np.asarray(v, object if isinstance(v, bytes) else None) for v in values]

    def _handle(self, info: TensorInfo) -> Any:
        if info.name not in self._handles:
            raise invalid_argument(f"Tensor {info.name} can be neither fed nor fetched")
        return self._handles[info.name]


@contextmanager
def as_status() -> Iterator[None]:
    """Turns whatever TensorFlow raises inside the block into a StatusError."""
    try:
        yield
    except StatusError:
        raise
    except tf.errors.OpError as error:
        raise StatusError(Code(error.error_code), error.message) from error
    except OSError as error:  # TensorFlow's word for a saved_model.pb that it cannot parse
        raise StatusError(Code.DATA_LOSS, str(error)) from error
    except (ValueError, TypeError) as error:
        raise invalid_argument(str(error)) from error
    except Exception as error:
        raise StatusError(Code.INTERNAL, f"{type(error).__name__}: {error}") from error


def _session_config(options: RuntimeOptions) -> tf.compat.v1.ConfigProto:
    config = tf.compat.v1.ConfigProto(
        allow_soft_placement=True,
        intra_op_parallelism_threads=options.intra_op_threads,
        inter_op_parallelism_threads=options.inter_op_threads,
    )
    config.gpu_options.allow_growth = True
    return config


def _handles(graph: tf.Graph, signatures: Mapping[str, SignatureDef]) -> Iterator[tuple[str, Any]]:
    """Yields (tensor name, what the runtime calls it); names of operations have no tensor."""
    for signature in signatures.values():
        for info in (*signature.inputs.values(), *signature.outputs.values()):
            if ":" in info.name:
                yield info.name, graph.get_tensor_by_name(info.name)._as_tf_output()


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


@contextmanager
def _run_options(timeout: float | None) -> Iterator[Any]:
    """Yields the serialised options of a run, or None where there is nothing to say."""
    if timeout is None:
        yield None
        return
    milliseconds = max(1, int(1000 * min(timeout, 1e6)))
    options = tf.compat.v1.RunOptions(timeout_in_ms=milliseconds)
    buffer = pywrap_tf_session.TF_NewBufferFromString(options.SerializeToString())
    try:
        yield buffer
    finally:
        pywrap_tf_session.TF_DeleteBuffer(buffer)
