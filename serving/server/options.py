"""The endpoint's flags: one table, from which the command line and the Python interface come.

Flags that TF Serving has carry its name and meaning; the others are marked as ours. Importing
this file imports no TensorFlow.
"""

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from serving.errors import UsageError

TF_SERVING_ONLY = [
    "grpc_socket_path",
    "enable_per_model_batching_parameters",
    "num_load_threads",
    "num_unload_threads",
    "max_num_load_retries",
    "load_retry_interval_micros",
    "flush_filesystem_caches",
    "tensorflow_session_config_file",
    "use_alts_credentials",
    "platform_config_file",
    "per_process_gpu_memory_fraction",
    "saved_model_tags",
    "num_request_iterations_for_warmup",
    "remove_unused_fields_from_bundle_metagraph",
    "prefer_tflite_model",
    "num_tflite_pools",
    "num_tflite_interpreters_per_pool",
    "enable_signature_method_name_check",
    "xla_cpu_compilation_enabled",
    "xla_gpu_compilation_enabled",
    "enable_profiler",
    "thread_pool_factory_config_file",
    "mixed_precision",
    "skip_initialize_tpu",
    "enable_serialization_as_tensor_content",
]


def _flag(default: Any, help_: str) -> Any:
    return field(default=default, metadata={"help": help_})


def _ours(default: Any, help_: str) -> Any:
    return field(default=default, metadata={"help": help_, "ours": True})


@dataclass(frozen=True)
class ServerOptions:
    """What an endpoint does; every field is a flag of `gan serve` and of `Server`."""

    # As TF Serving names them.
    model_name: str = _flag("default", "Name under which MODEL_DIR is served.")
    model_base_path: str = _flag("", "The same as MODEL_DIR.")
    model_config_file: str = _flag("", "Several models: a text ModelServerConfig.")
    model_config_file_poll_wait_seconds: float = _flag(
        0.0, "Read that file again this often; 0 never."
    )
    file_system_poll_wait_seconds: float = _flag(
        1.0, "Look for new versions this often; 0 only at the start."
    )
    port: int = _flag(8500, "gRPC port; 0 takes a free one.")
    rest_api_port: int = _flag(8501, "HTTP port; 0 takes a free one.")
    rest_api_timeout_in_ms: int = _flag(30_000, "Time that a REST request may take.")
    grpc_max_threads: int = _flag(
        0, "Threads that run the model (for both interfaces); 0: 4 per core."
    )
    rest_api_num_threads: int = _flag(0, "The same; the larger of the two counts.")
    grpc_channel_arguments: str = _flag("", "gRPC channel arguments: key=value,key=value.")
    enable_batching: bool = _flag(False, "Run concurrent requests together.")
    batching_parameters_file: str = _flag("", "How to batch: a text BatchingParameters.")
    monitoring_config_file: str = _flag("", "Prometheus' path: a text MonitoringConfig.")
    enable_model_warmup: bool = _flag(True, "Replay the export's warm-up requests on loading.")
    allow_version_labels_for_unavailable_models: bool = _flag(
        False, "Let a new label name a version that is not loaded."
    )
    ssl_config_file: str = _flag("", "TLS for gRPC: a text SSLConfig with PEM texts inside.")
    enable_grpc_healthcheck_service: bool = _flag(True, "Answer the standard gRPC health checks.")
    rest_api_enable_cors_support: bool = _flag(
        False, "Let pages of every origin call the REST interface."
    )
    tensorflow_session_parallelism: int = _flag(0, "Threads per session; 0 lets it choose.")
    tensorflow_intra_op_parallelism: int = _flag(0, "Threads within an operation; 0: one a core.")
    tensorflow_inter_op_parallelism: int = _flag(0, "Operations at once; 0: one a core.")

    # Ours.
    host: str = _ours("127.0.0.1", "Address to listen on; 0.0.0.0 for every one.")
    rest_ssl_cert_file: str = _ours("", "TLS for HTTP: the certificate chain, PEM.")
    rest_ssl_key_file: str = _ours("", "TLS for HTTP: the private key, PEM.")
    api_key_file: str = _ours("", "File with the key that requests must carry.")
    api_key_env: str = _ours("", "Environment variable with that key.")
    cors_allowed_origins: str = _ours("", "Let pages of these origins call: URL,URL.")
    allowed_base_paths: str = _ours("", "Where HandleReloadConfigRequest may load from: DIR,DIR.")
    max_queue: int = _ours(1024, "Requests that may wait; further ones get UNAVAILABLE.")
    max_queue_bytes: int = _ours(2**28, "Bytes of requests waiting or worked on.")
    max_request_rows: int = _ours(16_384, "Rows of a request, and of all that run; 0: any number.")
    max_request_bytes: int = _ours(2**25, "Body of a REST request.")
    max_connections: int = _ours(4096, "HTTP connections held open.")
    slow_client_timeout_seconds: float = _ours(
        30.0, "Time an HTTP client may take to send a request or to take the reply."
    )
    keep_alive_seconds: float = _ours(
        75.0, "Time that an idle HTTP connection is kept for the next request."
    )
    grace_seconds: float = _ours(10.0, "After SIGTERM: time for requests under way.")
    drain_delay_seconds: float = _ours(
        0.5, "After SIGTERM: time between reporting unready and refusing requests."
    )
    access_log: str = _ours("", "A JSON line for every request: a file, or - for standard error.")
    web: bool = _ours(False, "Serve the page for playing with the generator at /.")

    def __post_init__(self) -> None:
        """Refuses values that no endpoint can have.

        Raises:
            UsageError: naming the flag, its value and what would be accepted.
        """
        for name in ("port", "rest_api_port"):
            if not 0 <= getattr(self, name) <= 65535:
                raise UsageError(
                    f"{name}: received {getattr(self, name)}; expected 0 (any free one) to 65535."
                )
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise UsageError(f"{name}: received {getattr(self, name)}; expected 1 or more.")
        for name in _AT_LEAST_ZERO:
            if not getattr(self, name) >= 0:
                raise UsageError(f"{name}: received {getattr(self, name)}; expected 0 or more.")
        self._check_pairs()

    def require_models(self) -> None:
        """Refuses an endpoint that nothing says what to serve.

        Raises:
            UsageError: there is neither a model directory nor a file of models.
        """
        if not self.model_base_path and not self.model_config_file:
            raise UsageError("model directory: received none; pass MODEL_DIR or model_config_file.")

    def require_files(self) -> None:
        """Refuses flags that name files which are not there, before anything is loaded.

        Raises:
            UsageError: naming the flag and the file.
        """
        for name in (f.name for f in fields(self) if f.name.endswith("_file")):
            path = getattr(self, name)
            if path and "://" not in path and not os.path.exists(path):
                raise UsageError(f"{name}: {path!r} cannot be read: {os.strerror(errno.ENOENT)}.")

    def _check_pairs(self) -> None:
        if self.batching_parameters_file and not self.enable_batching:
            raise UsageError("batching_parameters_file: has no effect; add --enable_batching.")
        if self.model_base_path and self.model_config_file:
            raise UsageError(
                "model_config_file: received together with a model directory; pass one of the two."
            )
        if not self.host:
            raise UsageError("host: received an empty address; pass 0.0.0.0 for every one.")
        if not self.model_name:
            raise UsageError("model_name: received an empty name; requests need one.")
        if bool(self.rest_ssl_cert_file) != bool(self.rest_ssl_key_file):
            raise UsageError(
                "rest_ssl_cert_file: needs rest_ssl_key_file, and the other way round."
            )
        if self.api_key_file and self.api_key_env:
            raise UsageError("api_key_file: received together with api_key_env; pass one of them.")

    @property
    def origins(self) -> list[str]:
        """The origins whose pages may call; empty for none."""
        return ["*"] if self.rest_api_enable_cors_support else split(self.cors_allowed_origins)


_AT_LEAST_ONE = (
    "rest_api_timeout_in_ms",
    "max_queue",
    "max_queue_bytes",
    "max_request_bytes",
    "max_connections",
)
_AT_LEAST_ZERO = (
    "grpc_max_threads",
    "rest_api_num_threads",
    "max_request_rows",
    "slow_client_timeout_seconds",
    "keep_alive_seconds",
    "grace_seconds",
    "drain_delay_seconds",
    "tensorflow_session_parallelism",
    "tensorflow_intra_op_parallelism",
    "tensorflow_inter_op_parallelism",
)


def flags() -> Mapping[str, tuple[type, Any, str]]:
    """Returns the type, the default and the help of every flag."""
    return {f.name: (type(f.default), f.default, f.metadata["help"]) for f in fields(ServerOptions)}


def tf_serving_flags() -> list[str]:
    """Returns the names of the flags that the real tensorflow_model_server has too."""
    return [f.name for f in fields(ServerOptions) if "ours" not in f.metadata]


def split(text: str) -> list[str]:
    """Returns the parts of a list written with commas, without blanks."""
    return [part.strip() for part in text.split(",") if part.strip()]
