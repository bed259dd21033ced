"""LitServe, which joins requests that come together."""

import sys
from typing import Any

import litserve
import numpy as np
from fastapi import Request

from benchmarks.peers import exported


class Generator(litserve.LitAPI):
    """Images for the seeds of up to 64 requests at once."""

    def setup(self, device: str) -> None:
        self._images = exported()

    # LitServe reads off the annotation that the body is JSON, and then passes that.
    def decode_request(self, request: Request) -> list[int]:
        seeds: list[int] = request["inputs"]["seed"]
        return seeds

    def batch(self, inputs: list[list[int]]) -> list[int]:
        self._ends = np.cumsum([len(seeds) for seeds in inputs])
        return [seed for seeds in inputs for seed in seeds]

    def predict(self, seeds: list[int]) -> np.ndarray:
        return self._images(seeds)

    def unbatch(self, images: np.ndarray) -> list[np.ndarray]:
        return np.split(images, self._ends[:-1])

    def encode_response(self, images: np.ndarray) -> Any:
        return {"outputs": {"image": images.tolist()}}


def main(port: int) -> None:
    """Serves."""
    generator = Generator(max_batch_size=64, batch_timeout=0.001, api_path="/v1/models/m:predict")
    server = litserve.LitServer(generator, accelerator="cpu", timeout=180)
    server.run(host="127.0.0.1", port=port, generate_client_file=False, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]))
