"""The endpoint that is fuzzed, with small limits."""

import time
from pathlib import Path
from typing import Any

from benchmarks import bulk_exports
from benchmarks.endpoints import Held, gan_serve

KEY = "correct-horse"
# glibc gives threads arenas of their own, and what is freed in one does not serve another: resident
# memory creeps, by 100 MiB over 70 000 requests, though nothing is held. One arena shows a leak.
ARENAS = 1
SECONDS = 1.0  # that a client may dawdle
_FLAGS = {
    "host": "127.0.0.1",
    "enable_batching": "true",
    "web": "true",
    "api_key_env": "SADDLEPOINT_FUZZ_KEY",
    "max_request_rows": 64,
    "max_request_bytes": 2**20,
    "max_queue": 256,
    "max_queue_bytes": 2**26,
    "max_connections": 256,
    "slow_client_timeout_seconds": SECONDS,
    "rest_api_timeout_in_ms": 5000,
    "grpc_channel_arguments": f"grpc.max_receive_message_length={2**22}",
}
_EXPECTED = ("Invalid HTTP request received.\n",)
_ENVIRONMENT = {
    "SADDLEPOINT_FUZZ_KEY": KEY,
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "MALLOC_ARENA_MAX": str(ARENAS),
}


class FuzzServer:
    """`gan serve` over a real export and a model that takes every type, until `close`."""

    def __init__(self, folder: Path, *more: str) -> None:
        """Makes the models in `folder` and starts the endpoint; returns once it answers.

        Args:
            folder: an empty one.
            more: flags beside those of all these servers.
        """
        self.access_log = folder / "access.jsonl"
        self.config = folder / "models.txt"
        self._stderr = folder / "stderr.txt"
        bases = {"digits": bulk_exports.make("28x28x1", folder), "types": _every_type(folder)}
        models = "".join(f'config {{ name: "{n}" base_path: "{b}" }} ' for n, b in bases.items())
        self.config.write_text(f"model_config_list {{ {models}}}")
        self.bases = {name: str(base) for name, base in bases.items()}
        flags = _FLAGS | {"model_config_file": self.config, "access_log": self.access_log}
        arguments = [f"--{name}={value}" for name, value in flags.items()]
        self.process = gan_serve(*arguments, *more, stderr=self._stderr, environment=_ENVIRONMENT)
        self.port, self.rest_api_port = (self.process.ports[n] for n in ("port", "rest_api_port"))

    @property
    def complaints(self) -> str:
        """What it wrote to standard error."""
        return self._stderr.read_text(encoding="utf-8", errors="replace")

    def at_rest(self, seconds: float = 20.0) -> Held:
        """What it holds once connections have ended: the least within `seconds`."""
        least, deadline = self.process.held(), time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(0.5)
            now = self.process.held()
            least = Held(
                min(least.resident_mib, now.resident_mib),
                min(least.files, now.files),
                min(least.threads, now.threads),
            )
        return least

    def close(self) -> int | None:
        """Ends it as an operator does; returns its exit code."""
        if self.process.is_alive:
            self.process.stop()
        return self.process.exit_code


def _every_type(folder: Path) -> Path:
    """A model that gives back what it is given, in each type that has its own way over JSON."""
    import tensorflow as tf

    def signature(shape: list[int | None] | None, *dtypes: Any) -> Any:
        specs = [tf.TensorSpec(shape, dtype, name=dtype.name) for dtype in dtypes]
        return tf.function(
            lambda *values: {
                f"{spec.name}_out": tf.identity(value)
                for spec, value in zip(specs, values, strict=True)
            },
            specs,
        )

    text = tf.TensorSpec([None], tf.string, name="text")
    base = folder / "types"
    if base.exists():
        return base
    functions = {
        "serving_default": signature(None, tf.float32),
        "wholes": signature([None], tf.uint8, tf.int32, tf.int64),
        "numbers": signature([None, None], tf.float32, tf.float64),
        "others": signature([None], tf.bool, tf.uint64),
        "cannot_travel": signature([None], tf.uint16, tf.float16),
        "text": tf.function(lambda text: {"text": tf.identity(text), "a_bytes": text}, [text]),
    }
    tf.saved_model.save(tf.Module(), str(base / "1"), signatures=functions)
    return base
