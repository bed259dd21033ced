"""KServe's Python server with a model of its V1 protocol; only its agent, in Go, joins requests."""

import logging
import sys
from typing import Any

import kserve

from benchmarks.peers import exported


class Generator(kserve.Model):
    """Images for the seeds of a request."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.load()

    def load(self) -> bool:
        self._images = exported()
        self.ready = True
        return self.ready

    def predict(self, payload: Any, headers: Any = None, response_headers: Any = None) -> Any:
        return {"outputs": {"image": self._images(payload["inputs"]["seed"]).tolist()}}


def main(port: int) -> None:
    """Serves."""
    logging.disable(logging.WARNING)  # else several lines per request
    server = kserve.ModelServer(http_port=port, enable_grpc=False, enable_latency_logging=False)
    server.start([Generator("m")])


if __name__ == "__main__":
    main(int(sys.argv[1]))
