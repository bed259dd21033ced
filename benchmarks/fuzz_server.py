"""The endpoint that is fuzzed: in a process of its own, with small limits, watched from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import bulk_exports

KEY = "correct-horse"
# glibc gives threads arenas of their own, and what is freed in one does not serve another: resident
# memory creeps, by 100 MiB over 70 000 requests, though nothing is held. One arena shows a leak.
ARENAS = 1
SECONDS = 1.0  # that a client may dawdle
_FLAGS = {
    "host": "127.0.0.1",
    "port": 0,
    "rest_api_port": 0,
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


class Held(NamedTuple):
    """What a process holds at a moment."""

    resident_mib: float
    descriptors: int
    threads: int


class FuzzServer:
    """`gan serve` over a real export and a model that takes every type, until `close`."""

    def __init__(self, folder: Path) -> None:
        """Makes the models in `folder` and starts the endpoint; returns once it answers."""
        self.access_log = folder / "access.jsonl"
        self.config = folder / "models.txt"
        self._stderr = folder / "stderr.txt"
        bases = {"digits": bulk_exports.make("28x28x1", folder), "types": _every_type(folder)}
        models = "".join(f'config {{ name: "{n}" base_path: "{b}" }} ' for n, b in bases.items())
        self.config.write_text(f"model_config_list {{ {models}}}")
        self.bases = {name: str(base) for name, base in bases.items()}
        flags = _FLAGS | {"model_config_file": self.config, "access_log": self.access_log}
        command = [sys.executable, "-m", "trainer.cli", "serve", "--json"]
        with open(self._stderr, "wb") as stderr:
            self._process = subprocess.Popen(
                [*command, *(f"--{name}={value}" for name, value in flags.items())],
                cwd=Path(__file__).parents[1],
                env=os.environ | _ENVIRONMENT,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the endpoint did not start:\n{self.complaints}")
        ports = json.loads(line)
        self.port, self.rest_api_port = ports["port"], ports["rest_api_port"]

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    @property
    def complaints(self) -> str:
        """What it wrote to standard error, but for uvicorn's line for each head that is none."""
        text = self._stderr.read_text(encoding="utf-8", errors="replace")
        return "".join(line for line in text.splitlines(True) if line not in _EXPECTED)

    def held(self) -> Held:
        """What it holds now; nothing once it has ended."""
        if not self.alive:
            return Held(0.0, 0, 0)
        process = Path(f"/proc/{self._process.pid}")
        fields = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        return Held(
            round(int(fields["VmRSS"].split()[0]) / 1024, 1),
            len(os.listdir(process / "fd")),
            int(fields["Threads"]),
        )

    def at_rest(self, seconds: float = 20.0) -> Held:
        """What it holds once connections have ended: the least within `seconds`."""
        least, deadline = self.held(), time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(0.5)
            now = self.held()
            least = Held(
                min(least.resident_mib, now.resident_mib),
                min(least.descriptors, now.descriptors),
                min(least.threads, now.threads),
            )
        return least

    def close(self) -> int:
        """Ends it as an operator does; returns its exit code."""
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


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
