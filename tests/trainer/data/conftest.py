"""Small real inputs that the tests of this folder share."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SHARED_TFDS = Path(__file__).parents[4] / "shared" / "data" / "tfds"


@pytest.fixture
def tfds_dir() -> str:
    """Where MNIST lies prepared."""
    if not (SHARED_TFDS / "mnist").is_dir():
        pytest.skip(f"no prepared MNIST in {SHARED_TFDS}")
    return str(SHARED_TFDS)


@pytest.fixture
def save():
    """Saves an array as an image file, making its folder."""

    def save_image(path: Path, array: np.ndarray, **options) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(path, **options)
        return path

    return save_image


@pytest.fixture
def noise():
    """Random images of a shape and a dtype, the same ones at every call with the same arguments."""

    def make(*shape: int, dtype: type = np.uint8, seed: int = 0) -> np.ndarray:
        random = np.random.RandomState(seed)
        if np.dtype(dtype).kind == "f":
            return random.uniform(-1, 1, shape).astype(dtype)
        return random.randint(0, np.iinfo(dtype).max + 1, shape).astype(dtype)

    return make
