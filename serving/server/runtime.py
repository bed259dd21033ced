"""Runs the signatures of one SavedModel in a TensorFlow session.

A session rather than `tf.saved_model.load(...).signatures`, because clients match on the
runtime's own error texts and the loaded functions word them differently. `Session.run` would
convert the fed values to the placeholder's type first (a bool would pass as a float), so the
step below it is called. This file is the only one that touches TensorFlow's private interface.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef, TensorInfo
from tensorflow.python.client import pywrap_tf_session

from serving.server.background import call
from serving.server.status import Code, StatusError, invalid_argument


@dataclass(frozen=True)
class RuntimeOptions:
    """What holds for every model of an endpoint.

    Attributes:
        intra_op_threads: threads that share one operation; 0 for as many as there are cores.
        inter_op_threads: operations in progress at once; 0 for as many as there are cores.
    """

    intra_op_threads: int = 0
    inter_op_threads: int = 0


class SavedModelRuntime:
    """A loaded SavedModel.

    Attributes:
        signatures: the model's SignatureDefs by name.
    """

    def __init__(
        self, export_dir: str, options: RuntimeOptions | None = None, *, background: bool = False
    ) -> None:
        """Loads `export_dir` and initialises its variables and tables.

        Args:
            export_dir: a version's folder.
            options: of the session.
            background: whether requests of others come first while it loads.

        Raises:
            StatusError: the export cannot be read or initialised.
        """
        options = options or RuntimeOptions()
        self._handles: dict[str, Any] = {}
        graph = tf.Graph()
        # Begun here, its threads have the usual priority, in which requests will run.
        self._session = tf.compat.v1.Session(graph=graph, config=_session_config(options))
        try:
            self.signatures = call(self._load, graph, export_dir, background=background)
        except BaseException:
            self.close()
            raise

    def run(
        self,
        name: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        timeout: float | None = None,
    ) -> dict[str, np.ndarray]:
        """Feeds `inputs` by name to a signature and returns the named `outputs`.

        Args:
            name: one of `signatures`; every name in `inputs` and `outputs` is in it.
            inputs: arrays by input name; strings as object arrays of bytes.
            outputs: the names of the outputs to fetch.
            timeout: seconds after which the run is given up; None waits for ever.

        Raises:
            StatusError: with the runtime's own code and text.
        """
        signature = self.signatures[name]
        fetches = [self._handle(signature.outputs[output]) for output in outputs]
        feeds = {self._handle(signature.inputs[key]): value for key, value in inputs.items()}
        with _run_options(timeout) as options, as_status():
            values = self._session._call_tf_sessionrun(options, feeds, fetches, [], None)
        # A single string comes as bytes, which NumPy would take for an array of a type of its own.
        arrays = [np.asarray(v, object if isinstance(v, bytes) else None) for v in values]
        return dict(zip(outputs, arrays, strict=True))

    def close(self) -> None:
        """Frees the session; the runtime cannot be used afterwards."""
        self._session.close()
        del self._session  # its devices' threads go with it
        self._handles.clear()

    def _load(self, graph: tf.Graph, export_dir: str) -> dict[str, SignatureDef]:
        with graph.as_default(), as_status():
            tags = [tf.saved_model.SERVING]
            loaded = tf.compat.v1.saved_model.load(self._session, tags, export_dir)
            signatures = dict(loaded.signature_def)
            self._handles = dict(_handles(graph, signatures))
            self._session.run(tf.no_op())  # hands the last nodes to the runtime
            graph.finalize()
            return signatures

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
    # Its threads would spin while they wait for the next request, at the cost of those that work.
    config.experimental.disable_thread_spinning = True
    return config


def _handles(graph: tf.Graph, signatures: Mapping[str, SignatureDef]) -> Iterator[tuple[str, Any]]:
    """Yields (tensor name, what the runtime calls it); names of operations have no tensor."""
    for signature in signatures.values():
        for info in (*signature.inputs.values(), *signature.outputs.values()):
            if ":" in info.name:
                yield info.name, graph.get_tensor_by_name(info.name)._as_tf_output()


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
