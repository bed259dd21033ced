"""A worker process of this machine: its configuration and shards come by standard input."""

import json
import os
import queue
import sys
import threading
from typing import Any, TextIO

from serving.errors import ServingError, UsageError


def main() -> None:
    """Writes shards until the driver closes the input, or ends."""
    answers = _own_output()
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    config = json.loads(lines.get())
    _quiet_start()
    # After the log level is set, and only in the process that needs them.
    from serving.bulk import hardware
    from serving.bulk.job import ShardSpec, WorkerConfig
    from serving.bulk.shard import ShardWriter

    hardware.use_one_thread()
    writer: ShardWriter | None = None
    while True:
        line = lines.get()
        try:
            if writer is None:
                writer = ShardWriter.load(WorkerConfig(**config))
            writer.ensure_shard(ShardSpec(**json.loads(line)))
            answer: dict[str, Any] = {}
        except (UsageError, ServingError) as error:
            answer = {"error": str(error), "kind": type(error).__name__}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _listen(lines: "queue.Queue[str]") -> None:
    """Reads ahead, so that the driver's end is noticed in the middle of a shard too."""
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


def _own_output() -> TextIO:
    """Standard output for answers alone; what libraries print goes to standard error."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own


def _quiet_start() -> None:
    """Imports TensorFlow without its start-up notices, as `gan` does."""
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2") < "2":
        return
    terminal, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import tensorflow as tf

        tf.config.list_physical_devices()
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)


if __name__ == "__main__":
    main()
