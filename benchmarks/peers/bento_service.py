"""BentoML, which joins rows that come together."""

import os
import sys

import bentoml
import numpy as np

from benchmarks.peers import exported


@bentoml.service(workers=1, traffic={"timeout": 180}, logging={"access": {"enabled": False}})
class Generator:
    """Images for seeds."""

    def __init__(self) -> None:
        self._images = exported()

    @bentoml.api(batchable=True, batch_dim=0, max_batch_size=1024, max_latency_ms=180_000)
    def generate(self, seed: np.ndarray) -> np.ndarray:
        return self._images(seed.tolist())


def main(port: str) -> None:
    """Becomes BentoML's own command, which starts workers that import this file."""
    service = "benchmarks.peers.bento_service:Generator"
    options = ["--host", "127.0.0.1", "--port", port, "--working-dir", os.getcwd()]
    command = [sys.executable, "-m", "bentoml", "serve", service, *options]
    os.execv(command[0], command)  # noqa: S606, no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1])
